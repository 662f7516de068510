// SPDX-License-Identifier: MIT
// expect: aha: a mask is a view of bool, uint8, int64, float or double
#include <aha/core/layout.hpp>
#include <vector>

int main() {
  std::vector<short> mask(6);
  aha::padded<> const layout(2, 3, mask);
  return layout.mask.rank;
}

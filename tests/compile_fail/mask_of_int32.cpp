// SPDX-License-Identifier: MIT
// expect: aha: a mask is a view of bool, uint8, int64, float or double
#include <aha/core/column.hpp>
#include <vector>

int main() {
  std::vector<int> keep(8);
  aha::mask_view<> const mask = keep;
  return mask.rank;
}

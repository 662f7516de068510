// SPDX-License-Identifier: MIT
// expect: const
// expect: aha::span<float
#include <aha/core/span.hpp>
#include <vector>

int main() {
  std::vector<float> const logp(8);
  aha::span<float> const view = logp;
  view[0] = 1;
}

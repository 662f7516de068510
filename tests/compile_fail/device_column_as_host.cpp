// SPDX-License-Identifier: MIT
// expect: device
// expect: host
#include <aha/core/column.hpp>

int main() {
  aha::matrix<float, aha::device> const logits(nullptr, 2, 4);
  aha::column<float, aha::host> const column = logits;
  return column.rank;
}

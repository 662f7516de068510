// SPDX-License-Identifier: MIT
// expect: aha: not a reward: evaluate takes expressions of columns, or shaped_and_raw{reward, raw}
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  reward::table const rows;
  reward::evaluate(serial_executor{}, 0.5, rows, {});
  return 0;
}

// SPDX-License-Identifier: MIT
// expect: aha: the first argument is where the call runs
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0> correct;
  reward::table const rows;
  reward::evaluate(1, correct, rows, {});
  return 0;
}

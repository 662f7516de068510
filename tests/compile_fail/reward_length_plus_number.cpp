// SPDX-License-Identifier: MIT
// expect: aha: rewards: summands of different units: numbers, tokens and characters do not mix
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0, reward::tokens> length;
  constexpr reward::column<1> correct;
  auto const sum = correct + length;
  (void)sum;
  return 0;
}

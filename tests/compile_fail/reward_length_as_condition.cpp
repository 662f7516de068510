// SPDX-License-Identifier: MIT
// expect: aha: rewards: expected a plain number, got a length
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0, reward::tokens> length;
  constexpr reward::column<1> correct;
  auto const gated = gate(length, correct);
  (void)gated;
  return 0;
}

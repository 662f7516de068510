// SPDX-License-Identifier: MIT
// expect: aha: rewards: arguments of different units: numbers, tokens and characters do not mix
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0, reward::tokens> length;
  constexpr reward::column<1, reward::characters> other;
  auto const longest = reward::max(length, other);
  (void)longest;
  return 0;
}

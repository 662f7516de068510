// SPDX-License-Identifier: MIT
// expect: aha: rewards: expected a length, column<I, tokens> or column<I, characters>, got a plain number
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0> correct;
  auto const penalty = overlong(correct, 8192, 2048);
  (void)penalty;
  return 0;
}

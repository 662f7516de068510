// SPDX-License-Identifier: MIT
// expect: aha: rewards: a limit in another unit than the length: tokens and characters do not mix
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0, reward::tokens> length;
  auto const penalty = overlong(length, reward::characters{8192}, reward::characters{2048});
  (void)penalty;
  return 0;
}

// SPDX-License-Identifier: MIT
// expect: aha: rewards: a product has one length at most
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0, reward::tokens> length;
  auto const squared = length * length;
  (void)squared;
  return 0;
}

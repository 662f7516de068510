// SPDX-License-Identifier: MIT
// The misuses of reward units beside it, used rightly.
// compiles
#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>

int main() {
  using namespace aha;
  constexpr reward::column<0> correct;
  constexpr reward::column<1, reward::tokens> length;
  constexpr auto score = reward::gate(correct, correct) - overlong(length, reward::tokens{8192}, reward::tokens{2048});
  constexpr auto relative = correct - reward::ratio(length, reward::group_max(length));
  reward::table const rows;
  return reward::evaluate(serial_executor{}, reward::shaped_and_raw{score, relative}, rows, {}).status.ok() ? 0 : 1;
}

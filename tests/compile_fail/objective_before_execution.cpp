// SPDX-License-Identifier: MIT
// expect: aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)
#include <aha/aha.hpp>

int main() {
  aha::token_batch<> batch;
  auto const objective = aha::token_mean(aha::clip{});
  return aha::loss(objective, objective, batch).status.ok() ? 0 : 1;
}

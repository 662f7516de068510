// SPDX-License-Identifier: MIT
// expect: aha: columns and outputs are all float or all double
#include <aha/aha.hpp>
#include <vector>

int main() {
  aha::token_batch<> batch;
  std::vector<double> dlogp;
  auto const objective = aha::token_mean(aha::clip{0.2, 0.2});
  return aha::loss(aha::exec::cpu{}, objective, batch, aha::outputs{dlogp}).status.ok() ? 0 : 1;
}

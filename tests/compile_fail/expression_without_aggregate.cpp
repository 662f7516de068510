// SPDX-License-Identifier: MIT
// expect: aha: not an objective: wrap the terms in an aggregate such as token_mean(...)
#include <aha/aha.hpp>

int main() {
  aha::token_batch<> batch;
  auto const terms = aha::clip{0.2, 0.2} + 0.04 * aha::kl(aha::k3);
  return aha::loss(aha::exec::cpu{}, terms, batch).status.ok() ? 0 : 1;
}

// SPDX-License-Identifier: MIT
// expect: aha: not an objective: wrap the terms in an aggregate such as token_mean(...)
#include <aha/aha.hpp>

int main() {
  aha::token_batch<> batch;
  return aha::loss(aha::exec::cpu{}, aha::clip{0.2, 0.2}, batch).status.ok() ? 0 : 1;
}

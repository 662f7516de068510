// SPDX-License-Identifier: MIT
// expect: aha: exec::cpu reads host memory: this batch or its outputs are in another memory space
#include <aha/aha.hpp>

int main() {
  aha::token_batch<aha::device> batch;
  return aha::loss(aha::exec::cpu{}, aha::token_mean(aha::clip{}), batch).status.ok() ? 0 : 1;
}

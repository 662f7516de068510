// SPDX-License-Identifier: MIT
// expect: aha: columns and outputs are all float or all double
#include <aha/aha.hpp>

int main() {
  aha::token_batch<aha::host, int> batch;
  return aha::loss(aha::exec::cpu{}, aha::token_mean(aha::clip{}), batch).status.ok() ? 0 : 1;
}

// SPDX-License-Identifier: MIT
// expect: aha: the first argument is where the call runs
#include <aha/aha.hpp>

int main() {
  aha::token_batch<> batch;
  return aha::loss(aha::thread_executor{2}, aha::token_mean(aha::clip{}), batch).status.ok() ? 0 : 1;
}

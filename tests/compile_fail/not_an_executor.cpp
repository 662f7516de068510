// SPDX-License-Identifier: MIT
// expect: aha: not an executor: expected an object with run(count, body) or a callable (count, body)
#include <aha/aha.hpp>

int main() {
  aha::token_batch<> batch;
  auto const submit = [](void (*task)()) { task(); };
  return aha::loss(aha::exec::on(submit), aha::token_mean(aha::clip{}), batch).status.ok() ? 0 : 1;
}

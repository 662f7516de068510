// SPDX-License-Identifier: MIT
// Group advantages from arbitrary ids, and the copy that everything is compared with.

#include "inputs.hpp"
#include "work.hpp"
#include <cstring>

namespace bench {

void register_advantages(registry& to) {
  auto const in = std::make_shared<rewards>(to.sizes.groups);
  auto const adv = std::make_shared<std::vector<float>>(in->reward.size());
  auto const n = static_cast<std::int64_t>(in->reward.size());
  // An id and a reward read, an advantage written.
  to.measure(
      {"group_advantages", "[" + std::to_string(n) + "]", "float32", AHA_BENCH_LABEL, n * (8 + 4 + 4)},
      [=](int threads) {
        aha::advantages(aha::exec::cpu{threads}, aha::advantage::grpo, in->reward, aha::groups<>::by_id(in->ids), *adv);
      },
      [=] {
        double squares = 0;
        for (float const a : *adv) squares += static_cast<double>(a) * static_cast<double>(a);
        return check{sum_of_magnitudes(adv->data(), adv->size()), squares};
      });
}

void register_copy(registry& to) {
  std::int64_t const most = to.moved().empty() ? 0 : *to.moved().rbegin();
  auto const from = std::make_shared<std::vector<char>>(static_cast<std::size_t>(most / 2), 'a');
  auto const target = std::make_shared<std::vector<char>>(static_cast<std::size_t>(most / 2), 'b');
  for (std::int64_t const bytes : to.moved()) {
    to.measure(
        {"copy", "[" + std::to_string(bytes) + "]", "bytes", "memcpy", bytes},
        [=](int threads) {
          std::int64_t const n = bytes / 2;
          aha::run_parallel(aha::exec::cpu{threads}, threads, [&](std::int64_t part) {
            std::int64_t const begin = n * part / threads, end = n * (part + 1) / threads;
            std::memcpy(target->data() + begin, from->data() + begin, static_cast<std::size_t>(end - begin));
          });
        },
        [=] {
          return check{static_cast<double>(target->front()), 0};
        });
  }
}

}  // namespace bench

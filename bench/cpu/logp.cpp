// SPDX-License-Identifier: MIT
// Loss and gradient from log-probabilities, the objective as header users write it.

#include "logp_inputs.hpp"

namespace bench {

void register_logp(registry& to) {
  for (std::int64_t const tokens : to.sizes.tokens) {
    auto const in = std::make_shared<logp_inputs>(tokens);
    measure_logp(to, in, AHA_BENCH_LABEL, grpo(), aha::observe::none);
    measure_logp(to, in, AHA_BENCH_LABEL " observed", grpo(), aha::observe::defaults);
  }
}

}  // namespace bench

// SPDX-License-Identifier: MIT
// The same as logp.cpp by the run-time objective over the whole type list, which is what Python calls.

#include "logp_inputs.hpp"

namespace bench {

void register_dynamic(registry& to) {
  for (std::int64_t const tokens : to.sizes.tokens) {
    measure_logp(to, std::make_shared<logp_inputs>(tokens), AHA_BENCH_LABEL " dynamic", aha::dynamic_objective(grpo()),
                 aha::observe::none);
  }
}

}  // namespace bench

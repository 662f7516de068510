// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/softmax_loop.hpp>

AHA_NAMESPACE_BEGIN

/// What a row's gradient is formed from, once a row.
struct gradient_terms {
  double max = 0.0;       ///< largest logit
  double log_sum = 0.0;   ///< log of the sum of e^((x - max)/tau)
  double entropy = 0.0;   ///< H, read where `dentropy` is not 0
  double dlogp = 0.0;     ///< a
  double dentropy = 0.0;  ///< b
  double dlse = 0.0;      ///< c
};

/// Gradient of `a log p_t + b H + c lse` with respect to one logit, away from the target: p (A + B (log p + H)),
/// A = (c - a)/tau, B = -b/tau. log p + H is formed as z + (H - log_sum), whose constant is the small one of a flat row.
template <bool WithEntropy, class V>
void gradient_block(row_view<scalar_t<V>> x, gradient_terms const& g, double temperature, scalar_t<V>* to) {
  using ops = lane_ops<V>;
  V const top = lane<V>(g.max);
  V const scale = lane<V>(1.0 / temperature);
  V const log_sum = lane<V>(g.log_sum);
  V const a = lane<V>((g.dlse - g.dlogp) / temperature);
  V const b = lane<V>(-g.dentropy / temperature);
  V const flat = lane<V>(g.entropy - g.log_sum);
  V const floor = lane<V>(negligible_logit);
  for (std::int64_t i = 0; i < x.size; i += ops::width) {
    V const z = (ops::load(x.values + i) - top) * scale;
    V const p = math::exp(z - log_sum);
    if constexpr (WithEntropy) {
      ops::store(to + i, p * (a + b * (math::max(z, floor) + flat)));
    } else {
      ops::store(to + i, p * a);
    }
  }
}

/// One read and one write of a row: `a (delta_vt - p_v)/tau - b p_v (log p_v + H)/tau + c p_v/tau`, with p recomputed from
/// `max` and `log_sum`. Formed in float (double for double logits) and rounded once to the stored type. At the target,
/// 1 - p is -expm1(log p), so that a confident token keeps its gradient. A -inf logit gets exactly 0. `target` below 0:
/// another shard has it. `to` may be `row` itself: every element is read before it is written.
template <bool WithEntropy, class V, class Stored>
void gradient_of_row(Stored const* row, std::int64_t vocabulary, std::int64_t target, double temperature,
                     gradient_terms const& g, Stored* to) {
  using P = computed_t<Stored>;
  block_scratch<P> in;
  block_scratch<P> out;
  double const x_target = target >= 0 ? widened(row[target]) : 0.0;  // before anything is written
  for (std::int64_t begin = 0; begin < vocabulary; begin += row_block) {
    std::int64_t const n = vocabulary - begin < row_block ? vocabulary - begin : row_block;
    P* const values = store_target(to + begin, n, out);
    gradient_block<WithEntropy, V>(load_block<V>(row + begin, n, in), g, temperature, values);
    store_block(values, n, to + begin);
  }
  if (target < 0) return;
  double const logp = (x_target - g.max) / temperature - g.log_sum;
  double const p = math::exp(logp);
  double d = g.dlogp * -math::expm1(logp) + g.dlse * p;
  if constexpr (WithEntropy) {
    if (!(p == 0.0)) d -= g.dentropy * p * (logp + g.entropy);
  }
  P const at_target = static_cast<P>(d / temperature);
  store_block(&at_target, 1, to + target);
}

AHA_NAMESPACE_END

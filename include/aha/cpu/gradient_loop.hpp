// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/softmax_loop.hpp>
#include <algorithm>
#include <cmath>

AHA_NAMESPACE_BEGIN

/// What a row's gradient is formed from, once a row.
struct gradient_terms {
  double max = 0.0;       ///< largest logit
  double log_sum = 0.0;   ///< log of the sum of e^((x - max)/tau)
  double entropy = 0.0;   ///< H, read where `dentropy` is not 0
  double dlogp = 0.0;     ///< a
  double dentropy = 0.0;  ///< b
  double dlse = 0.0;      ///< c

  /// Then no element of the gradient is NaN: a NaN or +inf among the logits shows in log_sum.
  [[nodiscard]] bool finite() const {
    return std::isfinite(max) && std::isfinite(log_sum) && std::isfinite(entropy) && std::isfinite(dlogp) &&
           std::isfinite(dentropy) && std::isfinite(dlse);
  }
};

/// Gradient of `a log p_t + b H + c lse` with respect to logits away from the target: p (A + B (log p + H)),
/// A = (c - a)/tau, B = -b/tau. log p + H is formed as z + (H - log_sum), whose constant is the small one of a flat row.
template <bool WithEntropy, class V>
struct gradient_lane {
  softmax_exponential<V> p;  ///< without entropy times A
  V a, b, flat;

  gradient_lane(gradient_terms const& g, double temperature)
      : p(g.max, temperature, g.log_sum, WithEntropy ? 1.0 : (g.dlse - g.dlogp) / temperature),
        a(lane<V>((g.dlse - g.dlogp) / temperature)),
        b(lane<V>(-g.dentropy / temperature)),
        flat(lane<V>(g.entropy - g.log_sum)) {}
  AHA_INLINE V operator()(V const& x) const {
    if constexpr (WithEntropy) {
      return p(x) * (a + b * (p.exponent(x) + flat));
    } else {
      return p(x);
    }
  }
};

/// One read and one write of a row: `a (delta_vt - p_v)/tau - b p_v (log p_v + H)/tau + c p_v/tau`, with p recomputed from
/// `max` and `log_sum`. Formed in float (double for double logits) and rounded once to the stored type. At the target,
/// 1 - p is -expm1(log p), so that a confident token keeps its gradient. A -inf logit gets exactly 0. `target` below 0:
/// another shard has it. `to` may be `row` itself: every element is read before it is written. `stream`: past the caches, of
/// rows that lie apart.
template <bool WithEntropy, class V, class Stored>
void gradient_of_row(Stored const* row, std::int64_t vocabulary, std::int64_t target, double temperature,
                     gradient_terms const& g, Stored* to, bool stream) {
  double const x_target = target >= 0 ? widened(row[target]) : 0.0;  // before anything is written
  gradient_lane<WithEntropy, V> const of(g, temperature);
  constexpr std::int64_t width = lane_ops<V>::width;
  std::int64_t i = 0;
  if (!g.finite()) {
    for (; i < vocabulary; i += width) {
      std::int64_t const n = std::min(width, vocabulary - i);
      store_row_end(of(load_row_end<V>(row + i, n)), n, to + i);
    }
    i = vocabulary;
  }
  // Past the caches a vector that fills whole cache lines is written without being read first.
  if constexpr (can_stream<V, Stored>) {
    if (stream && i == 0) {
      auto const beyond = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(to) % sizeof(V) / sizeof(Stored));
      constexpr auto whole = static_cast<std::int64_t>(sizeof(V) / sizeof(Stored));
      std::int64_t const to_line = beyond > 0 ? std::min(whole - beyond, vocabulary) : 0;
      for (; i < to_line; i += width) {
        std::int64_t const n = std::min(width, to_line - i);
        store_row_end(of(load_row_end<V>(row + i, n)), n, to + i);
      }
      i = to_line;
      for (; i + 2 * width <= vocabulary; i += 2 * width) {
        batch_pair<V> const x = load_rows<V>(row + i);
        store_rows<true>(batch_pair<V>{of(x.a), of(x.b)}, to + i);
      }
      end_of_stream<V>();
    }
  }
  for (; i + 2 * width <= vocabulary; i += 2 * width) {
    batch_pair<V> const x = load_rows<V>(row + i);
    store_rows(batch_pair<V>{of(x.a), of(x.b)}, to + i);
  }
  for (; i + width <= vocabulary; i += width) store_row(of(load_row<V>(row + i)), to + i);
  if (i < vocabulary) store_row_end(of(load_row_end<V>(row + i, vocabulary - i)), vocabulary - i, to + i);
  if (target < 0) return;
  double const logp = (x_target - g.max) / temperature - g.log_sum;
  double const p = math::exp(logp);
  double d = g.dlogp * -math::expm1(logp) + g.dlse * p;
  if constexpr (WithEntropy) {
    if (!(p == 0.0)) d -= g.dentropy * p * (logp + g.entropy);
  }
  using P = computed_t<Stored>;
  store_row_end<P>(static_cast<P>(d / temperature), 1, to + target);
}

AHA_NAMESPACE_END

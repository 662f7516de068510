// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/math.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

inline constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// What a part of a row of logits x contributes to the row's softmax at temperature tau, with z_v = (x_v - max) / tau:
///   max = max_v x_v (not divided)   sum_exp = sum_v e^(z_v)   sum_xp = sum_v e^(z_v) z_v   target_logit = x_target
/// The row loop keeps one over its blocks, a vocabulary shard hands one to its siblings; parts join by `merge` in any
/// order. A part without the target holds -inf there. `sum_xp` stays 0 where no entropy is wanted.
/// An empty part, and one of -inf logits only, has max -inf and sum_exp 0; a NaN logit makes sum_exp NaN for good.
/// Four doubles in this order: an array of them is what ranks exchange, `[T, 4]` to whoever knows numbers only.
struct softmax_partial {
  double max = minus_infinity;
  double sum_exp = 0.0;
  double target_logit = minus_infinity;
  double sum_xp = 0.0;

  /// What every shard holds of a row that is masked: a target without mass, which no row of logits has. It stays so
  /// under `merge`, and its results are 0, so that whoever ends a row needs no mask.
  AHA_FN static constexpr softmax_partial left_out() { return {minus_infinity, 0.0, 0.0, 0.0}; }
  AHA_FN constexpr bool is_left_out() const { return max == minus_infinity && sum_exp == 0.0 && target_logit == 0.0; }
};
static_assert(sizeof(softmax_partial) == 4 * sizeof(double));

/// The same part, expressed relative to `max`, which is not below its own.
AHA_FN inline softmax_partial rescaled(softmax_partial const& p, double max, double temperature) {
  softmax_partial r = p;
  r.max = max;
  // A part without mass has nothing to rescale, and -inf - -inf would make it NaN.
  if (p.max == max || p.max == minus_infinity) return r;
  double const shift = (p.max - max) / temperature;
  double const scale = math::exp(shift);
  r.sum_exp = scale * p.sum_exp;
  // Where scale is 0, shift may be -inf.
  r.sum_xp = scale > 0.0 ? scale * (p.sum_xp + shift * p.sum_exp) : 0.0;
  return r;
}

/// The union of two disjoint parts of one row. Commutative, and associative up to rounding: ranks that fold the same parts
/// in the same order get the same bits.
AHA_FN inline softmax_partial merge(softmax_partial const& a, softmax_partial const& b, double temperature) {
  double const max = a.max < b.max ? b.max : a.max;
  softmax_partial r = rescaled(a, max, temperature);
  softmax_partial const s = rescaled(b, max, temperature);
  r.sum_exp += s.sum_exp;
  r.sum_xp += s.sum_xp;
  if (r.target_logit == minus_infinity) r.target_logit = s.target_logit;
  return r;
}

/// A complete row's results, in nats.
///   logp = z_target - log_sum <= 0      log_sum = log sum_exp >= 0      lse = max / tau + log_sum
///   entropy = log_sum - sum_xp / sum_exp, in [0, ln V]; -inf logits contribute 0
/// The backward recomputes p_v from `max` and `log_sum`, which are kept apart: their sum loses digits under a shift.
struct softmax_row {
  double logp = 0.0;
  double lse = 0.0;
  double entropy = 0.0;
  double max = 0.0;
  double log_sum = 0.0;
};

/// A row of -inf only, like one with a NaN or +inf, gives NaN, as torch.log_softmax has it; a row that was left out zeros.
AHA_FN inline softmax_row finish(softmax_partial const& p, double temperature) {
  softmax_row r;
  if (p.is_left_out()) return r;
  r.max = p.max;
  r.log_sum = math::log(p.sum_exp);
  r.lse = p.max / temperature + r.log_sum;
  r.logp = (p.target_logit - p.max) / temperature - r.log_sum;
  r.entropy = r.log_sum - p.sum_xp / p.sum_exp;
  return r;
}

AHA_NAMESPACE_END

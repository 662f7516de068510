// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/describe.hpp>
#include <aha/core/math.hpp>

AHA_NAMESPACE_BEGIN

/// What a term reads. A column that is read must be there, a column that nothing reads raises.
namespace reads {
enum : unsigned {
  logp = 1U << 0U,
  old_logp = 1U << 1U,
  ref_logp = 1U << 2U,
  entropy = 1U << 3U,
  adv = 1U << 4U,
  statistic = 1U << 5U,  ///< the term's sequence statistic S
  weight = 1U << 6U,     ///< by a passive factor, never by a term
  keep = 1U << 7U,       ///< by a passive factor, never by a term
};
}  // namespace reads

/// One token as a term sees it, over a lane V. Active (differentiated) inputs have type V, passive ones its lane.
/// Log-probabilities and entropy in nats.
template <class V>
struct token {
  V logp = V(lane<passive_t<V>>(0));
  V entropy = V(lane<passive_t<V>>(0));
  V S = V(lane<passive_t<V>>(0));  ///< the statistic that the term names, of this token's sequence
  passive_t<V> old_logp = lane<passive_t<V>>(0);
  passive_t<V> ref_logp = lane<passive_t<V>>(0);
  passive_t<V> adv = lane<passive_t<V>>(0);
};

/// Whether a ratio belongs to a token or, as its geometric mean, to a sequence.
enum class level : unsigned char { token, sequence };
template <>
struct enum_names<level> {
  static constexpr std::string_view values[] = {"token", "sequence"};
};

/// Limits of a log-ratio before the exponential, in nats; the gradient is 0 beyond. +-20 keeps float32 finite.
struct log_ratio_bounds {
  double low = -20;
  double high = 20;
};

/// log(pi / pi_old) of the token, or S, the mean log-ratio of its sequence (GSPO, arXiv:2507.18071), within `bounds`.
template <level L, class V>
AHA_FN inline V log_ratio(token<V> const& t, log_ratio_bounds const& bounds) {
  using P = passive_t<V>;
  if constexpr (L == level::token) {
    return math::clamp(t.logp - t.old_logp, lane<P>(bounds.low), lane<P>(bounds.high));
  } else {
    return math::clamp(t.S, lane<P>(bounds.low), lane<P>(bounds.high));
  }
}
/// The token's own log-ratio within `bounds`.
template <class V>
AHA_FN inline V log_ratio(token<V> const& t, log_ratio_bounds const& bounds) {
  return log_ratio<level::token>(t, bounds);
}

AHA_NAMESPACE_END

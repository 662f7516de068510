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
  lse = 1U << 8U,
  value = 1U << 9U,
  old_value = 1U << 10U,
  returns = 1U << 11U,
  given = 1U << 12U,
};
}  // namespace reads

/// The inputs that a loss is differentiated by; each has an output of its own (`dlogp`, `dentropy`, ...). A term has
/// one of them, and with `logp` also its statistic.
enum class active_input : unsigned char { logp, entropy, lse, value, given };
inline constexpr int active_inputs = 5;

/// The active input that `needs` names. logp where it names no other.
constexpr active_input active_input_of(unsigned needs) {
  if ((needs & reads::entropy) != 0) return active_input::entropy;
  if ((needs & reads::lse) != 0) return active_input::lse;
  if ((needs & reads::value) != 0) return active_input::value;
  if ((needs & reads::given) != 0) return active_input::given;
  return active_input::logp;
}
/// The flag of an active input.
constexpr unsigned reads_of(active_input a) {
  constexpr unsigned flags[active_inputs] = {reads::logp, reads::entropy, reads::lse, reads::value, reads::given};
  return flags[static_cast<int>(a)];
}

// A token as terms see it, over a lane V: active (differentiated) inputs have type V, passive ones its lane. A term
// names its record; policy terms read `token`, a critic's loss `value_token`, the host's own loss `given_token`.

/// One token of the policy. Log-probabilities, entropy and log-sum-exp in nats.
template <class V>
struct token {
  V logp = V(lane<passive_t<V>>(0));
  V entropy = V(lane<passive_t<V>>(0));
  V lse = V(lane<passive_t<V>>(0));  ///< log of the sum of exponentials of the row's logits, at their temperature
  V S = V(lane<passive_t<V>>(0));    ///< the statistic that the term names, of this token's sequence
  passive_t<V> old_logp = lane<passive_t<V>>(0);
  passive_t<V> ref_logp = lane<passive_t<V>>(0);
  passive_t<V> adv = lane<passive_t<V>>(0);
};

/// One token of the critic, in units of return.
template <class V>
struct value_token {
  V value = V(lane<passive_t<V>>(0));
  passive_t<V> old_value = lane<passive_t<V>>(0);
  passive_t<V> returns = lane<passive_t<V>>(0);
};

/// One token of a loss that the host computed itself.
template <class V>
struct given_token {
  V given = V(lane<passive_t<V>>(0));
};

/// Whether a ratio belongs to a token or, as its geometric mean, to a sequence. `sequence_token` has the value of the
/// sequence's ratio and the gradient of the token's own: s = sg(S) + log pi - sg(log pi), GSPO-token (arXiv:2507.18071
/// eq. 14).
enum class level : unsigned char { token, sequence, sequence_token };
template <>
struct enum_names<level> {
  static constexpr std::string_view values[] = {"token", "sequence", "sequence_token"};
};
/// What a ratio of this level reads: the token's log-ratio, or the statistic S; both at sequence_token.
constexpr unsigned reads_of(level l) {
  if (l == level::token) return reads::logp | reads::old_logp;
  return l == level::sequence ? static_cast<unsigned>(reads::statistic) : reads::statistic | reads::logp;
}

/// Limits of a log-ratio before the exponential, in nats; the gradient is 0 beyond. +-20 keeps float32 finite.
struct log_ratio_bounds {
  double low = -20;
  double high = 20;
};

/// log(pi / pi_old) of the token, or S, the mean log-ratio of its sequence (GSPO, arXiv:2507.18071), within `bounds`; at
/// sequence_token S with the derivative of log pi.
template <level L, class V>
AHA_FN inline V log_ratio(token<V> const& t, log_ratio_bounds const& bounds) {
  using P = passive_t<V>;
  if constexpr (L == level::token) {
    return math::clamp(t.logp - t.old_logp, lane<P>(bounds.low), lane<P>(bounds.high));
  } else if constexpr (L == level::sequence) {
    return math::clamp(t.S, lane<P>(bounds.low), lane<P>(bounds.high));
  } else {
    return math::clamp(math::straight_through(t.S, t.logp), lane<P>(bounds.low), lane<P>(bounds.high));
  }
}
/// The token's own log-ratio within `bounds`.
template <class V>
AHA_FN inline V log_ratio(token<V> const& t, log_ratio_bounds const& bounds) {
  return log_ratio<level::token>(t, bounds);
}

AHA_NAMESPACE_END

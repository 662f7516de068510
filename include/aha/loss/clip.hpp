// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>
#include <limits>
#include <utility>

AHA_NAMESPACE_BEGIN

/// Clipped surrogate:  l = -min(r A, clamp(r, 1 - eps_low, 1 + eps_high) A),  r = exp(log_ratio)
/// PPO arXiv:1707.06347 eq. 7, GRPO arXiv:2402.03300; eps_high > eps_low is DAPO's clip-higher (arXiv:2503.14476);
/// level sequence is GSPO (arXiv:2507.18071): r = exp(mean over the sequence of log pi - log pi_old), differentiated
/// exactly; sequence_token is GSPO-token (ibid. eq. 14, what verl calls gspo): that ratio with each token's own
/// gradient. Reads logp, old_logp, adv. eps >= 0 (0 is legal, infinite means no clip on that side); nats.
/// Ties: on a clip bound the token counts as unclipped and has its full gradient -r A, as in torch.
/// Deviation: the log-ratio is limited to `bounds` (+-20, gradient 0 beyond); TRL and Liger have none (give infinities).
template <level L = level::token>
struct clip : term {
  static constexpr std::string_view name = "clip";
  static constexpr std::string_view formula = "-min(r A, clamp(r, 1 - eps_low, 1 + eps_high) A)";
  static constexpr std::string_view paper = L == level::token ? "1707.06347, 2402.03300, 2503.14476" : "2507.18071";
  static constexpr std::string_view variant = enum_names<level>::values[static_cast<int>(L)];
  static constexpr std::string_view keyword = "level";
  static constexpr unsigned needs = reads_of(L) | reads::adv;
  static constexpr unsigned sides = clips::low | clips::high;
  static constexpr bool differentiates_statistic = L == level::sequence;
  using statistic = std::conditional_t<L == level::token, no_statistic, mean_log_ratio>;
  static constexpr double infinite = std::numeric_limits<double>::infinity();
  double eps_low = 0.2;
  double eps_high = 0.2;
  log_ratio_bounds bounds;

  constexpr clip() = default;
  AHA_FN constexpr clip(double low, double high) : eps_low(low), eps_high(high) {}
  AHA_FN constexpr clip(double low, double high, log_ratio_bounds b) : eps_low(low), eps_high(high), bounds(b) {}

  template <class V>
  AHA_FN V operator()(token<V> const& t) const {
    using P = passive_t<V>;
    V const r = math::exp(exponent(t));
    // The smaller product, by the sign of A: one limit binds, and products that round to one number are no tie.
    mask_t<V> const bad = t.adv < lane<P>(0);
    P const low = math::zero_unless(bad, lane<P>(1 - eps_low));
    P const high = math::select(bad, lane<P>(infinite), lane<P>(1 + eps_high));
    return math::clamp(r, low, high) * -t.adv;
  }
  static constexpr unsigned exponent_to = L == level::token ? reads::old_logp : 0U;
  template <class V>
  AHA_FN V exponent(token<V> const& t) const {
    return log_ratio<L>(t, bounds);
  }
  /// Low: r < 1 - eps_low where adv < 0. High: r > 1 + eps_high where adv > 0.
  template <class V>
  AHA_FN clip_side<V> clipped(token<V> const& t) const {
    using P = passive_t<V>;
    V const r = math::exp(exponent(t));
    mask_t<V> const bad = t.adv < lane<P>(0);
    mask_t<V> const good = t.adv > lane<P>(0);
    return {r < lane<P>(1 - eps_low) && bad, r > lane<P>(1 + eps_high) && good, bad && good, bad && good};
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("eps_low", &clip::eps_low, non_negative, "the ratio is clipped below 1 - eps_low");
    f("eps_high", &clip::eps_high, non_negative, "the ratio is clipped above 1 + eps_high");
    f("bounds", &clip::bounds, ordered, "limits of the log-ratio, nats");
  }
};
clip(double, double)->clip<level::token>;
clip(double, double, log_ratio_bounds)->clip<level::token>;

AHA_NAMESPACE_END

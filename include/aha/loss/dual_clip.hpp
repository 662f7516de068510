// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/clip.hpp>

AHA_NAMESPACE_BEGIN

/// Dual clip:  l = A < 0 ? min(clip, -c A) : clip,  clip = -min(r A, clamp(r, 1 - eps_low, 1 + eps_high) A)
/// arXiv:1912.09729 eq. 5: a bad token whose ratio has grown beyond c pushes no further (its gradient is 0), where `clip`
/// has no bound. c acts only where A < 0. Reads what `clip` reads, at the same levels. c > 1, infinite for none; c below
/// 1 + eps_high is legal and cuts at c. Ties: at r = c exactly the gradient is halved, as torch.min has it.
/// Deviation: ROLL fixes c at 1 + 2 eps; verl always has it on, c = 3 by default as here; OpenRLHF and NeMo-RL are off
/// unless asked.
template <level L = level::token>
struct dual_clip : term {
  static constexpr std::string_view name = "dual_clip";
  static constexpr std::string_view formula = "A < 0 ? min(clip, -c A) : clip";
  static constexpr std::string_view paper = "1912.09729";
  static constexpr std::string_view variant = clip<L>::variant;
  static constexpr std::string_view keyword = clip<L>::keyword;
  static constexpr unsigned needs = clip<L>::needs;
  static constexpr unsigned sides = clips::low | clips::high | clips::dual;
  static constexpr bool differentiates_statistic = clip<L>::differentiates_statistic;
  using statistic = typename clip<L>::statistic;
  double eps_low = 0.2;
  double eps_high = 0.2;
  double c = 3;
  log_ratio_bounds bounds;

  constexpr dual_clip() = default;
  constexpr dual_clip(double low, double high, double most = 3) : eps_low(low), eps_high(high), c(most) {}
  constexpr dual_clip(double low, double high, double most, log_ratio_bounds b)
      : eps_low(low), eps_high(high), c(most), bounds(b) {}

  template <class V>
  AHA_FN V operator()(token<V> const& t) const {
    using P = passive_t<V>;
    V const once = once_clipped()(t);
    return math::select(t.adv < lane<P>(0), math::min(once, V(t.adv * lane<P>(-c))), once);
  }
  static constexpr unsigned exponent_to = clip<L>::exponent_to;
  template <class V>
  AHA_FN V exponent(token<V> const& t) const {
    return once_clipped().exponent(t);
  }
  /// Low and high as of `clip`; dual: r > c where adv < 0.
  template <class V>
  AHA_FN clip_side<V> clipped(token<V> const& t) const {
    using P = passive_t<V>;
    clip_side<V> side = once_clipped().clipped(t);
    side.dual = math::exp(exponent(t)) > lane<P>(c) && t.adv < lane<P>(0);
    return side;
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("eps_low", &dual_clip::eps_low, non_negative, "the ratio is clipped below 1 - eps_low");
    f("eps_high", &dual_clip::eps_high, non_negative, "the ratio is clipped above 1 + eps_high");
    f("c", &dual_clip::c, above_one, "the ratio is clipped above c where adv < 0");
    f("bounds", &dual_clip::bounds, ordered, "limits of the log-ratio, nats");
  }

 private:
  AHA_FN constexpr clip<L> once_clipped() const { return {eps_low, eps_high, bounds}; }
};
dual_clip(double, double)->dual_clip<level::token>;
dual_clip(double, double, double)->dual_clip<level::token>;
dual_clip(double, double, double, log_ratio_bounds)->dual_clip<level::token>;

AHA_NAMESPACE_END

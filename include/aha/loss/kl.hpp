// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

/// Estimators of KL(pi || ref) from one sampled token, d = log ref - log pi (Schulman, "Approximating KL Divergence"):
/// k1 = -d, k2 = d^2 / 2, k3 = e^d - 1 - d (never negative, exact near 0), abs = |d|.
enum class estimator : unsigned char { k1, k2, k3, abs };
template <>
struct enum_names<estimator> {
  static constexpr std::string_view values[] = {"k1", "k2", "k3", "abs"};
};

/// What is differentiated: the value itself, another estimator (straight-through), or the value times the active ratio.
enum class kl_gradient : unsigned char { same, k1, k2, k3, ratio };
template <>
struct enum_names<kl_gradient> {
  static constexpr std::string_view values[] = {"same", "k1", "k2", "k3", "ratio"};
};

inline constexpr estimator k1 = estimator::k1;
inline constexpr estimator k2 = estimator::k2;
inline constexpr estimator k3 = estimator::k3;

/// The estimator at d = log ref - log pi.
template <class V>
AHA_FN inline V kl_estimate(estimator e, V const& d) {
  switch (e) {
    case estimator::k1: return -d;
    case estimator::k2: return d * d * lane<passive_t<V>>(0.5);
    case estimator::k3: return math::expm1mx(d);
    default: return math::abs(d);
  }
}

/// k1, k2 and k3 at one d: what observers report.
template <class V>
struct kl_estimates {
  V k1;
  V k2;
  V k3;
};
/// From the exponentials of d, which others may share. No lane of duals.
template <class V>
AHA_FN inline kl_estimates<V> all_kl_estimates(V const& d, exponentials<V> const& e) {
  return {kl_estimate(estimator::k1, d), kl_estimate(estimator::k2, d), e.expm1mx};
}

/// KL penalty to a reference policy:  l = clamp(k(clamp(d, low, high)) [* r], out_low, out_high),  d = log ref - log pi
/// k3 as in GRPO arXiv:2402.03300 eq. 4. `gradient` same: derivative of that value (k1: the score function, 0 in
/// expectation; k2: the gradient of KL(pi || ref); k3: of KL(ref || pi)). k1, k2, k3: that estimator's derivative at the
/// clamped d under the value of this one, untouched by out_low and out_high. ratio: the value times the active
/// importance ratio r = exp(log_ratio), before the output clamp (DeepSeek-V3.2, arXiv:2512.02556). Gradient 0 beyond a
/// clamp. Reads logp, ref_logp; with ratio also old_logp (the other levels: the sequence's mean log-ratio). Nats.
/// Deviation: low, high and bounds default to +-20 where TRL and Liger have no limit and verl has it for k3 alone.
template <level L = level::token>
struct kl : term {
  static constexpr std::string_view name = "kl";
  static constexpr std::string_view formula =
      "clamp(k(d) [r], out_low, out_high), d = clamp(log ref - log pi, low, high)";
  static constexpr std::string_view paper = "2402.03300, 2512.02556";
  static constexpr std::string_view variant = enum_names<level>::values[static_cast<int>(L)];
  static constexpr std::string_view keyword = "level";
  using statistic = std::conditional_t<L == level::token, no_statistic, mean_log_ratio>;
  static constexpr bool differentiates_statistic = L == level::sequence;
  static constexpr double infinite = std::numeric_limits<double>::infinity();
  estimator value = estimator::k3;
  kl_gradient gradient =
      L == level::token ? kl_gradient::same : kl_gradient::ratio;  ///< other levels have only the ratio
  double low = -20;
  double high = 20;
  double out_low = -infinite;
  double out_high = infinite;
  log_ratio_bounds bounds;

  constexpr kl() = default;
  constexpr explicit kl(estimator v) : value(v) {}
  constexpr kl(estimator v, double lo, double hi) : value(v), low(lo), high(hi) {}
  constexpr kl(estimator v, kl_gradient g) : value(v), gradient(g) {}
  /// `kl(k3, k2)`: the value of k3 with the gradient of k2. `abs` is not a gradient and does not validate.
  constexpr kl(estimator v, estimator g) : value(v), gradient(gradient_of(g)) {}
  AHA_FN constexpr kl(estimator v, kl_gradient g, double lo, double hi) : value(v), gradient(g), low(lo), high(hi) {}

  [[nodiscard]] constexpr unsigned needs() const {
    unsigned const n = reads::logp | reads::ref_logp;
    return gradient == kl_gradient::ratio ? n | reads_of(L) : n;
  }

  template <class V>
  AHA_FN V operator()(token<V> const& t) const {
    using P = passive_t<V>;
    V const d = exponent(t);
    V v = kl_estimate(value, d);
    if (gradient == kl_gradient::ratio) v = v * math::exp(log_ratio<L>(t, bounds));
    if (limits_value()) v = math::clamp(v, lane<P>(out_low), lane<P>(out_high));
    switch (gradient) {
      case kl_gradient::k1: return math::straight_through(v, kl_estimate(estimator::k1, d));
      case kl_gradient::k2: return math::straight_through(v, kl_estimate(estimator::k2, d));
      case kl_gradient::k3: return math::straight_through(v, kl_estimate(estimator::k3, d));
      default: return v;
    }
  }
  static constexpr unsigned exponent_to = reads::ref_logp;
  /// d = log ref - log pi within its limits.
  template <class V>
  AHA_FN V exponent(token<V> const& t) const {
    using P = passive_t<V>;
    return math::clamp(t.ref_logp - t.logp, lane<P>(low), lane<P>(high));
  }
  /// k3 and its derivative, without limits of the value.
  [[nodiscard]] AHA_FN constexpr bool is_usual() const {
    return value == estimator::k3 && gradient == kl_gradient::same && !limits_value();
  }
  /// The same penalty where it is the usual one, by constants that compilers see through.
  [[nodiscard]] AHA_FN constexpr kl as_usual() const { return {estimator::k3, kl_gradient::same, low, high}; }
  /// Why a combination of legal parameters is not legal; empty where it is.
  [[nodiscard]] constexpr std::string_view problem() const {
    if (!(low <= high)) return "low: expected a number <= high";
    if (!(out_low <= out_high)) return "out_low: expected a number <= out_high";
    if (L != level::token && gradient != kl_gradient::ratio) return "level: expected token unless gradient is ratio";
    return {};
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("value", &kl::value, named, "estimator of the value");
    f("gradient", &kl::gradient, named, "what is differentiated");
    f("low", &kl::low, any_number, "lower limit of log ref - log pi, nats");
    f("high", &kl::high, any_number, "upper limit of log ref - log pi, nats");
    f("out_low", &kl::out_low, any_number, "lower limit of the value");
    f("out_high", &kl::out_high, any_number, "upper limit of the value");
    f("bounds", &kl::bounds, ordered, "limits of the ratio's log, nats (gradient ratio)");
  }

 private:
  [[nodiscard]] AHA_FN constexpr bool limits_value() const { return out_low > -infinite || out_high < infinite; }
  /// abs would fall on `ratio`: it becomes a value without a name, which validation refuses.
  static constexpr kl_gradient gradient_of(estimator g) {
    return static_cast<kl_gradient>(g == estimator::abs ? 255 : static_cast<int>(g) + 1);
  }
};
kl(estimator)->kl<level::token>;
kl(estimator, double, double)->kl<level::token>;
kl(estimator, kl_gradient)->kl<level::token>;
kl(estimator, estimator)->kl<level::token>;
kl(estimator, kl_gradient, double, double)->kl<level::token>;

AHA_NAMESPACE_END

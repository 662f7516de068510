// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/baseline.hpp>
#include <aha/advantage/scale.hpp>
#include <aha/core/error.hpp>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// What a group with one valid reward gets, where its baseline or spread is undefined (with `no_baseline` and
/// `no_scale` nothing is, and the reward stays). TRL and NeMo-RL: zero. verl's `grpo`, `rloo`: keep_reward (verl divides
/// by 1 + eps); verl's `rloo_vectorized`: zero. OpenRLHF and slime give NaN.
enum class singleton : std::uint8_t {
  zero,         ///< 0: the sample does not train
  keep_reward,  ///< the reward itself, neither centred nor scaled
};

/// What a group of equal rewards gets where the scale would divide by its spread. Under a centring baseline both
/// mean exactly 0; the choice is for `no_baseline`.
enum class zero_spread : std::uint8_t {
  zero,      ///< 0: nothing to learn from
  unscaled,  ///< reward minus baseline, not divided (NeMo-RL divides only where the deviation is positive)
};

}  // namespace advantage
template <>
struct enum_names<advantage::singleton> {
  static constexpr std::string_view values[] = {"zero", "keep_reward"};
};
template <>
struct enum_names<advantage::zero_spread> {
  static constexpr std::string_view values[] = {"zero", "unscaled"};
};
namespace advantage {

/// Group-relative advantage:  A_i = (r_i - b_i) / s  over the valid rewards of i's group.
/// GRPO arXiv:2402.03300 eq. 1 {mean, standard_deviation}; Dr. GRPO arXiv:2503.20783 {mean, no_scale};
/// RLOO arXiv:2402.14740 {leave_one_out, no_scale}.
///
/// An invalid reward (NaN, or 0 in `valid`) is in no mean, spread or count and has advantage exactly 0 (TRL agrees;
/// other peers take it for 0 or turn the batch into NaN). Groups of equal rewards have exactly 0 under a centring
/// baseline, decided by max == min (a peer's float32 mean gives 8 x 5.3 an advantage of 0.316). A spread below 1e-162,
/// whose square underflows, counts as equal for the scale.
/// Everything that could be undefined has a named policy; statistics are in double whatever the rewards' type.
template <class Baseline = mean, class Scale = standard_deviation>
struct group {
  Baseline baseline{};
  Scale scale{};
  enum singleton singleton = advantage::singleton::zero;
  enum zero_spread zero_spread = advantage::zero_spread::zero;

  constexpr group() = default;
  constexpr group(Baseline b, Scale s, enum singleton one = advantage::singleton::zero,
                  enum zero_spread flat = advantage::zero_spread::zero)
      : baseline(b), scale(s), singleton(one), zero_spread(flat) {}

  template <class F>
  static constexpr void params(F&& f) {
    f("singleton", &group::singleton, named, "advantage of a group with one valid reward");
    f("zero_spread", &group::zero_spread, named, "scaling of a group of equal rewards");
  }

  /// The rule of one group: made once from its valid rewards, then asked for each of them.
  struct rule {
    enum class kind : std::uint8_t { formula, reward, zero };
    group method;
    order_free_moments spread;
    moments valid;
    kind type;
    bool divide;
    double divisor;

    AHA_FN double operator()(double reward) const {
      if (type != kind::formula) return type == kind::reward ? reward : 0.0;
      double const centred = method.baseline(reward, spread.deviation(reward), valid);
      return divide ? centred / divisor : centred;
    }
  };

  AHA_FN rule of(order_free_moments const& spread) const {
    rule r{*this, spread, spread.plain(), rule::kind::formula, Scale::divides, 1.0};
    if (!Baseline::centres && !Scale::divides) return r;
    if (spread.count == 1) {
      r.type = singleton == advantage::singleton::keep_reward ? rule::kind::reward : rule::kind::zero;
      return r;
    }
    if (Baseline::centres && spread.equal()) {
      r.type = rule::kind::zero;
      return r;
    }
    if (Scale::divides && !(spread.m2 > 0.0)) {
      r.divide = false;
      if (zero_spread == advantage::zero_spread::zero) r.type = rule::kind::zero;
      return r;
    }
    r.divisor = scale(r.valid);
    return r;
  }
};
template <class Baseline, class Scale, class... Policies>
group(Baseline, Scale, Policies...) -> group<Baseline, Scale>;

/// GRPO as its paper has it: group mean, sample standard deviation, eps 1e-6.
inline constexpr group<mean, standard_deviation> grpo{mean{}, standard_deviation{1e-6, 1}};

/// Checks every described parameter; the error names the entry point that the method was given to.
template <class Baseline, class Scale>
status validate(group<Baseline, Scale> const& method, std::string_view function) {
  status bad;
  Scale::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
    auto const x = method.scale.*member;
    if (bad.ok() && !legal.contains(static_cast<double>(x))) bad = bad_argument(function, name, legal.text, to_text(x));
  });
  group<Baseline, Scale>::params([&](std::string_view name, auto member, range const&, std::string_view) {
    auto const chosen = static_cast<std::size_t>(method.*member);
    auto const& names = enum_names<std::remove_const_t<std::remove_reference_t<decltype(method.*member)>>>::values;
    std::size_t const count = sizeof names / sizeof names[0];
    if (chosen < count || !bad.ok()) return;
    std::string legal(names[0]);
    for (std::size_t k = 1; k < count; ++k) legal.append(k + 1 < count ? ", " : " or ").append(names[k]);
    bad = bad_argument(function, name, legal, to_text(chosen));
  });
  return bad;
}

}  // namespace advantage
AHA_NAMESPACE_END

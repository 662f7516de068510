// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/baseline.hpp>
#include <aha/advantage/policy.hpp>
#include <aha/advantage/scale.hpp>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// Group-relative advantage:  A_i = clip((r_i - b_i) / s)  over the valid rewards of i's group.
/// GRPO arXiv:2402.03300 eq. 1 {mean, standard_deviation}; Dr. GRPO arXiv:2503.20783 {mean, no_scale};
/// RLOO arXiv:2402.14740 {leave_one_out, no_scale}; Lite PPO arXiv:2508.08221 {mean, batch_deviation}.
///
/// An invalid reward (NaN, or 0 in `valid`) is in no mean, spread or count and has advantage exactly 0 (TRL agrees;
/// other peers take it for 0 or turn the batch into NaN). Groups of equal rewards have exactly 0 under a centring
/// baseline, decided by max == min (a peer's float32 mean gives 8 x 5.3 an advantage of 0.316). A spread below 1e-162,
/// whose square underflows, counts as none for the scale. Batch scales look at all groups: the shard's, or, where a step
/// has several shards, at moments that the host has merged.
/// Everything that could be undefined has a named policy; statistics are in double whatever the rewards' type.
template <class Baseline = mean, class Scale = standard_deviation>
struct group {
  Baseline baseline{};
  Scale scale{};
  enum singleton singleton = advantage::singleton::zero;
  enum zero_spread zero_spread = advantage::zero_spread::zero;
  enum flat_rest flat_rest = advantage::flat_rest::unscaled;
  clip_range clip{};

  constexpr group() = default;
  constexpr group(Baseline b, Scale s, enum singleton one = advantage::singleton::zero,
                  enum zero_spread flat = advantage::zero_spread::zero,
                  enum flat_rest rest = advantage::flat_rest::unscaled, clip_range ends = {})
      : baseline(b), scale(s), singleton(one), zero_spread(flat), flat_rest(rest), clip(ends) {}

  template <class F>
  static constexpr void params(F&& f) {
    f("singleton", &group::singleton, named, "advantage of a group with one valid reward");
    f("zero_spread", &group::zero_spread, named, "scaling of equal rewards");
    f("flat_rest", &group::flat_rest, named, "scaling of a reward whose siblings are equal");
    f("clip", &group::clip, around_zero, "ends of the advantages");
  }

  /// The rule of one group: made once from its valid rewards, then asked for each of them, with the method's baseline
  /// as `with_baseline` gives it. What comes back is not clipped yet.
  struct rule {
    enum class kind : std::uint8_t { formula, reward, zero };
    group const* method;
    order_free_moments spread;
    moments valid;
    kind type;
    double divisor;  ///< 1 where nothing is divided

    template <class Chosen>
    AHA_FN double operator()(Chosen const& chosen, double reward) const {
      if (type != kind::formula) return type == kind::reward ? reward : 0.0;
      return chosen(reward, spread.deviation(reward), valid) / divisor;
    }
    /// For a scale by the siblings' spread.
    template <class Chosen>
    AHA_FN double operator()(Chosen const& chosen, double reward, moments const& siblings) const {
      if (type != kind::formula) return (*this)(chosen, reward);
      double const centred = chosen(reward, spread.deviation(reward), valid);
      if (siblings.m2 > 0.0) return centred / method->scale(siblings);
      return method->flat_rest == advantage::flat_rest::zero ? 0.0 : centred;
    }
  };

  /// The rule of a group with the moments `spread`; `batch` is what a batch scale divides by the spread of.
  AHA_FN rule of(order_free_moments const& spread, moments const& batch = {}) const {
    rule r{this, spread, spread.plain(), rule::kind::formula, 1.0};
    bool const by_group = scale.source == spread_of::group || scale.source == spread_of::siblings;
    if (spread.count == 1 && (baseline.centres || by_group)) {
      r.type = singleton == advantage::singleton::keep_reward ? rule::kind::reward : rule::kind::zero;
    } else if (baseline.centres && spread.equal()) {
      r.type = rule::kind::zero;
    } else if (scale.source != spread_of::nothing) {
      moments const& divided_by = by_group ? r.valid : batch;
      if (divided_by.m2 > 0.0) {
        if (scale.source != spread_of::siblings) r.divisor = scale(divided_by);
      } else if (zero_spread == advantage::zero_spread::zero) {
        r.type = rule::kind::zero;
      }
    }
    return r;
  }
};
template <class Baseline, class Scale, class... Policies>
group(Baseline, Scale, Policies...) -> group<Baseline, Scale>;

/// Calls f with the baseline itself. One chosen at run time is resolved here, once a group instead of once a reward.
template <class Baseline, class F>
AHA_FN inline void with_baseline(Baseline const& baseline, F&& f) {
  f(baseline);
}

/// GRPO as its paper has it: group mean, sample standard deviation, eps 1e-6.
inline constexpr group<mean, standard_deviation> grpo{mean{}, standard_deviation{1e-6, 1}};

/// The one predicate of what is legal: policies, clip and the scale's parameters.
template <class Baseline, class Scale>
constexpr bool is_legal(group<Baseline, Scale> const& method) {
  return has_legal_members(method.scale) && has_legal_members(method);
}
/// The same as an error that names the entry point that the method was given to.
template <class Baseline, class Scale>
status validate(group<Baseline, Scale> const& method, std::string_view function) {
  status const bad = check_members(function, method.scale);
  return bad.ok() ? check_members(function, method) : bad;
}

}  // namespace advantage
AHA_NAMESPACE_END

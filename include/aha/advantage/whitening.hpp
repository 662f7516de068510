// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/policy.hpp>
#include <aha/advantage/scale.hpp>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// Whitening of a masked column (advantages per token, rewards per sequence):
///   y = clip((x - mean) / s)            shift_mean
///   y = clip((x - mean) / s + mean)     without: the mean stays (the name as in verl and TRL; torchtune's is reversed)
/// over the entries that count. The default is verl's and TRL's `masked_whiten`: s = sqrt(var + 1e-8), ddof 1.
/// OpenRLHF and NeMo-RL: {1e-8, 0, eps_at::floor}; TRL's RLOO trainer {1e-4, 1}, AReaL {1e-5, 1}; OpenRLHF's
/// `no_std_norm`: `no_scale`. REINFORCE++, arXiv:2501.03262.
///
/// Statistics are the column's own, or moments that the host has merged over shards. Fewer than two entries follow
/// `singleton`. No spread (max == min; of given moments m2 = 0): x - mean is not divided, which is exactly 0 for entries
/// of the set; an entry that given moments do not know follows `zero_spread`. Deviation from peers: none divides
/// rounding by eps (slime turns a masked 3.0 beside one valid token into 25000), none gives NaN or refuses.
template <class Scale = standard_deviation>
struct whitening {
  static_assert(Scale::source == spread_of::group || Scale::source == spread_of::nothing,
                "aha: whitening divides by the column's own spread: standard_deviation or no_scale");
  Scale scale{};
  bool shift_mean = true;
  enum singleton singleton = advantage::singleton::zero;
  enum zero_spread zero_spread = advantage::zero_spread::zero;
  clip_range clip{};

  constexpr whitening() : whitening(default_scale()) {}
  constexpr explicit whitening(Scale s, bool shift = true, enum singleton one = advantage::singleton::zero,
                               enum zero_spread flat = advantage::zero_spread::zero, clip_range ends = {})
      : scale(s), shift_mean(shift), singleton(one), zero_spread(flat), clip(ends) {}

  template <class F>
  static constexpr void params(F&& f) {
    f("shift_mean", &whitening::shift_mean, named, "false: the mean is added back");
    f("singleton", &whitening::singleton, named, "result of a column with fewer than two entries");
    f("zero_spread", &whitening::zero_spread, named, "entries that moments without spread do not know");
    f("clip", &whitening::clip, around_zero, "ends of the results");
  }

  /// The rule of one column: x, and its deviation from the mean, to the result before the clip.
  struct rule {
    bool keep = false;    ///< the value itself
    bool divide = false;  ///< false: no spread
    bool zero = false;    ///< no spread, and a deviation counts as 0
    double divisor = 1.0;
    double back = 0.0;  ///< added at the end
    AHA_FN double operator()(double x, double deviation) const {
      if (keep) return x;
      if (zero) return back;
      return (divide ? deviation / divisor : deviation) + back;
    }
  };
  AHA_FN rule of(moments const& all) const {
    rule r;
    r.back = shift_mean ? 0.0 : all.mean;
    if (all.count < 2) {
      r.keep = singleton == advantage::singleton::keep_reward;
      r.zero = true;
    } else if (Scale::source == spread_of::group) {
      r.divide = all.m2 > 0.0;
      r.zero = !r.divide && zero_spread == advantage::zero_spread::zero;
      if (r.divide) r.divisor = scale(all);
    }
    return r;
  }

 private:
  static constexpr Scale default_scale() {
    if constexpr (std::is_same_v<Scale, standard_deviation>) {
      return standard_deviation(1e-8, 1, eps_at::variance);
    } else {
      return Scale{};
    }
  }
};

/// The one predicate of what is legal.
template <class Scale>
constexpr bool is_legal(whitening<Scale> const& method) {
  return has_legal_members(method.scale) && has_legal_members(method);
}
/// The same as an error that names the entry point that the method was given to.
template <class Scale>
status validate(whitening<Scale> const& method, std::string_view function) {
  status const bad = check_members(function, method.scale);
  return bad.ok() ? check_members(function, method) : bad;
}

}  // namespace advantage
AHA_NAMESPACE_END

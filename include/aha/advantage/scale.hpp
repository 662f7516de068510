// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/moments.hpp>
#include <aha/core/options.hpp>
#include <cmath>
#include <limits>

AHA_NAMESPACE_BEGIN
namespace advantage {

inline constexpr range finite_non_negative{"a finite number >= 0",
                                           [](double x) { return x >= 0 && x <= std::numeric_limits<double>::max(); }};

/// Whose spread a scale divides by.
enum class spread_of : std::uint8_t {
  nothing,        ///< no division
  group,          ///< the valid rewards of the group
  siblings,       ///< the group without the reward itself
  batch,          ///< all valid rewards of the call, or the moments that are given
  batch_centred,  ///< all of them minus their group's mean, or the moments that are given
};

/// Where eps enters the divisor.
enum class eps_at : std::uint8_t {
  std,       ///< sqrt(var) + eps
  variance,  ///< sqrt(var + eps)
  floor,     ///< sqrt(max(var, eps))
};

}  // namespace advantage
template <>
struct enum_names<advantage::eps_at> {
  static constexpr std::string_view values[] = {"std", "variance", "floor"};
};
namespace advantage {

// A scale gives the number that centred rewards are divided by, from the moments of the set that it names in `source`.

/// divisor = sqrt(sum (r - mean)^2 / (n - ddof)) + eps over the group. GRPO, arXiv:2402.03300 eq. 1.
/// Group scales add eps to the root: 1e-6 (verl, slime, NeMo-RL), 1e-4 (TRL), 1e-9 (OpenRLHF), 1e-8 with ddof 0 (TRL's
/// asynchronous trainer, open-instruct). Whitening adds it to the variance (verl, TRL: 1e-8) or uses it as the
/// variance's floor with ddof 0 (OpenRLHF, NeMo-RL: 1e-8). eps = 0 is legal: equal rewards are decided by max == min.
struct standard_deviation {
  static constexpr std::string_view name = "std";
  static constexpr spread_of source = spread_of::group;
  double eps = 1e-6;
  int ddof = 1;
  enum eps_at eps_at = advantage::eps_at::std;
  constexpr standard_deviation() = default;
  constexpr explicit standard_deviation(double e, int d = 1, enum eps_at at = advantage::eps_at::std)
      : eps(e), ddof(d), eps_at(at) {}

  AHA_FN double operator()(moments const& of) const {
    double const variance = of.variance(ddof);
    if (eps_at == advantage::eps_at::variance) return std::sqrt(variance + eps);
    if (eps_at == advantage::eps_at::floor) return std::sqrt(variance < eps ? eps : variance);
    return std::sqrt(variance) + eps;
  }

  template <class F>
  static constexpr void params(F&& f) {
    f("eps", &standard_deviation::eps, finite_non_negative, "keeps the divisor away from 0");
    f("ddof", &standard_deviation::ddof, zero_or_one, "1: sample standard deviation, 0: of the population");
    f("eps_at", &standard_deviation::eps_at, named, "where eps enters the divisor");
  }
};

/// The same over the group without the reward itself. NeMo-RL's `grpo` with its leave-one-out baseline.
/// Where the siblings are equal or one alone, `group::flat_rest` decides; that they are equal is decided by max == min
/// (the peer's E[x^2] - E[x]^2 leaves 1.6e-4 and divides by it).
struct leave_one_out_deviation : standard_deviation {
  static constexpr std::string_view name = "leave_one_out";
  static constexpr spread_of source = spread_of::siblings;
  using standard_deviation::standard_deviation;
};

/// The same over all valid rewards of the batch as they are. Lite PPO, arXiv:2508.08221; TRL's `scale_rewards="batch"`
/// (eps 1e-4), ROLL's `norm_std_type="batch"`.
struct batch_deviation : standard_deviation {
  static constexpr std::string_view name = "batch";
  static constexpr spread_of source = spread_of::batch;
  using standard_deviation::standard_deviation;
};

/// The same over all valid rewards of the batch minus their group's mean: sum over groups of their m2, over N - ddof.
/// AReaL's `std_level="batch"` under `mean_level="group"` (eps 1e-5). Smaller than `batch` by the spread between groups.
struct batch_centred_deviation : standard_deviation {
  static constexpr std::string_view name = "batch_centred";
  static constexpr spread_of source = spread_of::batch_centred;
  using standard_deviation::standard_deviation;
};

/// divisor = 1: no division (Dr. GRPO, arXiv:2503.20783; RLOO, arXiv:2402.14740).
struct no_scale {
  static constexpr std::string_view name = "none";
  static constexpr spread_of source = spread_of::nothing;
  AHA_FN constexpr double operator()(moments const& /*of*/) const { return 1.0; }
  template <class F>
  static constexpr void params(F&& /*f*/) {}
};

}  // namespace advantage
AHA_NAMESPACE_END

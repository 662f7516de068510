// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <aha/core/describe.hpp>
#include <aha/core/moments.hpp>
#include <limits>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace advantage {

inline constexpr range finite_non_negative{"a finite number >= 0",
                                           [](double x) { return x >= 0 && x <= std::numeric_limits<double>::max(); }};
inline constexpr range zero_or_one{"0 or 1", [](double x) { return x == 0 || x == 1; }};

// A scale gives the number that a group's centred rewards are divided by, from the moments of its valid rewards.

/// divisor = sqrt(sum (r - mean)^2 / (n - ddof)) + eps. GRPO, arXiv:2402.03300 eq. 1.
/// eps is added to the root, as every peer does: 1e-6 (verl, slime, NeMo-RL), 1e-4 (TRL), 1e-9 (OpenRLHF), 1e-8 with
/// ddof 0 (TRL's asynchronous trainer, open-instruct). eps = 0 is legal: equal rewards are decided by max == min.
struct standard_deviation {
  static constexpr std::string_view name = "std";
  static constexpr bool divides = true;
  double eps = 1e-6;
  int ddof = 1;
  constexpr standard_deviation() = default;
  constexpr explicit standard_deviation(double e, int d = 1) : eps(e), ddof(d) {}

  AHA_FN double operator()(moments const& valid) const { return valid.standard_deviation(ddof) + eps; }

  template <class F>
  static constexpr void params(F&& f) {
    f("eps", &standard_deviation::eps, finite_non_negative, "added to the group's standard deviation");
    f("ddof", &standard_deviation::ddof, zero_or_one, "1: sample standard deviation, 0: of the population");
  }
};

/// divisor = 1: no division (Dr. GRPO, arXiv:2503.20783; RLOO, arXiv:2402.14740).
struct no_scale {
  static constexpr std::string_view name = "none";
  static constexpr bool divides = false;
  AHA_FN constexpr double operator()(moments const& /*valid*/) const { return 1.0; }
  template <class F>
  static constexpr void params(F&& /*f*/) {}
};

}  // namespace advantage
AHA_NAMESPACE_END

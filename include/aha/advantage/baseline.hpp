// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <aha/core/moments.hpp>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace advantage {

// A baseline turns one reward into `reward - b`. It gets the reward, its deviation from the group's mean (formed without
// cancellation) and the group's moments over valid rewards, of which there are at least two and not all equal.

/// b_i = mean of the group. GRPO, arXiv:2402.03300 eq. 1; alone (no scale) it is Dr. GRPO, arXiv:2503.20783.
struct mean {
  static constexpr std::string_view name = "mean";
  static constexpr bool centres = true;  ///< a group of equal rewards is exactly 0
  AHA_FN constexpr double operator()(double /*reward*/, double deviation, moments const& /*valid*/) const {
    return deviation;
  }
};

/// b_i = mean of the others in the group, so reward - b = deviation * n / (n - 1). RLOO, arXiv:2402.14740 eq. 8.
/// With `standard_deviation` the divisor is the group's ordinary one, sample i included. (A peer divides by the
/// standard deviation of the others, which is 0 when the others agree.)
struct leave_one_out {
  static constexpr std::string_view name = "leave_one_out";
  static constexpr bool centres = true;
  AHA_FN constexpr double operator()(double /*reward*/, double deviation, moments const& valid) const {
    double const n = static_cast<double>(valid.count);
    return deviation * n / (n - 1.0);
  }
};

/// b_i = 0: the reward itself. Groups then matter for the scale only.
struct no_baseline {
  static constexpr std::string_view name = "none";
  static constexpr bool centres = false;
  AHA_FN constexpr double operator()(double reward, double /*deviation*/, moments const& /*valid*/) const {
    return reward;
  }
};

}  // namespace advantage
AHA_NAMESPACE_END

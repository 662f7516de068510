// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/outcome.hpp>
#include <optional>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

/// Whether an answer is right; nullopt where the reference cannot be read. Peers ask Math-Verify; here the verdict, or a
/// function `verify(gold, text)` that gives one, is an argument (`aha::reward::math::verify`, a label, a judge).
using verdict = std::optional<bool>;

/// 1 or 0; where the reference cannot be read there is no reward (TRL's and open-r1's None).
constexpr outcome accuracy(verdict const& v) {
  if (!v) return {std::numeric_limits<double>::quiet_NaN(), status::gold_invalid, reason::missing_input};
  return *v ? 1.0 : 0.0;
}

/// The ends of a cosine length reward: short and long answers, wrong and right ones (the peers' names min and max mix them).
struct cosine_bounds {
  double wrong_short = -1.0;
  double wrong_long = -0.5;
  double right_long = 0.5;
  double right_short = 1.0;
};

}  // namespace reward::compat
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/options.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN
namespace advantage {

// What happens where a baseline or a spread is undefined. Every such case has a named policy; none gives NaN.

/// What a group with one valid reward gets, where its baseline or spread is undefined (with `no_baseline` and a scale
/// that does not look at the group nothing is, and the formula holds). For `whitening`: a column with fewer than two
/// entries. TRL and NeMo-RL: zero. verl's `grpo`, `rloo`: keep_reward (verl divides by 1 + eps); verl's
/// `rloo_vectorized`: zero. OpenRLHF and slime give NaN; verl's whitening raises, ROLL's keeps the value.
enum class singleton : std::uint8_t {
  zero,         ///< 0: the sample does not train
  keep_reward,  ///< the reward itself, neither centred nor scaled
};

/// What a group of equal rewards gets where the scale would divide by its spread; with a batch scale, what everyone gets
/// where all rewards of the batch are equal. Under a centring baseline both mean exactly 0; the choice is for
/// `no_baseline`.
enum class zero_spread : std::uint8_t {
  zero,      ///< 0: nothing to learn from
  unscaled,  ///< reward minus baseline, not divided (NeMo-RL divides only where the deviation is positive)
};

/// What a reward gets whose siblings have no spread (all equal, or only one), where the scale divides by the spread of
/// the siblings. Dividing by eps instead turns seven 0.35 and one 1.0 into 650000.
enum class flat_rest : std::uint8_t {
  unscaled,  ///< reward minus baseline, not divided: 0.65 (NeMo-RL)
  zero,      ///< 0: the sample does not train
};

/// Ends of a clip, applied at the end to every advantage: min(max(x, low), high). Legal ends have low <= 0 <= high, so
/// that what does not train (0) stays so; an infinite end is no clip on that side, which is the default.
struct clip_range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  constexpr clip_range() = default;
  constexpr clip_range(double l, double h) : low(l), high(h) {}
  /// Symmetric: [-most, most].
  constexpr explicit clip_range(double most) : low(-most), high(most) {}
  AHA_FN constexpr double operator()(double x) const { return x < low ? low : (x > high ? high : x); }
};
inline constexpr range around_zero{"a pair (low, high) with low <= 0 <= high", [](double x) { return x == x; }};
constexpr bool is_legal(clip_range const& c, range const& /*legal*/) { return c.low <= 0.0 && 0.0 <= c.high; }
inline std::string member_text(clip_range const& c) { return text("(", c.low, ", ", c.high, ")"); }

}  // namespace advantage
template <>
struct enum_names<advantage::singleton> {
  static constexpr std::string_view values[] = {"zero", "keep_reward"};
};
template <>
struct enum_names<advantage::zero_spread> {
  static constexpr std::string_view values[] = {"zero", "unscaled"};
};
template <>
struct enum_names<advantage::flat_rest> {
  static constexpr std::string_view values[] = {"unscaled", "zero"};
};
AHA_NAMESPACE_END

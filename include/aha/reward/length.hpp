// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/piecewise.hpp>
#include <aha/reward/unit.hpp>
#include <cmath>

AHA_NAMESPACE_BEGIN
namespace reward {

// The formulas of rewards for length, on numbers. L: length, M: limit, C: cache (the last C of the limit), all in one
// unit. Whoever knows the unit calls the forms that take `tokens` or `characters`: a mix does not compile.

/// The soft overlong penalty as a positive number in [0, 1]:
///   0 where L <= M - C,   (L - (M - C)) / C where M - C < L <= M,   1 where L > M
/// C = 0 is a step at M. DAPO, arXiv:2503.14476 eq. 13 subtracts it. Deviation from peers: clamped (verl's and NeMo-RL's
/// grow without bound), no division by C = 0, no jump back to 0 beyond M (SkyRL).
constexpr double overlong_penalty(double length, double limit, double cache) {
  if (length > limit) return 1.0;
  double const over = length - (limit - cache);
  return over > 0.0 ? over / cache : 0.0;
}
/// The same with the paper's sign: a reward in [-1, 0].
constexpr double soft_overlong(double length, double limit, double cache) {
  return 0.0 - overlong_penalty(length, limit, cache);
}

/// The cosine schedule:  at_limit + (at_zero - at_limit) (1 + cos(pi p)) / 2   with the progress p = L / M.
/// arXiv:2502.03373 eq. 1 (its CosFn). Periodic in p: beyond p = 1 it climbs back (open-r1's reward for L = 2 M is that
/// of L = 0), so callers clamp p or give `exceeded`.
inline double cosine_schedule(double progress, double at_zero, double at_limit) {
  constexpr double pi = 3.14159265358979323846;
  return at_limit + 0.5 * (at_zero - at_limit) * (1.0 + std::cos(progress * pi));
}
/// The same with p clamped to [0, 1]; p = 1 where M = 0. TRL's.
inline double clamped_cosine(double length, double limit, double at_zero, double at_limit) {
  double const progress = limit > 0.0 && length < limit ? (length > 0.0 ? length / limit : 0.0) : 1.0;
  return cosine_schedule(progress, at_zero, at_limit);
}
/// The paper's reward, arXiv:2502.03373 eq. 1: the cosine schedule, and `exceeded` where L reaches M (the generation was cut
/// off there).
inline double cosine_length(double length, double limit, double at_zero, double at_limit, double exceeded) {
  return length < limit ? clamped_cosine(length, limit, at_zero, at_limit) : exceeded;
}

/// Kimi's lambda = 1/2 - (L - shortest) / (longest - shortest) over the samples of one problem, in [-1/2, 1/2]; 0 where all
/// are of one length. arXiv:2501.12599 section 2.3.3.
constexpr double kimi_lambda(double length, double shortest, double longest) {
  return longest > shortest ? 0.5 - (length - shortest) / (longest - shortest) : 0.0;
}
/// Kimi's length reward: lambda for a right answer, min(0, lambda) for a wrong one.
constexpr double kimi_length(double lambda, bool correct) { return correct || lambda < 0.0 ? lambda : 0.0; }

/// Linear between two lengths and constant beyond: `at_short` up to `shortest`, `at_long` from `longest` on. Where they
/// are equal, a step.
constexpr double linear_length(double length, double shortest, double longest, double at_short, double at_long) {
  return knots{{shortest, at_short}, {longest, at_long}}(length);
}
/// 1 - |L - target| / span: nearness to a length. May fall below 0 (open-instruct's span is 32768).
constexpr double target_length(double length, double target, double span) {
  double const off = length < target ? target - length : length - target;
  return 1.0 - off / span;
}

/// True where Length is a length with a unit.
template <class Length>
using if_length = std::enable_if_t<is_length_unit<Length>, int>;

/// Soft overlong reward of lengths of one unit: `soft_overlong(tokens{n}, tokens{20480}, tokens{4096})`.
template <class Length, if_length<Length> = 0>
constexpr double soft_overlong(Length length, Length limit, Length cache) {
  return soft_overlong(static_cast<double>(length.count), static_cast<double>(limit.count),
                       static_cast<double>(cache.count));
}
/// The paper's cosine reward of lengths of one unit.
template <class Length, if_length<Length> = 0>
double cosine_length(Length length, Length limit, double at_zero, double at_limit, double exceeded) {
  return cosine_length(static_cast<double>(length.count), static_cast<double>(limit.count), at_zero, at_limit,
                       exceeded);
}
/// Linear reward of lengths of one unit.
template <class Length, if_length<Length> = 0>
constexpr double linear_length(Length length, Length shortest, Length longest, double at_short, double at_long) {
  return linear_length(static_cast<double>(length.count), static_cast<double>(shortest.count),
                       static_cast<double>(longest.count), at_short, at_long);
}

}  // namespace reward
AHA_NAMESPACE_END

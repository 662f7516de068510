// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/options.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A point of a piecewise linear function.
struct knot {
  double x = 0;
  double y = 0;
};

/// A piecewise linear function by its knots, constant beyond the first and the last. Two knots at one x are a jump; at the
/// jump itself the later one holds. Held by value (at most `most` knots), so that expressions stay literal types.
struct knots {
  static constexpr int most = 16;
  int count = 0;
  knot at[most] = {};

  constexpr knots() = default;
  constexpr knots(std::initializer_list<knot> points) {
    for (knot const& k : points) {
      if (count < most) at[count] = k;
      ++count;  // one too many is refused, not lost
    }
  }

  ///   y = y0 + (y1 - y0) ((x - x0) / (x1 - x0))   between the knots around x
  constexpr double operator()(double x) const {
    int next = 0;
    while (next < count && at[next].x <= x) ++next;
    if (next == 0) return at[0].y;
    if (next == count) return at[count - 1].y;
    knot const& a = at[next - 1];
    knot const& b = at[next];
    return a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x));
  }
};

/// At least one knot and at most `knots::most`, finite numbers, x never falling, no more than two at one x.
constexpr bool is_legal(knots const& k, range const& /*legal*/) {
  if (k.count < 1 || k.count > knots::most) return false;
  constexpr double most = std::numeric_limits<double>::max();
  for (int i = 0; i < k.count; ++i) {
    bool const finite = k.at[i].x >= -most && k.at[i].x <= most && k.at[i].y >= -most && k.at[i].y <= most;
    if (!finite || (i > 0 && k.at[i].x < k.at[i - 1].x) || (i > 1 && k.at[i].x <= k.at[i - 2].x)) return false;
  }
  return true;
}
/// The knots as they are written in a text: `(0, 1), (2, 3)`; of too many their number.
inline std::string member_text(knots const& k) {
  if (k.count > knots::most) return text(k.count, " of them");
  if (k.count < 1) return "none";
  std::string all;
  for (int i = 0; i < k.count; ++i) all += text(i > 0 ? ", (" : "(", k.at[i].x, ", ", k.at[i].y, ")");
  return all;
}
/// What knots may be, for error texts and tables.
inline constexpr range rising_knots{"1 to 16 pairs (x, y) of finite numbers with rising x, two at one x for a jump",
                                    [](double x) { return x == x; }};

}  // namespace reward
AHA_NAMESPACE_END

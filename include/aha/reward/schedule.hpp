// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/row_operations.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {
namespace operation {

/// A number that changes over training: the piecewise linear function of `table::step`. It reads no column, so it is never
/// missing and carries no weight: a factor of a component.
struct schedule {
  static constexpr std::string_view name = "schedule", formula = "linear between (step, value) points", paper = "";
  static constexpr int arguments = 0;
  static constexpr unit_rule units = unit_rule::numbers;
  static constexpr stage looks_at = stage::row;
  knots points{{0, 1}};
  constexpr cell at(double step) const { return cell(points(step), presence::constant); }
  template <class F>
  static constexpr void params(F&& f) {
    f("points", &schedule::points, rising_knots, "pairs (step, value)");
  }
};

}  // namespace operation
}  // namespace reward
AHA_NAMESPACE_END

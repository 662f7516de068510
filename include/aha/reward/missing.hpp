// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/moments.hpp>
#include <aha/core/options.hpp>
#include <aha/reward/outcome.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What a component that has no value for a row does to the row's reward. TRL counts it as 0 without saying so, which
/// rewards a wrong answer to an unreadable reference as much as a right one.
enum class missing : std::uint8_t {
  drop_row,        ///< the row has no reward: it trains nothing and is in no statistic
  drop_component,  ///< summands, factors and arguments of min and max are left out; nothing else changes
  renormalize,     ///< the same, and the sum is multiplied by (all |weights|) / (|weights| that are left)
  value,           ///< it counts as `missing_policy::value`
  own_value,       ///< it counts as the outcome's own value (a verifier's 0 or -1); NaN drops the row
};

/// The choice for every status. A scored NaN counts as abstained.
/// The default: what is the model's doing (no answer, an answer that eats the budget) counts as the verifier valued it, so
/// that nobody escapes a bad reward; what is not (a reference that nobody can read, an error of the host, a component
/// that does not apply) drops the row.
struct missing_policy {
  enum missing abstained = missing::drop_row;
  enum missing no_answer = missing::own_value;
  enum missing gold_invalid = missing::drop_row;
  enum missing budget = missing::own_value;
  enum missing error = missing::drop_row;
  double value = 0.0;

  constexpr missing_policy() = default;
  /// One choice for every status.
  constexpr explicit missing_policy(enum missing all, double counts_as = 0.0)
      : abstained(all), no_answer(all), gold_invalid(all), budget(all), error(all), value(counts_as) {}

  constexpr enum missing of(enum status s) const {
    switch (s) {
      case status::abstained: return abstained;
      case status::no_answer: return no_answer;
      case status::gold_invalid: return gold_invalid;
      case status::budget: return budget;
      default: return error;
    }
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("abstained", &missing_policy::abstained, named, "a component that does not apply to the row");
    f("no_answer", &missing_policy::no_answer, named, "a response without an answer");
    f("gold_invalid", &missing_policy::gold_invalid, named, "a reference that cannot be read");
    f("budget", &missing_policy::budget, named, "a judgement that ran out of steps");
    f("error", &missing_policy::error, named, "a failure of the host's own function");
    f("value", &missing_policy::value, within_bounds, "what `value` counts as");
  }
  /// What rewards may be: sums of their squares stay finite.
  static constexpr range within_bounds{"a number within +-1e+140",
                                       [](double x) { return x >= -largest_member && x <= largest_member; }};
};

/// What a cell is to the operation that reads it.
enum class presence : std::uint8_t {
  present,               ///< a value
  constant,              ///< a value that is no component: never missing, without weight
  dropped,               ///< left out
  dropped_renormalized,  ///< left out, its weight taken over by the others
  row,                   ///< the row has no reward
};

/// One component, or the value of an expression, at one row.
struct cell {
  double value = std::numeric_limits<double>::quiet_NaN();
  enum status status = status::scored;
  enum presence presence = presence::present;
  constexpr cell() = default;
  constexpr explicit cell(double v, enum presence p = presence::present) : value(v), presence(p) {}
  constexpr cell(enum status s, enum presence p) : status(s), presence(p) {}
  constexpr bool there() const { return presence == presence::present || presence == presence::constant; }
};

/// An outcome's value and status as the policy has them.
constexpr cell resolve(missing_policy const& policy, double value, enum status s) {
  bool const valued = value == value;
  if (s == status::scored && valued) return cell(value);
  enum status const why = s == status::scored ? status::abstained : s;
  switch (policy.of(why)) {
    case missing::drop_component: return {why, presence::dropped};
    case missing::renormalize: return {why, presence::dropped_renormalized};
    case missing::value: return cell(policy.value);
    case missing::own_value: return valued ? cell(value) : cell(why, presence::row);
    default: return {why, presence::row};
  }
}

}  // namespace reward
template <>
struct enum_names<reward::missing> {
  static constexpr std::string_view values[] = {"drop_row", "drop_component", "renormalize", "value", "own_value"};
};
AHA_NAMESPACE_END

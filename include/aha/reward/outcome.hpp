// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/describe.hpp>
#include <aha/reward/reason.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What became of one reward of one row. Only `scored` says that the value is a judgement of the text; what the others
/// count as is the combination's choice (`missing`), never this type's. Peers write 0, None, 1 or "right" for one and the
/// same event.
enum class status : std::uint8_t {
  scored,        ///< the value is the reward
  abstained,     ///< the reward does not apply to this row (a text without words has no language)
  no_answer,     ///< the response holds no answer that could be judged
  gold_invalid,  ///< the reference is empty or cannot be read: nobody can be right
  budget,        ///< the steps allowed did not suffice
  error,         ///< the host's own function failed
};
/// How many values `status` has.
inline constexpr int status_count = 6;

/// One reward of one row: a value, whether it is one, and why. `value` is what the reward gives for such a row also where
/// the status is not `scored` (a verifier's 0 or -1 for `no_answer`), NaN where it has none.
struct outcome {
  double value = std::numeric_limits<double>::quiet_NaN();
  enum status status = status::abstained;
  enum reason reason = reason::none;

  constexpr outcome() = default;
  constexpr outcome(double v, enum status s = status::scored, enum reason why = reason::none)
      : value(v), status(s), reason(why) {}
};

}  // namespace reward
template <>
struct enum_names<reward::status> {
  static constexpr std::string_view values[] = {"scored", "abstained", "no_answer", "gold_invalid", "budget", "error"};
};
namespace reward {

/// The name of a status; "?" for a number that is none.
constexpr std::string_view to_string(enum status s) { return name_of(s); }

}  // namespace reward
AHA_NAMESPACE_END

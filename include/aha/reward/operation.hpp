// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/type_list.hpp>
#include <aha/reward/missing.hpp>
#include <aha/reward/unit.hpp>
#include <cmath>

AHA_NAMESPACE_BEGIN
namespace reward {

// An operation is a struct with `name`, `formula`, `paper`, `arguments` (how many expressions it takes, `any_count` for as
// many as there are), `units`, `looks_at` and `params` (its numbers). A row operation is a function of the cells of one row;
// a group operation of the cells of one group; a batch operation of a row's cell and of the moments of all rows. Static
// and dynamic expressions call these and nothing else, so they give the same bits.

/// How many rows an operation looks at.
enum class stage : std::uint8_t { row, group, batch };

/// `arguments` of an operation that takes one expression or more.
inline constexpr int any_count = -1;

/// The unit of a value at run time, in the order of `unit_list`.
enum class unit_kind : std::uint8_t { number, tokens, characters };
/// The units as types, in the order of `unit_kind`.
using unit_list = type_list<number, tokens, characters>;
template <class Unit>
inline constexpr unit_kind kind_of_unit = static_cast<unit_kind>(index_of<Unit>(unit_list{}));

/// What an operation asks of its arguments' units, and which unit it gives.
enum class unit_rule : std::uint8_t {
  same,     ///< all alike; gives that one
  first,    ///< any first, numbers behind it; gives the first's
  last,     ///< numbers, and any last; gives the last's
  choice,   ///< a number, then all alike; gives theirs
  numbers,  ///< numbers; gives a number
  length,   ///< a length first, numbers behind it; gives a number
  any,      ///< anything; gives a number
  ratio,    ///< all alike; gives a number
  product,  ///< numbers, one length at most; gives the length's
};

/// A rule's answer: the unit of the result, or which argument is wrong and what was expected of it.
struct unit_check {
  unit_kind unit = unit_kind::number;
  int wrong = -1;  ///< -1: none
  std::string_view expected{};
  constexpr bool ok() const { return wrong < 0; }
};

/// The one definition of the rules; static expressions ask it at compile time.
constexpr unit_check check_units(unit_rule rule, unit_kind const* of, int n) {
  constexpr unit_kind plain = unit_kind::number;
  unit_check r;
  if (n == 0) return r;
  int const from = rule == unit_rule::choice ? 1 : 0;
  switch (rule) {
    case unit_rule::same:
    case unit_rule::ratio:
    case unit_rule::choice:
      if (from == 1 && of[0] != plain) return {plain, 0, "a plain number"};
      for (int k = from + 1; k < n; ++k) {
        if (of[k] != of[from]) return {plain, k, "the unit of the arguments before it"};
      }
      if (rule != unit_rule::ratio && from < n) r.unit = of[from];
      return r;
    case unit_rule::any: return r;
    case unit_rule::product:
      for (int k = 0; k < n; ++k) {
        if (of[k] != plain && r.unit != plain) return {plain, k, "a plain number beside a length"};
        if (of[k] != plain) r.unit = of[k];
      }
      return r;
    default: break;
  }
  int const free = rule == unit_rule::last ? n - 1 : (rule == unit_rule::numbers ? -1 : 0);
  for (int k = 0; k < n; ++k) {
    if (k != free && of[k] != plain) return {plain, k, "a plain number"};
  }
  if (rule == unit_rule::length && of[0] == plain) return {plain, 0, "a length in tokens or characters"};
  if (rule == unit_rule::first || rule == unit_rule::last) r.unit = of[free];
  return r;
}

/// The cell that stands for missing ones: the first that drops the row, else the first that is left out; null where all are
/// there.
constexpr cell const* first_missing(cell const* x, int n) {
  cell const* found = nullptr;
  for (int k = 0; k < n; ++k) {
    if (x[k].presence == presence::row) return x + k;
    if (found == nullptr && !x[k].there()) found = x + k;
  }
  return found;
}

/// f(values) where every cell is there, else the missing one.
template <class F>
constexpr cell strict(cell const* x, int n, F const& f) {
  cell const* const lost = first_missing(x, n);
  return lost != nullptr ? *lost : cell(f());
}

/// Folds the cells that are there, left to right; what is left out is no argument. A constant is no component: where no
/// component is there, the result is the first missing, and of constants alone a constant.
template <class F>
constexpr cell fold(cell const* x, int n, F const& f) {
  cell const* const lost = first_missing(x, n);
  if (lost != nullptr && lost->presence == presence::row) return *lost;
  cell all(0.0, presence::constant);
  bool some = false;
  for (int k = 0; k < n; ++k) {
    if (!x[k].there()) continue;
    if (x[k].presence == presence::present) all.presence = presence::present;
    all.value = some ? f(all.value, x[k].value) : x[k].value;
    some = true;
  }
  return lost != nullptr && all.presence == presence::constant ? *lost : all;
}

/// sum of weight[k] x[k], left to right, constants at the end.
/// What is left out takes its weight with it; where it is to be renormalised, the sum over what is there is multiplied by
/// (all |weights|) / (|weights| there), constants apart. Everything left out: the first missing. Absolute values, since a
/// penalty is a component like a reward, and weights 1 and -1 would cancel.
constexpr cell weighted_sum_of(cell const* x, double const* weight, int n) {
  cell const* const lost = first_missing(x, n);
  if (lost != nullptr && lost->presence == presence::row) return *lost;
  double sum = 0.0;
  double all = 0.0;
  double left = 0.0;
  bool some = false;
  bool renormalize = false;
  for (int k = 0; k < n; ++k) {
    if (x[k].presence == presence::constant) continue;
    double const size = weight[k] < 0.0 ? -weight[k] : weight[k];
    all += size;
    renormalize = renormalize || x[k].presence == presence::dropped_renormalized;
    if (!x[k].there()) continue;
    left += size;
    sum = some ? sum + weight[k] * x[k].value : weight[k] * x[k].value;
    some = true;
  }
  if (lost != nullptr && !some) return *lost;
  if (renormalize && left > 0.0) sum *= all / left;
  bool const only_constants = !some;
  for (int k = 0; k < n; ++k) {
    if (x[k].presence != presence::constant) continue;
    sum = some ? sum + weight[k] * x[k].value : weight[k] * x[k].value;
    some = true;
  }
  return cell(sum, only_constants ? presence::constant : presence::present);
}

/// Legal numbers of operations: finite, within what statistics can square.
inline constexpr range finite_number{"a number within +-1e+140",
                                     [](double x) { return x >= -largest_member && x <= largest_member; }};
inline constexpr range finite_positive{"a number > 0, at most 1e+140",
                                       [](double x) { return x > 0 && x <= largest_member; }};
inline constexpr range finite_non_negative{"a number >= 0, at most 1e+140",
                                           [](double x) { return x >= 0 && x <= largest_member; }};
inline constexpr range slot_number{"an integer from 0 to 63",
                                   [](double x) { return x >= 0 && x <= 63 && x == std::floor(x); }};

/// Why an operation's numbers do not fit together, each of them being legal: an operation may have `check()`.
template <class Operation, class = void>
struct has_check : std::false_type {};
template <class Operation>
struct has_check<Operation, std::void_t<decltype(std::declval<Operation const&>().check())>> : std::true_type {};

/// The full name of an operation in error texts.
inline std::string name_in_errors(std::string_view name) { return "reward::" + std::string(name); }

/// Checks an operation's numbers: each in its range, and all together.
template <class Operation>
aha::status check_operation(Operation const& op) {
  aha::status bad = check_members(name_in_errors(Operation::name), op);
  if constexpr (has_check<Operation>::value) {
    if (bad.ok()) bad = op.check();
  }
  return bad;
}
/// For `check()`: low must not be above high.
inline aha::status check_ordered(std::string_view name, std::string_view low_name, double low,
                                 std::string_view high_name, double high) {
  if (low <= high) return {};
  return bad_argument(name_in_errors(name), low_name, text("at most ", high_name, " (", high, ")"), text(low));
}

}  // namespace reward
template <>
struct enum_names<reward::unit_kind> {
  static constexpr std::string_view values[] = {reward::number::name, reward::tokens::name, reward::characters::name};
};
AHA_NAMESPACE_END

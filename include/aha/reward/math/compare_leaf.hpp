// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/comparer.hpp>
#include <aha/reward/math/normal_text.hpp>
#include <aha/reward/math/parse_unit.hpp>
#include <aha/reward/math/unit_value.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Minutes since midnight of "4:30 p.m."; -1 for any other text.
inline std::int32_t read_clock(std::string_view text, int& mark) {
  text = trimmed(text);
  std::size_t const colon = text.find(':');
  if ((colon != 1 && colon != 2) || colon + 2 >= text.size()) return -1;
  std::int32_t hour = 0;
  for (std::size_t k = 0; k < colon; ++k) {
    if (!is_digit(text[k])) return -1;
    hour = hour * 10 + (text[k] - '0');
  }
  if (!is_digit(text[colon + 1]) || !is_digit(text[colon + 2])) return -1;
  std::int32_t const minute = (text[colon + 1] - '0') * 10 + (text[colon + 2] - '0');
  bool afternoon = false;
  std::size_t const length = meridiem(text, colon + 3, afternoon);
  if (colon + 3 + length != text.size() || hour > 24 || minute > 59) return -1;
  mark = length == 0 ? 0 : afternoon ? 2 : 1;
  return hour * 60 + minute;
}

// Text equals text, and the letters of a name: \text{odd} and odd, \text{(C)} and C. It never equals a number.
inline bool comparer::text(side a, side b) {
  auto const spelled = [](side s, std::string& out) {
    if (s.kind() == kind::euler) return out = "e", true;
    if (s.kind() == kind::imaginary) return out = "i", true;
    if (s.kind() != kind::text && s.kind() != kind::symbol && s.kind() != kind::word) return false;
    out = normal_text(s.owner->name_of(s.self()));
    return true;
  };
  std::string x, y;
  if (!options_.strict && (a.kind() == kind::clock || b.kind() == kind::clock)) return clocks(a, b);
  if (!spelled(a, x) || !spelled(b, y)) return no(reason::different_kinds);
  return x == y ? yes(reason::equal_text) : no(reason::different_text);
}

// Values of one dimension compare in their base units; a unit that one side leaves out, or that nobody knows, is skipped.
inline bool comparer::units(side a, side b) {
  bool const left = a.kind() == kind::unit, right = b.kind() == kind::unit;
  if (left != right) {
    if (options_.units_matter) return no(reason::different_units);
    return equal(left ? a.child(0) : a, right ? b.child(0) : b);
  }
  unit_value const x = read_unit(a.owner->name_of(a.self()), steps_), y = read_unit(b.owner->name_of(b.self()), steps_);
  if (x.known && y.known) {
    if (!(x.measures == y.measures)) return no(reason::different_units);
    if (x.factor != y.factor) {
      // One tree takes the value of the other unit: a.factor / b.factor times a must be b.
      rational p, q;
      using outcome = exact_evaluator::outcome;
      if (exact_evaluator(*a.owner, steps_, a.sign)(a.at, p) != outcome::value ||
          exact_evaluator(*b.owner, steps_, b.sign)(b.at, q) != outcome::value)
        return no(reason::different_units);
      bool const same = multiply(p, x.factor, steps_) == multiply(q, y.factor, steps_);
      return same ? yes(reason::equal_after_conversion) : no(reason::different_units);
    }
  }
  return equal(a.child(0), b.child(0));
}

// "4:30 p.m." is 4:30; noon and midnight follow from the mark, a time without one stands for both halves of the day.
inline bool comparer::clocks(side a, side b) {
  auto const minutes = [](side s, int& mark) {
    mark = 0;
    if (s.kind() == kind::clock) {
      mark = s.self().op;
      return s.self().data;
    }
    if (s.kind() == kind::text) return read_clock(s.owner->name_of(s.self()), mark);
    if (s.kind() != kind::divide || s.self().op != 1) return std::int32_t{-1};
    std::int64_t hour = 0, minute = 0;
    node const &h = s.child(0).self(), &m = s.child(1).self();
    if (h.kind != kind::number || m.kind != kind::number || !s.owner->number_of(h).to_int64(hour) ||
        !s.owner->number_of(m).to_int64(minute) || hour < 0 || hour > 24 || minute < 0 || minute > 59)
      return std::int32_t{-1};
    return static_cast<std::int32_t>(hour * 60 + minute);
  };
  int left = 0, right = 0;
  std::int32_t const x = minutes(a, left), y = minutes(b, right);
  if (x < 0 || y < 0) return no(reason::different_kinds);
  constexpr std::int32_t day = 12 * 60;
  auto const absolute = [](std::int32_t m, int mark) { return mark == 2 ? m % day + day : mark == 1 ? m % day : m; };
  bool const same = left == 0 || right == 0 ? x % day == y % day && (absolute(x, left) == absolute(y, right) ||
                                                                     left != 0 || right != 0 || x == y)
                                            : absolute(x, left) == absolute(y, right);
  return same ? yes(reason::equal_numbers) : no(reason::different_numbers);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

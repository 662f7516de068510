// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/rational.hpp>
#include <aha/reward/math/unit_table.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// A unit as the parser wrote it down, read: its dimension and its size in base units.
struct unit_value {
  bool known = false;
  dimension measures;
  rational factor{1};
};

/// Reads "m/s^2", "N m", "square feet", "miles per hour". One unknown word makes the unit unknown.
inline unit_value read_unit(std::string_view text, budget& steps) {
  unit_value result;
  result.known = true;
  int direction = 1, pending = 1;
  std::size_t words = 0;
  for (std::size_t k = 0; k < text.size() && steps.charge(4);) {
    if (text[k] == '/') direction = -1, ++k;
    if (k >= text.size()) break;
    if (!is_letter(text[k])) {
      ++k;
      continue;
    }
    std::size_t end = k;
    while (end < text.size() && is_letter(text[end])) ++end;
    std::string_view const word = text.substr(k, end - k);
    int power = pending;
    pending = 1;
    std::size_t digits = end;
    if (end + 1 < text.size() && text[end] == '^') {
      bool const minus = text[end + 1] == '-';
      digits = end + (minus ? 2 : 1);
      if (digits < text.size() && is_digit(text[digits])) power = (text[digits] - '0') * (minus ? -1 : 1);
      while (digits < text.size() && is_digit(text[digits])) ++digits;
    }
    k = digits;
    if (word == "per") {
      direction = -1;
    } else if (word == "square" || word == "cubic") {
      pending = word == "square" ? 2 : 3;
    } else if (unit_row const* row = find_unit(word)) {
      int const p = power * direction;
      std::int8_t const of[] = {row->length, row->mass, row->time, row->current, row->angle, row->money};
      for (std::size_t j = 0; j < 6; ++j)
        result.measures.powers[j] = static_cast<std::int8_t>(result.measures.powers[j] + of[j] * p);
      rational const one(big_integer(row->above), big_integer(row->below));
      for (int j = 0; j < (p < 0 ? -p : p) && j < 8; ++j)
        result.factor = multiply(result.factor, p < 0 ? reciprocal(one) : one, steps);
      direction = 1;
      ++words;
    } else {
      result.known = false;
      return result;
    }
  }
  result.known = words != 0;
  return result;
}

}  // namespace reward::math
AHA_NAMESPACE_END

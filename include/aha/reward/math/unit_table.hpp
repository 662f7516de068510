// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/glyph.hpp>
#include <array>
#include <cstdint>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// What a unit measures, as powers of length, mass, time, current, temperature, angle, money and information.
struct dimension {
  std::array<std::int8_t, 6> powers{};
  friend constexpr bool operator==(dimension const& a, dimension const& b) {
    for (std::size_t k = 0; k < 6; ++k)
      if (a.powers[k] != b.powers[k]) return false;
    return true;
  }
};

/// One spelling of a unit: above/below of the base unit of its dimension (metre, gram, second, ampere, degree, cent).
struct unit_row {
  std::string_view name;
  std::int64_t above, below;
  std::int8_t length, mass, time, current, angle, money;
};

namespace detail {
// Exact by definition (international yard and pound); temperature scales are not here, they have an offset.
inline constexpr unit_row unit_rows[] = {
    {"m", 1, 1, 1, 0, 0, 0, 0, 0},
    {"meter", 1, 1, 1, 0, 0, 0, 0, 0},
    {"metre", 1, 1, 1, 0, 0, 0, 0, 0},
    {"cm", 1, 100, 1, 0, 0, 0, 0, 0},
    {"centimeter", 1, 100, 1, 0, 0, 0, 0, 0},
    {"centimetre", 1, 100, 1, 0, 0, 0, 0, 0},
    {"mm", 1, 1000, 1, 0, 0, 0, 0, 0},
    {"millimeter", 1, 1000, 1, 0, 0, 0, 0, 0},
    {"km", 1000, 1, 1, 0, 0, 0, 0, 0},
    {"kilometer", 1000, 1, 1, 0, 0, 0, 0, 0},
    {"kilometre", 1000, 1, 1, 0, 0, 0, 0, 0},
    {"nm", 1, 1000000000, 1, 0, 0, 0, 0, 0},
    {"in", 127, 5000, 1, 0, 0, 0, 0, 0},
    {"inch", 127, 5000, 1, 0, 0, 0, 0, 0},
    {"inches", 127, 5000, 1, 0, 0, 0, 0, 0},
    {"ft", 381, 1250, 1, 0, 0, 0, 0, 0},
    {"foot", 381, 1250, 1, 0, 0, 0, 0, 0},
    {"feet", 381, 1250, 1, 0, 0, 0, 0, 0},
    {"yd", 1143, 1250, 1, 0, 0, 0, 0, 0},
    {"yard", 1143, 1250, 1, 0, 0, 0, 0, 0},
    {"mi", 201168, 125, 1, 0, 0, 0, 0, 0},
    {"mile", 201168, 125, 1, 0, 0, 0, 0, 0},
    {"liter", 1, 1000, 3, 0, 0, 0, 0, 0},
    {"litre", 1, 1000, 3, 0, 0, 0, 0, 0},
    {"ml", 1, 1000000, 3, 0, 0, 0, 0, 0},
    {"g", 1, 1, 0, 1, 0, 0, 0, 0},
    {"gm", 1, 1, 0, 1, 0, 0, 0, 0},
    {"gram", 1, 1, 0, 1, 0, 0, 0, 0},
    {"kg", 1000, 1, 0, 1, 0, 0, 0, 0},
    {"kilogram", 1000, 1, 0, 1, 0, 0, 0, 0},
    {"mg", 1, 1000, 0, 1, 0, 0, 0, 0},
    {"lb", 45359237, 100000, 0, 1, 0, 0, 0, 0},
    {"lbs", 45359237, 100000, 0, 1, 0, 0, 0, 0},
    {"pound", 45359237, 100000, 0, 1, 0, 0, 0, 0},
    {"oz", 45359237, 1600000, 0, 1, 0, 0, 0, 0},
    {"ounce", 45359237, 1600000, 0, 1, 0, 0, 0, 0},
    {"s", 1, 1, 0, 0, 1, 0, 0, 0},
    {"sec", 1, 1, 0, 0, 1, 0, 0, 0},
    {"second", 1, 1, 0, 0, 1, 0, 0, 0},
    {"ms", 1, 1000, 0, 0, 1, 0, 0, 0},
    {"min", 60, 1, 0, 0, 1, 0, 0, 0},
    {"minute", 60, 1, 0, 0, 1, 0, 0, 0},
    {"h", 3600, 1, 0, 0, 1, 0, 0, 0},
    {"hr", 3600, 1, 0, 0, 1, 0, 0, 0},
    {"hour", 3600, 1, 0, 0, 1, 0, 0, 0},
    {"day", 86400, 1, 0, 0, 1, 0, 0, 0},
    {"week", 604800, 1, 0, 0, 1, 0, 0, 0},
    {"mph", 201168, 450000, 1, 0, -1, 0, 0, 0},
    {"n", 1000, 1, 1, 1, -2, 0, 0, 0},
    {"newton", 1000, 1, 1, 1, -2, 0, 0, 0},
    {"j", 1000, 1, 2, 1, -2, 0, 0, 0},
    {"joule", 1000, 1, 2, 1, -2, 0, 0, 0},
    {"w", 1000, 1, 2, 1, -3, 0, 0, 0},
    {"watt", 1000, 1, 2, 1, -3, 0, 0, 0},
    {"pa", 1000, 1, -1, 1, -2, 0, 0, 0},
    {"v", 1000, 1, 2, 1, -3, -1, 0, 0},
    {"volt", 1000, 1, 2, 1, -3, -1, 0, 0},
    {"a", 1, 1, 0, 0, 0, 1, 0, 0},
    {"amp", 1, 1, 0, 0, 0, 1, 0, 0},
    {"hz", 1, 1, 0, 0, -1, 0, 0, 0},
    {"deg", 1, 1, 0, 0, 0, 0, 1, 0},
    {"degree", 1, 1, 0, 0, 0, 0, 1, 0},
    {"cent", 1, 1, 0, 0, 0, 0, 0, 1},
    {"dollar", 100, 1, 0, 0, 0, 0, 0, 1},
};
}  // namespace detail

/// The row of a spelling (case does not matter, a plural s is dropped); nullptr for a word that is no known unit.
constexpr unit_row const* find_unit(std::string_view word) {
  for (int plural = 0; plural < 2; ++plural) {
    if (plural == 1) {
      if (word.size() < 4 || lower(word.back()) != 's') return nullptr;
      word.remove_suffix(1);
    }
    for (unit_row const& row : detail::unit_rows) {
      if (row.name.size() != word.size()) continue;
      bool same = true;
      for (std::size_t k = 0; same && k < word.size(); ++k) same = lower(word[k]) == row.name[k];
      if (same) return &row;
    }
  }
  return nullptr;
}

}  // namespace reward::math
AHA_NAMESPACE_END

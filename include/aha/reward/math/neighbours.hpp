// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/unit_table.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

// What stands between two places of a response, and behind a number.

// "and", "or", a comma, or nothing but signs between two places; a full stop, a line end or other words part them.
inline bool joined(std::string_view text, std::size_t from, std::size_t to, std::size_t most_bytes) {
  if (to - from > most_bytes) return false;
  std::string_view const gap = text.substr(from, to - from);
  bool letters = false, joins = false;
  for (std::size_t k = 0; k < gap.size(); ++k) {
    char const c = gap[k];
    if (c == '\n' || (c == '.' && k + 1 < gap.size() && is_blank(gap[k + 1])) || c == ':' || c == '?') return false;
    if (c == ',' || c == ';') joins = true;
    if (c == '\\') {
      while (k + 1 < gap.size() && is_letter(gap[k + 1])) ++k;
      continue;
    }
    if (static_cast<unsigned char>(c) >= 0x80) {
      glyph const g = glyph_at(gap, k);
      joins = joins || g.code == 0x548C || g.code == 0x6216 || g.code == 0x3001 || g.code == 0xFF0C;
      letters = true;
      k += g.length - 1;
      continue;
    }
    if (!is_letter(c)) continue;
    std::size_t end = k;
    while (end < gap.size() && is_letter(gap[end])) ++end;
    std::string_view const word = gap.substr(k, end - k);
    if (word == "and" || word == "or")
      joins = true;
    else if (word != "boxed" && word != "fbox")
      letters = true;
    k = end - 1;
  }
  return joins || !letters;
}

inline bool joined_by_and(std::string_view gap) {
  std::size_t const at = gap.find("and");
  return at != std::string_view::npos && at > 0 && !is_letter(gap[at - 1]) &&
         (at + 3 == gap.size() || !is_letter(gap[at + 3]));
}

// The end of a number with its percent sign.
inline std::size_t with_percent(std::string_view text, std::size_t at, std::size_t end) {
  std::size_t k = at;
  while (k < end && (text[k] == ' ' || text[k] == '\\')) ++k;
  if (k < end && text[k] == '%') return k + 1;
  return starts_at(text.substr(0, end), k, "percent") ? k + 7 : at;
}
// "2x" and "2pi" are no number: a letter touches it that begins no unit.
inline bool part_of_product(std::string_view text, std::size_t at, std::size_t end) {
  if (at >= end) return false;
  glyph const g = glyph_at(text, at);
  if (is_greek(g.code)) return true;
  std::size_t k = at;
  while (k < end && is_letter(text[k])) ++k;
  return k - at == 1 && find_unit(text.substr(at, 1)) == nullptr;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/glyph.hpp>
#include <string>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Characters that stand for several of ASCII: one half, two thirds, ...
struct fraction_row {
  std::uint32_t code;
  std::string_view text;
};
inline constexpr fraction_row fraction_rows[] = {
    {0xBC, "\\frac{1}{4}"},   {0xBD, "\\frac{1}{2}"},    {0xBE, "\\frac{3}{4}"},   {0x2150, "\\frac{1}{7}"},
    {0x2151, "\\frac{1}{9}"}, {0x2152, "\\frac{1}{10}"}, {0x2153, "\\frac{1}{3}"}, {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"}, {0x2156, "\\frac{2}{5}"},  {0x2157, "\\frac{3}{5}"}, {0x2158, "\\frac{4}{5}"},
    {0x2159, "\\frac{1}{6}"}, {0x215A, "\\frac{5}{6}"},  {0x215B, "\\frac{1}{8}"}, {0x215C, "\\frac{3}{8}"},
    {0x215D, "\\frac{5}{8}"}, {0x215E, "\\frac{7}{8}"},
};

/// True where `plain_form` changes a text: the bytes with which full width forms and fractions begin.
inline bool needs_plain_form(std::string_view text) {
  for (std::size_t k = 0; k + 1 < text.size(); ++k)
    if (text[k] == '\xEF' || text[k] == '\xC2' || (text[k] == '\xE2' && text[k + 1] == '\x85')) return true;
  return false;
}

/// Full width forms as ASCII, fraction characters as LaTeX. One pass.
inline std::string plain_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t k = 0; k < text.size();) {
    glyph const g = glyph_at(text, k);
    std::string_view meaning = text.substr(k, g.length);
    char const ascii = g.code >= 0xFF01 && g.code <= 0xFF5E ? static_cast<char>(g.code - 0xFF01 + '!') : '\0';
    for (fraction_row const& row : fraction_rows)
      if (row.code == g.code) meaning = row.text;
    if (ascii != '\0')
      out.push_back(ascii);
    else
      out.append(meaning);
    k += g.length;
  }
  return out;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

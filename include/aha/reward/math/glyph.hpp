// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/commands.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// One character of UTF-8 text. A byte that starts no valid character stands for itself, one byte long, as 0xFFFD.
struct glyph {
  std::uint32_t code = 0;
  std::uint32_t length = 1;
};

/// The character at `at` (which must be inside `text`). Overlong forms, surrogates and cut sequences are invalid bytes.
constexpr glyph glyph_at(std::string_view text, std::size_t at) {
  auto const byte = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + k])); };
  std::uint32_t const first = byte(0);
  if (first < 0x80) return {first, 1};
  std::uint32_t const length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return {0xFFFD, 1};
  std::uint32_t code = first & (0x7FU >> length);
  for (std::uint32_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xC0U) != 0x80) return {0xFFFD, 1};
    code = code << 6U | (byte(k) & 0x3FU);
  }
  bool const overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {0xFFFD, 1};
  return {code, length};
}

namespace detail {
/// A character outside of ASCII with a mathematical meaning: the ASCII character or the command it stands for.
struct glyph_row {
  std::uint32_t code;
  std::string_view meaning;  ///< one character: itself; longer: a command of LaTeX, without its backslash
};
inline constexpr glyph_row glyph_rows[] = {
    {0xA0, " "},       {0xA2, " "},     {0xA3, " "},     {0xA5, " "},          {0xB0, "circ"},       {0xB1, "pm"},
    {0xB2, "^2"},      {0xB3, "^3"},    {0xB7, "cdot"},  {0xB9, "^1"},         {0xBA, "circ"},       {0xD7, "times"},
    {0xF7, "div"},     {0x3C0, "pi"},   {0x2009, " "},   {0x200A, " "},        {0x2010, "-"},        {0x2011, "-"},
    {0x2012, "-"},     {0x2013, "-"},   {0x2014, "-"},   {0x2022, "cdot"},     {0x2026, "dots"},     {0x202F, " "},
    {0x2032, "prime"}, {0x2044, "/"},   {0x2070, "^0"},  {0x2074, "^4"},       {0x2075, "^5"},       {0x2076, "^6"},
    {0x2077, "^7"},    {0x2078, "^8"},  {0x2079, "^9"},  {0x20AC, " "},        {0x2102, "C"},        {0x2115, "N"},
    {0x211A, "Q"},     {0x211D, "R"},   {0x2124, "Z"},   {0x2192, "to"},       {0x2205, "emptyset"}, {0x2208, "in"},
    {0x2212, "-"},     {0x2213, "mp"},  {0x2215, "/"},   {0x2216, "setminus"}, {0x221A, "sqrt"},     {0x221E, "infty"},
    {0x2227, "land"},  {0x2228, "lor"}, {0x2229, "cap"}, {0x222A, "cup"},      {0x2236, ":"},        {0x2248, "approx"},
    {0x2260, "ne"},    {0x2264, "le"},  {0x2265, "ge"},  {0x22C5, "cdot"},     {0x2A7D, "le"},       {0x2A7E, "ge"},
    {0x3000, " "},     {0x3001, ","},   {0x3002, "."},   {0x300C, " "},        {0x300D, " "},
};
constexpr std::string_view meaning_of(std::uint32_t code) {
  for (glyph_row const& row : glyph_rows)
    if (row.code == code) return row.meaning;
  return {};
}
}  // namespace detail

/// Characters that nobody sees: dropped wherever they stand. Marks that reorder the text for the eye are not among them;
/// an answer that holds one reads differently for people and is refused.
constexpr bool is_invisible(std::uint32_t code) {
  return code == 0xAD || (code >= 0x200B && code <= 0x200F) || code == 0x2060 || code == 0xFEFF || code == 0x2061 ||
         code == 0x2062;
}
constexpr bool reorders_text(std::uint32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}
constexpr bool is_greek(std::uint32_t code) { return code >= 0x391 && code <= 0x3C9; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// Without blanks at both ends.
constexpr std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (is_blank(s.front()) || s.front() == '~')) s.remove_prefix(1);
  while (!s.empty() && (is_blank(s.back()) || s.back() == '~')) s.remove_suffix(1);
  return s;
}
/// `word` at `at`, in the case in which it is written.
constexpr bool starts_at(std::string_view text, std::size_t at, std::string_view word) {
  return at <= text.size() && text.size() - at >= word.size() && text.compare(at, word.size(), word) == 0;
}

/// Which bytes a scan stops at: a table, so that all others cost one look.
class byte_set {
 public:
  constexpr explicit byte_set(std::string_view bytes) {
    for (char c : bytes) in_[static_cast<unsigned char>(c)] = true;
  }
  [[nodiscard]] constexpr bool has(char c) const { return in_[static_cast<unsigned char>(c)]; }

 private:
  bool in_[256] = {};
};

}  // namespace reward::math
AHA_NAMESPACE_END

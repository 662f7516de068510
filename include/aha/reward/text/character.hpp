// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/text/case_table.hpp>
#include <aha/reward/text/script_table.hpp>
#include <aha/reward/text/utf8.hpp>
#include <cstddef>
#include <iterator>

AHA_NAMESPACE_BEGIN
namespace reward::unicode {

// What a code point is. Tables of the Unicode Character Database; ASCII answers without a search.

/// True for an ASCII letter.
constexpr bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// True for 0 to 9.
constexpr bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }

/// The run that holds a code point, or null; runs ascend.
template <class Run, std::size_t N>
constexpr Run const* find_run(Run const (&runs)[N], char32_t point) {
  std::size_t low = 0;
  std::size_t high = N;
  while (low < high) {
    std::size_t const middle = low + (high - low) / 2;
    if (runs[middle].last < point) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < N && runs[low].first <= point ? &runs[low] : nullptr;
}

/// The script of a letter or of a mark on letters; `script::none` for every other character.
constexpr script script_of(char32_t point) {
  if (point < 0x80) return is_ascii_letter(point) ? script::latin : script::none;
  script_run const* const run = find_run(script_runs, point);
  return run != nullptr ? static_cast<script>(run->value) : script::none;
}
/// How the database calls a script, in lower case.
constexpr std::string_view to_string(script s) {
  return static_cast<std::size_t>(s) < std::size(script_names) ? script_names[static_cast<std::size_t>(s)] : "?";
}
/// True for letters and marks of any script (categories L and M).
constexpr bool is_letter(char32_t point) { return script_of(point) != script::none; }

/// The value of a decimal digit of any script (category Nd), -1 for every other character.
constexpr int digit_value(char32_t point) {
  if (point < 0x80) return is_ascii_digit(point) ? static_cast<int>(point - '0') : -1;
  for (std::uint32_t const zero : digit_zeros) {
    if (point < zero) return -1;
    if (point < zero + 10) return static_cast<int>(point - zero);
  }
  return -1;
}
/// True for digits and every other number (category N).
constexpr bool is_number(char32_t point) {
  return digit_value(point) >= 0 || (point >= 0x80 && find_run(number_runs, point) != nullptr);
}

/// How many bytes of decimal digits stand at `text[at]`.
constexpr std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size()) {
    character const c = decode(text, end);
    if (digit_value(c.point) < 0) break;
    end += c.size;
  }
  return end - at;
}

/// True for white space: what Python's str.isspace and its \s call so.
constexpr bool is_space(char32_t c) {
  if (c <= ' ') return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

/// The small letter of a capital one, any other character as it is: one character for one (no final sigma, no dotless i).
constexpr char32_t to_lower(char32_t point) {
  if (point < 0x80) return point >= 'A' && point <= 'Z' ? point + 32 : point;
  case_run const* const run = find_run(case_runs, point);
  if (run == nullptr || (point - run->first) % run->step != 0) return point;
  return static_cast<char32_t>(static_cast<std::int64_t>(point) + run->delta);
}

/// A text in small letters; ill-formed bytes stay as they are.
inline std::string lowered(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for_each_character(text, [&](character c, std::size_t at) {
    char32_t const small = c.valid ? to_lower(c.point) : c.point;
    if (!c.valid || small == c.point) {
      result.append(text.substr(at, c.size));
    } else {
      append(result, small);
    }
  });
  return result;
}

/// A text without the white space at its ends.
constexpr std::string_view stripped(std::string_view text) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for_each_character(text, [&](character c, std::size_t at) {
    if (is_space(c.point)) return;
    if (begin == text.size()) begin = at;
    end = at + c.size;
  });
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

/// Calls `f(word)` for every stretch of a text without white space, in order.
template <class F>
constexpr void for_each_word(std::string_view text, F&& f) {
  std::size_t begin = text.size();
  for_each_character(text, [&](character c, std::size_t at) {
    if (!is_space(c.point)) {
      if (begin == text.size()) begin = at;
    } else if (begin != text.size()) {
      f(text.substr(begin, at - begin));
      begin = text.size();
    }
  });
  if (begin != text.size()) f(text.substr(begin));
}

}  // namespace reward::unicode
AHA_NAMESPACE_END

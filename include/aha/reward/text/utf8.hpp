// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/unit.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::unicode {

/// One character of a text: its code point and how many bytes it takes. Bytes that are no UTF-8 give U+FFFD with
/// `valid` false, so that any text is a sequence of characters.
struct character {
  char32_t point = 0xfffd;
  std::uint8_t size = 0;  ///< 1 to 4
  bool valid = false;
};

/// The character that begins at `text[at]`, `at < text.size()`. Ill-formed bytes are cut as the Unicode standard recommends
/// (section 3.9, "maximal subparts"): a truncated sequence is one U+FFFD, any other byte one each. Surrogates, overlong
/// forms and points above U+10FFFF are ill-formed. At least one byte is taken, so a loop over a text is linear.
constexpr character decode(std::string_view text, std::size_t at) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char const lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  unsigned length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {0xfffd, 1, false};
  }
  char32_t point = lead & (0xffU >> (length + 1));
  for (unsigned i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {0xfffd, static_cast<std::uint8_t>(i), false};
    unsigned char const next = byte(at + i);
    if (next < low || next > high) return {0xfffd, static_cast<std::uint8_t>(i), false};
    point = (point << 6) | (next & 0x3fU);
    low = 0x80;
    high = 0xbf;
  }
  return {point, static_cast<std::uint8_t>(length), true};
}

/// Calls `f(character, at)` for every character of a text, in order.
template <class F>
constexpr void for_each_character(std::string_view text, F&& f) {
  for (std::size_t at = 0; at < text.size();) {
    character const c = decode(text, at);
    f(c, at);
    at += c.size;
  }
}

/// The last `count` characters of a text; the whole text where it has fewer.
constexpr std::string_view last_characters(std::string_view text, std::int64_t count) {
  std::int64_t all = 0;
  for_each_character(text, [&](character, std::size_t) { ++all; });
  std::size_t begin = 0;
  for (std::int64_t skip = all - count; skip > 0; --skip) begin += decode(text, begin).size;
  return text.substr(begin);
}

/// Appends a code point as UTF-8; what is none is appended as U+FFFD.
inline void append(std::string& text, char32_t point) {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) point = 0xfffd;
  auto const put = [&](char32_t byte) { text.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6));
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3f));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

}  // namespace reward::unicode
namespace reward {

/// The length of a text in characters (Unicode code points; an ill-formed sequence counts as one).
constexpr characters count_characters(std::string_view text) {
  characters length;
  unicode::for_each_character(text, [&](unicode::character, std::size_t) { ++length.count; });
  return length;
}

}  // namespace reward
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/text/fenced_code.hpp>
#include <aha/reward/text/language.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

// What DeepSeek-R1 removes from its supervised data (arXiv:2501.12948 B.3.3: mixed languages, long paragraphs, code blocks)
// and what others add. Each is 1 for a readable text and 0 with a reason for one that is not; the paper gives no
// thresholds, so they are arguments.

/// 0 where words of at least two scripts occur `least` times each (kana and Han are one, as Hangul and Han are in Korean: a
/// script that goes with another in one of `languages` does not mix with it).
inline outcome one_language(std::string_view text, std::int64_t least = 20, markup_options const& markup = {}) {
  std::vector<std::int64_t> count(std::size(unicode::script_names));
  for_each_script_word(text, markup, [&](unicode::script s, std::int64_t letters) {
    if (letters > 1 || counts_by_character(s)) ++count[static_cast<std::size_t>(s)];
  });
  auto const together = [](unicode::script a, unicode::script b) {
    for (language const& l : languages) {
      if (l.scripts.contains(a) && l.scripts.contains(b)) return true;
    }
    return false;
  };
  for (std::size_t a = 0; a < count.size(); ++a) {
    if (count[a] < least || count[a] == 0) continue;
    for (std::size_t b = a + 1; b < count.size(); ++b) {
      if (count[b] < least || count[b] == 0) continue;
      if (!together(static_cast<unicode::script>(a), static_cast<unicode::script>(b))) {
        return {0.0, status::scored, reason::mixed_languages};
      }
    }
  }
  return 1.0;
}

/// The length in characters of the longest paragraph (stretch without an empty line) outside fenced code.
inline characters longest_paragraph(std::string_view text) {
  characters longest;
  characters current;
  std::size_t fence_end = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t const found = text.find('\n', begin);
    std::size_t const end = found == std::string_view::npos ? text.size() : found;
    std::string_view const line = text.substr(begin, end - begin);
    if (fence const f = fence_at(text, begin); f.end > begin) {
      current.count = 0;
      fence_end = f.end;
      begin = fence_end;
      continue;
    }
    if (unicode::stripped(line).empty()) {
      current.count = 0;
    } else {
      current.count += count_characters(line).count + (current.count > 0 ? 1 : 0);
      if (current.count > longest.count) longest = current;
    }
    begin = end + 1;
  }
  return longest;
}
/// 0 where a paragraph is longer than the limit.
inline outcome short_paragraphs(std::string_view text, characters limit) {
  bool const fits = longest_paragraph(text).count <= limit.count;
  return fits ? outcome(1.0) : outcome(0.0, status::scored, reason::long_paragraph);
}

/// 0 where a text contains a fenced block of code.
inline outcome no_code_blocks(std::string_view text) {
  bool found = false;
  for_each_fence(text, [&](fence const&) { found = true; });
  return found ? outcome(0.0, status::scored, reason::code_block) : outcome(1.0);
}

/// True for a character that no readable text has: an ill-formed byte, U+FFFD, a control other than tab and line ends, a
/// private-use or noncharacter code point, a lone surrogate's place.
constexpr bool is_garbled(unicode::character c) {
  char32_t const p = c.point;
  if (!c.valid || p == 0xfffd) return true;
  if (p < 0x20) return p != '\t' && p != '\n' && p != '\r' && p != '\f';
  if (p >= 0x7f && p < 0xa0) return p != 0x85;
  if ((p >= 0xe000 && p <= 0xf8ff) || p >= 0xf0000) return true;
  return (p >= 0xfdd0 && p <= 0xfdef) || (p & 0xfffe) == 0xfffe;
}
/// The share of such characters; 0 of an empty text.
inline double garbled_share(std::string_view text) {
  std::int64_t all = 0;
  std::int64_t bad = 0;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    ++all;
    if (is_garbled(c)) ++bad;
  });
  return all > 0 ? static_cast<double>(bad) / static_cast<double>(all) : 0.0;
}
/// 0 where more than `most` of the characters are garbled. Deviation from peers: letters of every script are text (SkyRL
/// calls everything outside ASCII and U+2200-22FF garbled).
inline outcome not_garbled(std::string_view text, double most = 0.01) {
  return garbled_share(text) <= most ? outcome(1.0) : outcome(0.0, status::scored, reason::garbled_text);
}

}  // namespace reward
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/squad.hpp>
#include <aha/reward/text/repeated_block.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::open_instruct {

// open-instruct's filter of repeated paragraphs and sentences (filter_ngram_repetitions.py), result for result. Its many
// regular expressions only choose thresholds; here each is a scan.

namespace blocks {

inline bool word_at(std::string_view s, std::size_t at) {
  return at < s.size() && is_word_character(unicode::decode(s, at).point);
}
inline std::size_t skip_words(std::string_view s, std::size_t at) {
  while (word_at(s, at)) at += unicode::decode(s, at).size;
  return at;
}
inline std::size_t skip_space(std::string_view s, std::size_t at) {
  while (at < s.size() && unicode::is_space(unicode::decode(s, at).point)) at += unicode::decode(s, at).size;
  return at;
}
inline char at_or_zero(std::string_view s, std::size_t at) { return at < s.size() ? s[at] : '\0'; }
inline bool ascii_digit(char c) { return unicode::is_ascii_digit(static_cast<unsigned char>(c)); }
inline bool name_begin(char c) { return unicode::is_ascii_letter(static_cast<unsigned char>(c)) || c == '_'; }

/// At least two lines, and two of them begin with "1. ", or two with "- ".
inline bool is_structured_list(std::string_view text) {
  int numbered = 0;
  int bullets = 0;
  if (!contains(text, "\n")) return false;
  for (std::string_view const raw : split(text, "\n")) {
    std::string_view const line = unicode::stripped(raw);
    std::size_t const digits = unicode::digits_at(line, 0);
    if (digits > 0 && at_or_zero(line, digits) == '.' && skip_space(line, digits + 1) > digits + 1) ++numbered;
    std::string_view const dot = "•";
    std::size_t const mark = starts_with(line, "-") || starts_with(line, "*") ? 1
                             : starts_with(line, dot)                         ? dot.size()
                                                                              : 0;
    if (mark > 0 && skip_space(line, mark) > mark) ++bullets;
  }
  return numbered >= 2 || bullets >= 2;
}

/// Any sign of mathematics or code.
inline bool has_signs(std::string_view s) {
  return s.find_first_of("=+-*/^()[]{}<>|&~!@#$%\\") != std::string_view::npos;
}

/// A line of a program by its first word or form, or by a bracket without its pair.
inline bool is_code_line(std::string_view s) {
  std::size_t const open = s.find_last_of("([{");
  std::size_t const last_close = s.find_last_of(")]}");
  std::size_t const first_open = s.find_first_of("([{");
  std::size_t const first_close = s.find_first_of(")]}");
  constexpr std::size_t none = std::string_view::npos;
  bool const left_open = open != none && (last_close == none || last_close < open);
  bool const left_closed = first_close != none && (first_open == none || first_close < first_open);
  bool pair = false;
  for (std::size_t i = first_open; i != none && i < s.size() && !pair; ++i) {
    i = s.find_first_of("([{", i);
    if (i == none) break;
    std::size_t const next = s.find_first_of("([{)]}", i + 1);
    pair = next != none && (s[next] == ')' || s[next] == ']' || s[next] == '}');
  }
  if ((left_open || left_closed) && !pair) return true;
  std::string const small = unicode::lowered(s);
  for (std::string_view const word : {"import", "return", "for", "while", "if", "def", "class"}) {
    if (starts_with(small, word) && skip_space(small, word.size()) > word.size()) return true;
  }
  if (starts_with(small, "from")) {
    std::size_t const name = skip_space(small, 4);
    std::size_t const behind = skip_words(small, name);
    std::size_t const next = skip_space(small, behind);
    if (name > 4 && behind > name && next > behind && starts_with(small.substr(next), "import")) return true;
  }
  std::size_t const name = skip_words(s, 0);
  if (name == 0) return false;
  std::size_t const member = skip_words(s, name + 1);
  if (at_or_zero(s, name) == '.' && member > name + 1 && at_or_zero(s, member) == '(') return true;
  std::size_t sign = skip_space(s, name);
  if (contains("+-*/", std::string(1, at_or_zero(s, sign))) && at_or_zero(s, sign) != '\0') {
    std::size_t const equals = skip_space(s, sign + 1);
    return at_or_zero(s, equals) == '=' && unicode::digits_at(s, skip_space(s, equals + 1)) > 0;
  }
  if (at_or_zero(s, sign) != '=') return false;
  std::size_t const value = skip_space(s, sign + 1);
  std::size_t const end = skip_words(s, value);
  return end > value && at_or_zero(s, end) == '(';
}

/// True where a bracketed stretch holds the word part "for": [..for..], {..}, (..).
inline bool has_comprehension(std::string_view s, char open, char close) {
  for (std::size_t at = s.find(open); at != std::string_view::npos;) {
    std::size_t const end = s.find(close, at);
    if (end == std::string_view::npos) return false;
    if (contains(s.substr(at, end - at), "for")) return true;
    at = s.find(open, end);
  }
  return false;
}

/// Arithmetic of two numbers or two names, a power, a lambda, a definition, a call of math, a comprehension.
inline bool is_formula(std::string_view s) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '+' && s[i] != '-' && s[i] != '*' && s[i] != '/') continue;
    std::size_t before = i;
    while (before > 0 && (s[before - 1] == ' ' || s[before - 1] == '\t' || s[before - 1] == '\n')) --before;
    std::size_t const after = skip_space(s, i + 1);
    if (before == 0) continue;
    if (ascii_digit(s[before - 1]) && ascii_digit(at_or_zero(s, after))) return true;
    // A name ends before the sign: some word character up to there is a letter or low line.
    bool named = false;
    for (std::size_t k = before; k > 0 && (name_begin(s[k - 1]) || ascii_digit(s[k - 1])); --k)
      named |= name_begin(s[k - 1]);
    if (named && name_begin(at_or_zero(s, after))) return true;
    if (i > 0 && starts_with(s.substr(i), "**") && is_word_character(static_cast<unsigned char>(s[i - 1])) &&
        ascii_digit(at_or_zero(s, i + 2))) {
      return true;
    }
  }
  std::size_t const last_colon = s.rfind(':');
  for (std::size_t at = s.find("lambda"); at != std::string_view::npos; at = s.find("lambda", at + 6)) {
    std::size_t const body = at + 6;
    bool const arguments = skip_space(s, body) > body && at_or_zero(s, body + 1) != ':';
    if (arguments && last_colon != std::string_view::npos && last_colon > body + 1) return true;
  }
  std::size_t const last_close = s.rfind(')');
  for (std::size_t at = s.find("math."); at != std::string_view::npos; at = s.find("math.", at + 5)) {
    std::size_t const end = skip_words(s, at + 5);
    bool const call = end > at + 5 && at_or_zero(s, end) == '(';
    if (call && last_close != std::string_view::npos && last_close > end) return true;
  }
  return has_comprehension(s, '[', ']') || has_comprehension(s, '{', '}') || has_comprehension(s, '(', ')');
}

/// What the peer calls a short phrase: one of its everyday words anywhere in the text ("this" holds "is"), or `a < b`.
inline bool is_short_phrase(std::string_view s) {
  std::string const small = unicode::lowered(s);
  for (std::string_view const part : {"i think",
                                      "maybe",
                                      "probably",
                                      "yes",
                                      "no",
                                      "ok",
                                      "right",
                                      "wrong",
                                      "correct",
                                      "true",
                                      "false",
                                      "good",
                                      "bad",
                                      "nice",
                                      "great",
                                      "awesome",
                                      "terrible",
                                      "wow",
                                      "oh",
                                      "hmm",
                                      "um",
                                      "uh",
                                      "well",
                                      "so",
                                      "then",
                                      "here",
                                      "that",
                                      "these",
                                      "those",
                                      "it",
                                      "is",
                                      "are",
                                      "was",
                                      "were",
                                      "have",
                                      "has",
                                      "had",
                                      "do",
                                      "did",
                                      "will",
                                      "would",
                                      "could",
                                      "should",
                                      "can",
                                      "second < b",
                                      "first < a",
                                      "third < c",
                                      "fourth < d",
                                      "return 0",
                                      "return 1",
                                      "return -1",
                                      "return null",
                                      "return undefined"}) {
    if (contains(small, part)) return true;
  }
  for (std::size_t at = small.find(" < ", 1); at < small.size(); at = small.find(" < ", at + 1)) {
    char const left = small[at - 1];
    if (left >= 'a' && left <= 'y' && left != 'h' && at_or_zero(small, at + 3) == left + 1) return true;
  }
  std::size_t const first = skip_words(s, 0);
  std::size_t const sign = skip_space(s, first);
  if (first == 0 || (at_or_zero(s, sign) != '<' && at_or_zero(s, sign) != '>')) return false;
  for (std::string_view const word : {"import", "from", "return", "def", "class", "if", "for", "while"}) {
    if (contains(small, word)) return false;
  }
  std::size_t const second = skip_space(s, sign + 1);
  return second < s.size() && skip_words(s, second) == s.size();
}

inline bool is_transition(std::string_view s) {
  std::string const small = unicode::lowered(s);
  return small == "alternatively," || small == "therefore," || small == "however,";
}
/// True for blocks whose repetition says nothing.
inline bool is_ignored(std::string_view s) { return is_code_line(s) || is_formula(s) || is_transition(s); }

}  // namespace blocks

/// How often a block must occur, before the multipliers of lists, formulas and long paragraphs.
struct block_limits {
  std::int64_t paragraph = 10;
  std::int64_t sentence = 40;
  std::int64_t sentence_in_a_row = 4;
};

/// detect_exact_block_repetition: the peer's word for the first block that occurs too often, nullopt where none does.
/// Multipliers 3 in a text with lists, 4 for paragraphs of several lines, 2 with signs of mathematics (the largest counts), 2
/// more up to 30 for paragraphs that are nowhere in a row.
inline std::optional<std::string> repeated_blocks(std::string_view text, block_limits const& limits = {}) {
  bool const list = blocks::is_structured_list(text);
  for (block_count const& c : count_blocks(split_blocks(text, "\n\n"))) {
    std::int64_t const length = count_characters(c.block).count;
    if (c.total < 2 || length < 10 || (c.in_a_row == 1 && length < 20) || blocks::is_ignored(c.block)) continue;
    std::int64_t const times = contains(c.block, "\n") ? 4 : list ? 3 : blocks::has_signs(c.block) ? 2 : 1;
    std::int64_t needed = limits.paragraph * times;
    if (c.in_a_row == 1) needed = needed * 2 < 30 ? needed * 2 : 30;
    if (c.total >= needed) return "paragraph_repeated_" + std::to_string(c.total) + "x";
  }
  std::string sentences(text);
  for (char& c : sentences) c = c == '!' || c == '?' ? '.' : c;
  for (block_count const& c : count_blocks(split_blocks(sentences, "."))) {
    std::int64_t const length = count_characters(c.block).count;
    std::int64_t words = 0;
    unicode::for_each_word(c.block, [&](std::string_view) { ++words; });
    if (c.total < 2 || length < 5 || words < 2) continue;
    std::string const name = "line_repeated_" + std::to_string(c.total) + "x";
    if (blocks::is_short_phrase(c.block)) {
      if (c.in_a_row >= limits.sentence_in_a_row * 2) return name + "_consecutive_short_phrase";
      continue;
    }
    if (blocks::is_ignored(c.block)) continue;
    std::int64_t const times = list ? 3 : blocks::has_signs(c.block) ? 2 : 1;
    if (c.in_a_row >= limits.sentence_in_a_row * times) return name + "_consecutive";
    if (c.total >= limits.sentence * times && length >= 10) return name;
  }
  return std::nullopt;
}

}  // namespace reward::compat::open_instruct
AHA_NAMESPACE_END

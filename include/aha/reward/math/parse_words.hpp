// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/commands.hpp>
#include <aha/reward/math/glyph.hpp>
#include <aha/reward/math/unit_table.hpp>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Words that are a value: "all real numbers", "infinity", "no solution". `words` is in normal form. -1: none of them.
inline std::int32_t read_words(std::string_view words, tree& into) {
  if (words == "all real numbers" || words == "all real number" || words == "all reals" ||
      words == "the set of all real numbers" || words == "real numbers")
    return into.leaf(kind::reals, 'R');
  if (words == "all integers" || words == "the integers") return into.leaf(kind::reals, 'Z');
  if (words == "yes" || words == "true") return into.leaf(kind::truth, 1);
  if (words == "no" || words == "false") return into.leaf(kind::truth, 0);
  if (words == "no solution" || words == "no solutions" || words == "there is no solution" ||
      words == "there are no solutions" || words == "no real solution" || words == "no real solutions")
    return into.leaf(kind::empty_set);
  if (words == "empty set" || words == "the empty set") return into.leaf(kind::empty_set);
  return -1;
}

/// Words of sentences: no product of letters, no unit. Where one occurs the text is prose.
inline bool is_prose(std::string_view word) {
  constexpr std::string_view words[] = {
      "a",         "about", "all",    "also",  "an",     "answer",   "are",     "as",   "at",    "be",    "because",
      "but",       "by",    "can",    "could", "equals", "final",    "find",    "from", "get",   "gives", "had",
      "has",       "have",  "he",     "hence", "her",    "his",      "however", "is",   "it",    "its",   "june",
      "july",      "may",   "let",    "maybe", "must",   "not",      "now",     "of",   "on",    "one",   "our",
      "result",    "she",   "should", "since", "so",     "solution", "than",    "that", "the",   "then",  "there",
      "therefore", "these", "they",   "this",  "thus",   "to",       "true",    "use",  "value", "was",   "we",
      "were",      "which", "will",   "work",  "would",  "yes",      "you"};
  char small[12] = {};
  if (word.size() >= sizeof small) return false;
  for (std::size_t k = 0; k < word.size(); ++k) small[k] = lower(word[k]);
  std::string_view const key(small, word.size());
  for (std::string_view w : words)
    if (w == key) return true;
  return false;
}

/// True where a text holds a word and no sign of a formula: numbers in it are told by words.
inline bool is_plain_prose(std::string_view text) {
  bool word = false;
  for (std::size_t k = 0; k < text.size(); ++k) {
    char const c = text[k];
    if (c == '\\' && k + 1 < text.size() && (text[k + 1] == '$' || text[k + 1] == '%')) {
      ++k;
      continue;
    }
    if (std::string_view("\\{}^_=<>|&#[]+*").find(c) != std::string_view::npos) return false;
    if (c == '(' && k + 1 < text.size() && text[k + 1] == ')') return false;
    word = word || (is_letter(c) && k + 2 < text.size() && is_letter(text[k + 1]) && is_letter(text[k + 2]));
  }
  return word;
}

/// True where at least three words stand outside of LaTeX that are no names of mathematics and no units: prose in some
/// language, whose letters are no product.
inline bool is_foreign_prose(std::string_view text) {
  int words = 0;
  bool formula = false;
  for (std::size_t k = 0; k < text.size();) {
    char const c = text[k];
    if (c == '$') formula = !formula;
    if (c == '\\' || c == '{') return false;
    if (!is_letter(c)) {
      ++k;
      continue;
    }
    std::size_t end = k;
    bool small = false;
    for (; end < text.size() && is_letter(text[end]); ++end) small = small || (text[end] >= 'a' && end > k);
    std::string_view const word = text.substr(k, end - k);
    bool const apart = (k == 0 || is_blank(text[k - 1])) &&
                       (end == text.size() || is_blank(text[end]) || text[end] == ',' || text[end] == ':');
    if (small && apart && !formula && find_command(plain_words, word) == nullptr && find_unit(word) == nullptr) ++words;
    k = end;
  }
  return words >= 3;
}

/// True where a text is plainly words: letters, blanks and marks of prose alone, and either several words or one that is
/// too long for a product of letters and no name of mathematics. One pass.
inline bool only_words(std::string_view text) {
  std::size_t count = 0, longest = 0;
  std::string_view last;
  bool mathematical = false;
  for (std::size_t k = 0; k < text.size();) {
    char const c = text[k];
    if (is_letter(c)) {
      std::size_t end = k;
      while (end < text.size() && is_letter(text[end])) ++end;
      last = text.substr(k, end - k);
      bool const name = find_command(plain_words, last) != nullptr && last != "and" && last != "or";
      mathematical = mathematical || name;
      longest = longest < last.size() ? last.size() : longest;
      ++count;
      k = end;
    } else if (is_blank(c) || c == ',' || c == '.' || c == '\'' || c == '-' || c == '"' || c == '!' || c == '?' ||
               c == '(' || c == ')') {
      ++k;
    } else {
      return false;
    }
  }
  if (count == 0 || mathematical) return false;
  if (count == 1) {
    constexpr std::string_view short_words[] = {"yes",  "no",   "odd", "even", "true", "false",
                                                "none", "both", "Yes", "No",   "True", "False"};
    for (std::string_view word : short_words)
      if (last == word) return true;
    return longest > 4;
  }
  return longest >= 3;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

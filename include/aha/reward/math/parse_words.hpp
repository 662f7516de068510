// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/commands.hpp>
#include <aha/reward/math/glyph.hpp>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Words that are a value: "all real numbers", "infinity", "no solution". `words` is in normal form. -1: none of them.
inline std::int32_t read_words(std::string_view words, tree& into) {
  if (words == "all real numbers" || words == "all real number" || words == "all reals" || words == "the set of all real numbers" ||
      words == "real numbers")
    return into.leaf(kind::reals, 'R');
  if (words == "all integers" || words == "the integers") return into.leaf(kind::reals, 'Z');
  if (words == "empty set" || words == "the empty set") return into.leaf(kind::empty_set);
  return -1;
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
    } else if (is_blank(c) || c == ',' || c == '.' || c == '\'' || c == '-' || c == '"' || c == '!' || c == '?' || c == '(' || c == ')') {
      ++k;
    } else {
      return false;
    }
  }
  if (count == 0 || mathematical) return false;
  if (count == 1) {
    constexpr std::string_view short_words[] = {"yes", "no", "odd", "even", "true", "false", "none", "both", "Yes", "No", "True", "False"};
    for (std::string_view word : short_words)
      if (last == word) return true;
    return longest > 4;
  }
  return longest >= 3;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

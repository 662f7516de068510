// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/formula_spans.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// What announces an answer.
enum class phrase : std::uint8_t { hash, final_answer, answer };

struct phrase_row {
  std::string_view words;  ///< lower case
  phrase what;
};
/// Longer ones first where one begins with another.
inline constexpr phrase_row phrase_rows[] = {
    {"final answer is", phrase::final_answer},
    {"final answer:", phrase::final_answer},
    {"final answer**", phrase::final_answer},
    {"final result is", phrase::final_answer},
    {"answer is", phrase::answer},
    {"answer:", phrase::answer},
    {"answer**:", phrase::answer},
    {"answer:**", phrase::answer},
    {"answer =", phrase::answer},
    {"\xE6\x9C\x80\xE7\xBB\x88\xE7\xAD\x94\xE6\xA1\x88\xE6\x98\xAF", phrase::final_answer},  // zui zhong da an shi
    {"\xE6\x9C\x80\xE7\xBB\x88\xE7\xAD\x94\xE6\xA1\x88\xE4\xB8\xBA", phrase::final_answer},  // zui zhong da an wei
    {"\xE7\xAD\x94\xE6\xA1\x88\xE6\x98\xAF", phrase::answer},                                // da an shi
    {"\xE7\xAD\x94\xE6\xA1\x88\xE4\xB8\xBA", phrase::answer},                                // da an wei
    {"\xE7\xAD\x94\xE6\xA1\x88\xEF\xBC\x9A", phrase::answer},                                // da an, full width colon
    {"\xE7\xAD\x94\xE6\xA1\x88:", phrase::answer},
    {"\xE6\x95\x85\xE9\x80\x89", phrase::answer},  // gu xuan
    {"\xE5\xBA\x94\xE9\x80\x89", phrase::answer},  // ying xuan
};

struct phrase_match {
  phrase what = phrase::answer;
  bool hope = false;  ///< "I hope it is correct" follows
  text_span where;    ///< what it announces: to the end of the sentence, the line, at most 512 bytes
};

/// The end of what starts at `at`: a line end, a full stop behind which a blank or nothing comes, "I hope". A line end
/// right behind the phrase is skipped ("Final answer:\n\n$5$").
inline text_span announced(std::string_view text, std::size_t at, std::size_t window_end, bool line, bool& hope) {
  std::size_t begin = at;
  std::size_t const most = at + 512 < window_end ? at + 512 : window_end;
  while (begin < most && (is_blank(text[begin]) || text[begin] == '*' || text[begin] == ':')) ++begin;
  int braces = 0;
  bool formula = false;
  for (std::size_t k = begin; k < most; ++k) {
    char const c = text[k];
    if (c == '{') ++braces;
    if (c == '}') --braces;
    if (c == '$') formula = !formula;
    if (c == 'I' && starts_at(text, k, "I hope it is correct")) {
      hope = true;
      std::size_t end = k;
      while (end > begin && (is_blank(text[end - 1]) || text[end - 1] == '.')) --end;
      return {begin, end};
    }
    bool const stop =
        c == '.' && (k + 1 >= window_end || is_blank(text[k + 1]) || text[k + 1] == '*' || text[k + 1] == '<');
    bool const abbreviation = stop && k >= 2 && lower(text[k - 1]) == 'm' && text[k - 2] == '.';
    bool const chinese = starts_at(text, k, "\xE3\x80\x82");
    bool const line_end = c == '\n' && (braces <= 0 && !formula);
    if ((stop && !line && !formula && braces <= 0 && !abbreviation) || chinese || line_end) {
      // What follows the stop decides about the hope.
      std::size_t next = k + 1;
      while (next < window_end && (is_blank(text[next]) || text[next] == '*') && next < k + 8) ++next;
      hope = hope || starts_at(text, next, "I hope it is correct");
      return {begin, k};
    }
  }
  return {begin, most};
}

/// First bytes of marks and phrases.
inline constexpr byte_set phrase_bytes("#aAfF\xE5\xE6\xE7");

/// All phrases of a window, in order, without what they announce: `announce` looks for that, for those that count.
inline std::vector<phrase_match> phrase_matches(std::string_view text, text_span window) {
  std::vector<phrase_match> found;
  for (std::size_t k = window.begin; k < window.end; ++k) {
    if (!phrase_bytes.has(text[k])) continue;
    char const c = lower(text[k]);
    bool const line_start = k == 0 || text[k - 1] == '\n';
    if (c == '#' && starts_at(text, k, "####")) {
      phrase_match m;
      m.what = phrase::hash;
      m.where.begin = k + 4;
      found.push_back(m);
      k += 3;
      continue;
    }
    if (line_start && starts_at(text, k, "A:")) {
      phrase_match m;
      m.what = phrase::hash;
      m.where.begin = k + 2;
      found.push_back(m);
      continue;
    }
    if (c == '#') continue;
    if (c == 'a' && k > window.begin && is_letter(text[k - 1])) continue;
    if (c == 'a' && !(k + 5 < window.end && lower(text[k + 1]) == 'n' && lower(text[k + 2]) == 's')) continue;
    if (c == 'f' && !(k + 5 < window.end && lower(text[k + 1]) == 'i' && lower(text[k + 4]) == 'l')) continue;
    for (phrase_row const& row : phrase_rows) {
      if (window.end - k < row.words.size()) continue;
      bool same = true;
      for (std::size_t j = 0; same && j < row.words.size(); ++j) same = lower(text[k + j]) == row.words[j];
      if (!same) continue;
      phrase_match m;
      m.what = row.what;
      m.where.begin = k + row.words.size();
      found.push_back(m);
      k += row.words.size() - 1;
      break;
    }
  }
  return found;
}

/// Completes a match: where what it announces begins and ends.
inline void announce(std::string_view text, std::size_t window_end, phrase_match& m) {
  m.where = announced(text, m.where.begin, window_end, m.what == phrase::hash, m.hope);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

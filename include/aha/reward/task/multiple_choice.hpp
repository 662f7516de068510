// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/verify.hpp>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::task {

/// What may be chosen.
struct choice_rules {
  int count = 4;                     ///< letters from A on, at most 26; not read where `texts` is given
  std::vector<std::string> texts{};  ///< of the options in order: an answer by its text counts too
};

namespace detail {

/// Which letter a text chooses, and whether it chooses several.
struct chosen {
  int letter = -1;
  bool several = false;
};

inline std::vector<std::string> letters(int count) {
  std::vector<std::string> all;
  all.reserve(static_cast<std::size_t>(count));
  for (int k = 0; k < count; ++k) all.emplace_back(1, static_cast<char>('A' + k));
  return all;
}

/// True where another letter is joined to the one at `at` by "or", "and", a comma or a slash, before or behind it: "A or B".
inline bool is_joined(std::string_view text, std::size_t at, int count) {
  auto const is_choice = [&](std::size_t k) {
    bool const alone =
        (k == 0 || !math::is_letter(text[k - 1])) && (k + 1 == text.size() || !math::is_letter(text[k + 1]));
    return text[k] >= 'A' && text[k] < 'A' + count && text[k] != text[at] && alone;
  };
  constexpr std::string_view inner = " ([{)]}*.$";
  constexpr std::string_view words[] = {"or", "and", ",", "/", "&"};
  std::size_t k = at + 1;
  while (k < text.size() && inner.find(text[k]) != std::string_view::npos) ++k;
  for (std::string_view const w : words) {
    if (text.substr(k, w.size()) != w) continue;
    std::size_t next = k + w.size();
    while (next < text.size() && inner.find(text[next]) != std::string_view::npos) ++next;
    return next < text.size() && is_choice(next);
  }
  k = at;
  while (k > 0 && inner.find(text[k - 1]) != std::string_view::npos) --k;
  for (std::string_view const w : words) {
    if (k < w.size() || text.substr(k - w.size(), w.size()) != w) continue;
    std::size_t last = k - w.size();
    while (last > 0 && inner.find(text[last - 1]) != std::string_view::npos) --last;
    return last > 0 && is_choice(last - 1);
  }
  return false;
}

inline chosen choice_of(std::string_view text, int count) {
  math::extract_options options;
  options.choices = letters(count);
  math::extraction const found = math::extract(text, options);
  if (found.candidates.empty()) return {};
  math::text_span const s = found.candidates[0].where;
  return {text[s.begin] - 'A', is_joined(text, s.begin, count)};
}

/// The one option whose text equals an answer; -1 where none or several do.
inline int option_of(std::string_view answer, std::vector<std::string> const& texts) {
  int found = -1;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    if (!math::verify_answer(texts[k], answer).equal) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(k);
  }
  return found;
}

}  // namespace detail

/// Multiple choice: 1 where the response chooses the gold's letter. A letter stands alone, in any of `B`, `(B)`, `B.`,
/// `\boxed{\text{B}}`, "the answer is B", "B) 14"; behind a phrase before one at the beginning before the last one. The article of "A man"
/// and the pronoun of "I think" are no letters, small letters are none either. "A or B" is two answers: wrong. With `texts`, an
/// answer without a letter that equals the text of one option chooses it. The gold is a letter in any of these forms, or an
/// option's text; else `gold_invalid`.
inline outcome multiple_choice(std::string_view gold, std::string_view response, choice_rules const& rules = {}) {
  int const count = rules.texts.empty() ? rules.count : static_cast<int>(std::min<std::size_t>(rules.texts.size(), 26));
  if (count < 1 || count > 26) return {0.0, status::gold_invalid, reason::unreadable_gold};
  int wanted = gold.size() > 16 && !rules.texts.empty() ? -1 : detail::choice_of(gold, count).letter;
  if (wanted < 0) wanted = detail::option_of(gold, rules.texts);
  if (wanted < 0) return {0.0, status::gold_invalid, reason::unreadable_gold};
  detail::chosen said = detail::choice_of(response, count);
  if (said.letter < 0 && !rules.texts.empty()) {
    math::extraction const found = math::extract(response);
    if (!found.candidates.empty()) {
      math::text_span const s = found.candidates[0].where;
      said.letter = detail::option_of(response.substr(s.begin, s.end - s.begin), rules.texts);
    }
  }
  if (said.letter < 0) return {0.0, status::no_answer, reason::no_candidate};
  if (said.several) return {0.0, status::scored, reason::answers_disagree};
  bool const right = said.letter == wanted;
  return {right ? 1.0 : 0.0, status::scored, right ? reason::equal_text : reason::different_text};
}

}  // namespace reward::task
AHA_NAMESPACE_END

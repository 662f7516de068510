// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/squad.hpp>
#include <aha/reward/outcome.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::compat::slime {

// slime's multiple-choice reward (slime/rollout/rm_hub/gpqa.py), number for number.

namespace choice {

inline bool letter(std::string_view text, std::size_t at) {
  return at < text.size() && unicode::is_ascii_letter(static_cast<unsigned char>(text[at]));
}
inline char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    unicode::character const c = unicode::decode(text, at);
    if (!unicode::is_space(c.point)) break;
    at += c.size;
  }
  return at;
}
/// Behind a word in any case (the word in small letters), npos where it does not stand there.
inline std::size_t behind(std::string_view text, std::size_t at, std::string_view word) {
  if (at > text.size() || text.size() - at < word.size()) return std::string_view::npos;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (upper(text[at + i]) != upper(word[i])) return std::string_view::npos;
  }
  return at + word.size();
}
/// \s*(?:is|:)?\s*([A-Z]) in any case behind `at`: the letter, or 0. Without a letter behind "is" its own i is one.
inline char letter_behind(std::string_view text, std::size_t at) {
  std::size_t const word = skip_space(text, at);
  std::size_t after = behind(text, word, "is");
  if (after == std::string_view::npos) after = behind(text, word, ":");
  if (after != std::string_view::npos && letter(text, skip_space(text, after)))
    return upper(text[skip_space(text, after)]);
  return letter(text, word) ? upper(text[word]) : '\0';
}
/// The letter of the first "answer is X" and the like; `lead`: a word that must stand before.
inline char named_letter(std::string_view text, std::string_view lead, bool choices) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t const begin = lead.empty() ? at : behind(text, at, lead);
    if (begin == std::string_view::npos) continue;
    std::size_t const word = lead.empty() ? begin : skip_space(text, begin);
    for (std::string_view const w : {"answer", "option", "choice"}) {
      if (w == "choice" && !choices) continue;
      std::size_t const after = behind(text, word, w);
      char const found = after == std::string_view::npos ? '\0' : letter_behind(text, after);
      if (found != '\0') return found;
    }
  }
  return '\0';
}
/// The letter of the first "X is (the) correct".
inline char correct_letter(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!letter(text, at)) continue;
    std::size_t const is = behind(text, skip_space(text, at + 1), "is");
    if (is == std::string_view::npos) continue;
    std::size_t const next = skip_space(text, is);
    std::size_t const the = behind(text, next, "the");
    bool const fits =
        behind(text, next, "correct") != std::string_view::npos ||
        (the != std::string_view::npos && behind(text, skip_space(text, the), "correct") != std::string_view::npos);
    if (fits) return upper(text[at]);
  }
  return '\0';
}
/// Small letters, everything but a-z and 0-9 one blank, none at the ends.
inline std::string normalize(std::string_view text) {
  std::string result;
  for (char const c : unicode::lowered(text)) {
    auto const u = static_cast<unsigned char>(c);
    if (unicode::is_ascii_letter(u) || unicode::is_ascii_digit(u)) {
      result.push_back(c);
    } else if (!result.empty() && result.back() != ' ') {
      result.push_back(' ');
    }
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

}  // namespace choice

/// _extract_letter_from_response: behind the last </think>, the first "answer is X", "X is correct", "final answer is X" that
/// names a valid letter, else the last lone valid capital. `valid`: capitals. 0: none.
inline char extract_letter(std::string_view response, std::string_view valid) {
  std::string_view const text = after_last(response, "</think>");
  auto const is_valid = [&](char c) { return c != '\0' && valid.find(c) != std::string_view::npos; };
  for (char const found : {choice::named_letter(text, "", true), choice::correct_letter(text),
                           choice::named_letter(text, "final", false)}) {
    if (is_valid(found)) return found;
  }
  char last = '\0';
  bool word_before = false;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t at) {
    bool const capital = c.point >= 'A' && c.point <= 'Z';
    bool const alone =
        capital && !word_before && (at + 1 >= text.size() || !is_word_character(unicode::decode(text, at + 1).point));
    if (alone && is_valid(static_cast<char>(c.point))) last = static_cast<char>(c.point);
    word_before = is_word_character(c.point);
  });
  return last;
}

/// The question of `gpqa_reward`: its metadata.
struct choice_question {
  std::vector<std::string> choices;
  std::string valid_letters;  ///< empty: A, B, ... for the choices, A to J without choices
  std::optional<std::string> correct_letter;
  std::optional<std::string> correct_answer;
  std::optional<std::string> answer_text;
};
/// The gold of a question: a text (a letter or the answer's words) or the number of a choice.
struct choice_label {
  std::optional<std::string> text;
  std::optional<std::int64_t> index;
};

/// compute_gpqa_reward: the letter that the response names against the right one, else the right answer's words in the
/// response. 1 or 0.
inline outcome gpqa_reward(std::string_view response, choice_label const& label, choice_question question = {}) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string valid = question.valid_letters;
  for (char& c : valid) c = choice::upper(c);
  if (valid.empty()) valid = alphabet.substr(0, question.choices.empty() ? 10 : question.choices.size());
  auto const stripped_upper = [](std::string_view s) {
    std::string u(unicode::stripped(s));
    for (char& c : u) c = choice::upper(c);
    return u;
  };
  std::string correct = question.correct_letter ? stripped_upper(*question.correct_letter) : std::string();
  std::string const words = label.text ? std::string(unicode::stripped(*label.text)) : std::string();
  bool const is_letter = words.size() == 1 && valid.find(choice::upper(words[0])) != std::string::npos;
  if (is_letter && correct.empty()) correct = stripped_upper(words);
  if (label.index && *label.index >= 0 && static_cast<std::size_t>(*label.index) < valid.size()) {
    correct = valid[static_cast<std::size_t>(*label.index)];
  }
  if (correct.empty() && !words.empty()) {
    std::string const wanted = choice::normalize(words);
    for (std::size_t i = 0; i < question.choices.size() && i < valid.size(); ++i) {
      if (choice::normalize(question.choices[i]) != wanted) continue;
      correct = valid[i];
      if (!question.correct_answer) question.correct_answer = question.choices[i];
      break;
    }
  }
  char const named = extract_letter(response, valid);
  if (named != '\0' && !correct.empty()) return std::string(1, named) == correct ? 1.0 : 0.0;
  std::vector<std::string> answers;
  std::size_t const place = correct.size() == 1 ? valid.find(correct) : std::string::npos;
  if (place < question.choices.size()) answers.push_back(question.choices[place]);
  if (question.correct_answer) answers.push_back(*question.correct_answer);
  if (question.answer_text) answers.push_back(*question.answer_text);
  if (!words.empty() && !is_letter) answers.push_back(words);
  std::string const said = " " + choice::normalize(after_last(response, "</think>")) + " ";
  for (std::string const& a : answers) {
    std::string const target = choice::normalize(a);
    if (!target.empty() && contains(said, " " + target + " ")) return 1.0;
  }
  return named != '\0' && correct.empty() && !words.empty() && std::string(1, named) == stripped_upper(words) ? 1.0
                                                                                                              : 0.0;
}

}  // namespace reward::compat::slime
AHA_NAMESPACE_END

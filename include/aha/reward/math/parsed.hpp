// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/formula_spans.hpp>
#include <aha/reward/math/lex_command.hpp>
#include <aha/reward/math/normal_text.hpp>
#include <aha/reward/math/parse_atom.hpp>
#include <aha/reward/math/parse_bracket.hpp>
#include <aha/reward/math/parse_function.hpp>
#include <aha/reward/math/parse_list.hpp>
#include <aha/reward/math/parse_sum.hpp>
#include <aha/reward/math/parse_words.hpp>
#include <aha/reward/math/plain_form.hpp>
#include <aha/reward/outcome.hpp>
#include <string>
#include <string_view>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// One answer, read: its tree, or its words where it is no mathematics. Owns all that it needs; copies are deep.
struct parsed {
  math::tree tree;
  std::string words;      ///< the normal form as text (`normal_text`)
  bool sentence = false;  ///< words around formulas: the tree holds the formulas alone
  enum status status = status::no_answer;
  enum reason reason = reason::empty_text;
  std::uint64_t steps = 0;

  /// True where the answer is words and nothing else.
  [[nodiscard]] bool is_text() const { return tree.root < 0; }
  [[nodiscard]] bool readable() const { return status == status::scored; }
  /// What it is: number, symbol, ..., text.
  [[nodiscard]] enum kind kind() const { return is_text() ? kind::text : tree.at(tree.root).kind; }
};

namespace detail {

inline std::int32_t read_formula(std::string_view text, tree& into, parse_options const& options, budget& steps,
                                 bool comma) {
  lexer cut(text, into, steps, comma);
  std::vector<token> tokens = cut.run();
  if (steps.exhausted()) return -1;
  parser p(text, std::move(tokens), into, options, steps);
  std::int32_t const root = p.answer();
  if (into.too_high) steps.refuse();
  return steps.exhausted() ? -1 : root;
}

/// The text without what people put around an answer: blanks, emphasis, a full stop.
inline std::string_view bare(std::string_view text) {
  for (;;) {
    std::string_view const before = text;
    text = trimmed(text);
    while (!text.empty() && text.front() == '*') text.remove_prefix(1);
    while (!text.empty() && text.back() == '*') text.remove_suffix(1);
    // "a.m." and "0.3..." keep their points.
    if (text.size() > 1 && text.back() == '.' && text[text.size() - 2] != '.' && lower(text[text.size() - 2]) != 'm')
      text.remove_suffix(1);
    if (text == before) return text;
  }
}

inline void read_plain(std::string_view text, parse_options const& options, budget& steps, bool comma, parsed& result) {
  text = bare(text);
  result.words = normal_text(text);
  steps.charge(text.size() / 4 + 1);
  if (text.empty()) return;
  std::int32_t root = read_words(result.words, result.tree);
  if (root < 0 && !only_words(text)) {
    if (!is_foreign_prose(text)) root = read_formula(text, result.tree, options, steps, comma);
    if (root < 0 && !steps.exhausted()) {
      // Words around formulas: what the formulas say, in their order; without formulas, the numbers.
      std::vector<std::int32_t> parts;
      for (text_span const& s : formula_spans(text)) {
        std::string_view const inner = text.substr(s.begin, s.end - s.begin);
        std::int32_t const part = trimmed(inner).empty() ? -1 : read_formula(inner, result.tree, options, steps, false);
        if (part >= 0) parts.push_back(part);
      }
      if (parts.empty())
        for (text_span const& s : is_plain_prose(text) ? plain_numbers(text) : std::vector<text_span>{}) {
          std::int32_t const part =
              read_formula(text.substr(s.begin, s.end - s.begin), result.tree, options, steps, false);
          if (part >= 0) parts.push_back(part);
        }
      result.sentence = !parts.empty();
      if (parts.size() == 1) root = parts[0];
      if (parts.size() > 1) root = result.tree.make(kind::list, parts);
    }
  }
  if (steps.exhausted()) {
    result.tree = {};
    result.status = status::budget;
    result.reason = reason::out_of_steps;
    return;
  }
  result.tree.root = root;
  if (root < 0 && result.words.empty()) return;
  result.status = status::scored;
  result.reason = reason::none;
}

inline void read_answer(std::string_view text, parse_options const& options, budget& steps, bool comma,
                        parsed& result) {
  if (needs_plain_form(text)) return read_plain(plain_form(text), options, steps, comma, result);
  read_plain(text, options, steps, comma, result);
}

}  // namespace detail

/// Reads one answer: LaTeX, plain notation, or words (the grammar is in the folder's README). Never throws, never
/// evaluates anything; `status` is `budget` where the text is nested too deeply or costs too much, `no_answer` where it is
/// empty. A sentence around formulas becomes the list of its formulas.
inline parsed parse(std::string_view answer, parse_options const& options = {}) {
  parsed result;
  budget steps = options.limit.of(answer.size());
  detail::read_answer(answer, options, steps, false, result);
  result.steps = steps.used();
  return result;
}

}  // namespace reward::math
AHA_NAMESPACE_END

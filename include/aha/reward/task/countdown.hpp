// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/extract.hpp>
#include <aha/reward/math/rational.hpp>
#include <aha/reward/outcome.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::task {

/// A countdown problem: make `target` of the numbers by + - * / and parentheses.
struct countdown_problem {
  std::int64_t target = 0;
  std::vector<std::int64_t> numbers;  ///< not negative
};

/// What an answer must do and what a wrong one earns.
struct countdown_rules {
  bool use_all = true;        ///< every number exactly once; false: at most once
  double format_score = 0.0;  ///< of an answer that is an expression, though a wrong one (TinyZero: 0.1)
};

/// A problem as text: `24: 4 6 8`, or the words target and numbers (`nums`) with theirs behind, in either order, as in
/// `{"target": 24, "numbers": [4, 6, 8]}`. nullopt where a part is missing or a number does not fit.
inline std::optional<countdown_problem> countdown_problem_of(std::string_view text) {
  auto const digit = [](char c) { return c >= '0' && c <= '9'; };
  // Whole numbers from `at` to `end`; false where one does not fit.
  auto const numbers = [&](std::size_t at, std::size_t end, std::vector<std::int64_t>& into) {
    while (at < end) {
      if (!digit(text[at])) {
        ++at;
        continue;
      }
      bool const negative = at > 0 && text[at - 1] == '-';
      std::int64_t value = 0;
      auto const read = std::from_chars(text.data() + at, text.data() + end, value);
      if (read.ec != std::errc()) return false;
      into.push_back(negative ? -value : value);
      at = static_cast<std::size_t>(read.ptr - text.data());
    }
    return true;
  };
  constexpr std::size_t npos = std::string_view::npos;
  std::size_t const word = text.find("target");
  std::size_t const list = std::min(text.find("numbers"), text.find("nums"));
  std::vector<std::int64_t> target;
  countdown_problem p;
  bool read = false;
  if (word != npos && list != npos) {
    read = numbers(word, list > word ? list : text.size(), target) &&
           numbers(list, word > list ? word : text.size(), p.numbers);
  } else {
    std::size_t const colon = text.find(':');
    read = colon != npos && numbers(0, colon, target) && numbers(colon, text.size(), p.numbers);
  }
  if (!read || target.size() != 1 || p.numbers.empty()) return std::nullopt;
  if (*std::min_element(p.numbers.begin(), p.numbers.end()) < 0) return std::nullopt;
  p.target = target[0];
  return p;
}

namespace detail {

/// Exact arithmetic on whole numbers, one pass with two stacks: no recursion, no floating point. Every numeral is taken from
/// the numbers that are left, so a text has at most as many values as there are numbers, however long it is.
class countdown_reader {
 public:
  countdown_reader(std::string_view text, std::vector<std::int64_t> numbers, math::budget& steps)
      : text_(text), left_(std::move(numbers)), steps_(steps) {
    std::sort(left_.begin(), left_.end());
  }
  /// `none` where the text is an expression over the numbers; `value` and `left` tell the rest.
  enum reason read() {
    bool operand = true;  // what must come next
    for (;;) {
      skip();
      if (at_ == text_.size()) break;
      char const c = text_[at_];
      if (operand && c >= '0' && c <= '9') {
        if (enum reason const why = numeral(); why != reason::none) return why;
        operand = false;
      } else if (operand && (c == '(' || c == '[')) {
        signs_.push_back('(');
        ++at_;
      } else if (!operand && (c == ')' || c == ']')) {
        if (!fold_to_open()) return failed_;
        ++at_;
      } else {
        char const sign = operation();
        if (sign == 0 || (operand && sign != '-' && sign != '+')) return reason::no_expression;
        if (operand) {
          if (sign == '-') signs_.push_back('n');
          continue;
        }
        while (!signs_.empty() && signs_.back() != '(' && strength(signs_.back()) >= strength(sign))
          if (!fold()) return failed_;
        signs_.push_back(sign);
        operand = true;
      }
    }
    if (operand) return reason::no_expression;
    while (!signs_.empty())
      if (signs_.back() == '(' || !fold()) return failed_;
    return values_.size() == 1 ? reason::none : reason::no_expression;
  }
  [[nodiscard]] math::rational const& value() const { return values_.back(); }
  [[nodiscard]] bool used_all() const { return left_.empty(); }

 private:
  std::string_view text_;
  std::vector<std::int64_t> left_;
  math::budget& steps_;
  std::vector<math::rational> values_;
  std::vector<char> signs_;
  std::size_t at_ = 0;
  enum reason failed_ = reason::no_expression;

  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  // Blanks and what LaTeX puts around: dollar signs, \left, \right, thin spaces.
  void skip() {
    while (at_ < text_.size()) {
      char const c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '$')
        ++at_;
      else if (!accept("\\left") && !accept("\\right") && !accept("\\,") && !accept("\\!") && !accept("\\;") &&
               !accept("\\ "))
        return;
    }
  }
  char operation() {
    struct spelling {
      std::string_view text;
      char sign;
    };
    for (spelling const& s : {spelling{"\\times", '*'},
                              {"\\cdot", '*'},
                              {"\\div", '/'},
                              {"\xC3\x97", '*'},
                              {"\xC2\xB7", '*'},
                              {"\xE2\x8B\x85", '*'},
                              {"\xC3\xB7", '/'},
                              {"\xE2\x88\x92", '-'},
                              {"\xE2\x80\x93", '-'},
                              {"+", '+'},
                              {"-", '-'},
                              {"*", '*'},
                              {"/", '/'}})
      if (accept(s.text)) return s.sign;
    return 0;
  }
  static int strength(char sign) { return sign == 'n' ? 3 : sign == '*' || sign == '/' ? 2 : 1; }
  enum reason numeral() {
    std::int64_t n = 0;
    auto const read = std::from_chars(text_.data() + at_, text_.data() + text_.size(), n);
    if (read.ec != std::errc()) return reason::wrong_numbers;  // longer than any of them
    at_ = static_cast<std::size_t>(read.ptr - text_.data());
    if (at_ < text_.size() && text_[at_] == '.') return reason::no_expression;
    auto const found = std::lower_bound(left_.begin(), left_.end(), n);
    if (found == left_.end() || *found != n) return reason::wrong_numbers;
    left_.erase(found);
    values_.emplace_back(n);
    return reason::none;
  }
  bool fold_to_open() {
    while (!signs_.empty() && signs_.back() != '(')
      if (!fold()) return false;
    if (signs_.empty()) return false;
    signs_.pop_back();
    return true;
  }
  // The last operation on the last values.
  bool fold() {
    char const sign = signs_.back();
    signs_.pop_back();
    if (!steps_.charge()) return refuse(reason::out_of_steps);
    if (sign == 'n') {
      values_.back() = negate(values_.back());
      return true;
    }
    math::rational const b = std::move(values_.back());
    values_.pop_back();
    math::rational& a = values_.back();
    if (sign == '/' && b.is_zero()) return refuse(reason::undefined_value);
    a = sign == '+'   ? add(a, b, steps_)
        : sign == '-' ? add(a, negate(b), steps_)
        : sign == '*' ? multiply(a, b, steps_)
                      : multiply(a, reciprocal(b), steps_);
    return !steps_.exhausted() || refuse(reason::out_of_steps);
  }
  bool refuse(enum reason why) {
    failed_ = why;
    return false;
  }
};

}  // namespace detail

/// Countdown (the number game of the television programme; TinyZero's first task): 1 where the response's answer is an
/// expression that uses the numbers as the rules say and has exactly the target's value, in rational arithmetic. The answer
/// is the last box, or the last `<answer>`; nothing else counts. `(8 - 4) * 6 = 24` is read up to the sign, if the target
/// stands behind it. Legal are whole numbers, + - * / (also `\times`, `\cdot`, `\div` and their characters), signs, round and
/// square parentheses. Status `no_answer` without an answer, `gold_invalid` without numbers. Deviations from TinyZero, which is
/// `compat::tinyzero::countdown`: no `eval` and so no `**`, no tolerance, no prompt in the text, the whole response is read.
inline outcome countdown(countdown_problem const& problem, std::string_view response,
                         countdown_rules const& rules = {}) {
  if (problem.numbers.empty()) return {0.0, status::gold_invalid, reason::unreadable_gold};
  math::extract_options const places;
  math::text_span const where = math::detail::extractor(response, places).searched();
  std::vector<math::text_span> const boxes = math::detail::boxed_spans(response, where);
  bool const tagged = where.begin >= 8 && response.substr(where.begin - 8, 8) == "<answer>";
  if (boxes.empty() && !tagged) return {0.0, status::no_answer, reason::no_candidate};
  math::text_span const place = boxes.empty() ? where : boxes.back();
  std::string_view text = response.substr(place.begin, place.end - place.begin);
  while (!text.empty() && (math::is_blank(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);  // of the sentence
  math::budget steps = math::step_limit{}.of(response.size());
  std::size_t const equals = text.find('=');
  if (equals != std::string_view::npos) {
    detail::countdown_reader behind(text.substr(equals + 1), {problem.target < 0 ? -problem.target : problem.target},
                                    steps);
    if (behind.read() != reason::none || behind.value() != math::rational(problem.target))
      return {0.0, status::scored, reason::no_expression};
    text = text.substr(0, equals);
  }
  detail::countdown_reader reader(text, problem.numbers, steps);
  enum reason const why = reader.read();
  if (why == reason::out_of_steps) return {0.0, status::budget, why};
  if (why == reason::no_expression) return {0.0, status::scored, why};
  if (why != reason::none) return {rules.format_score, status::scored, why};
  if (rules.use_all && !reader.used_all()) return {rules.format_score, status::scored, reason::wrong_numbers};
  bool const right = reader.value() == math::rational(problem.target);
  return {right ? 1.0 : rules.format_score, status::scored, right ? reason::equal_numbers : reason::wrong_value};
}

/// The problem as text, see `countdown_problem_of`; one that cannot be read is `gold_invalid`.
inline outcome countdown(std::string_view problem, std::string_view response, countdown_rules const& rules = {}) {
  std::optional<countdown_problem> const p = countdown_problem_of(problem);
  if (!p) return {0.0, status::gold_invalid, reason::unreadable_gold};
  return countdown(*p, response, rules);
}

}  // namespace reward::task
AHA_NAMESPACE_END

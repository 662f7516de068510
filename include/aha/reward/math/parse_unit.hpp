// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parse_words.hpp>
#include <aha/reward/math/parser.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Length of "am", "p.m.", "P.M." at `at` (0: none); `afternoon` tells which.
inline std::size_t meridiem(std::string_view text, std::size_t at, bool& afternoon) {
  std::size_t k = at;
  while (k < text.size() && (is_blank(text[k]) || text[k] == '~')) ++k;
  if (k + 1 >= text.size()) return 0;
  char const first = lower(text[k]);
  if (first != 'a' && first != 'p') return 0;
  afternoon = first == 'p';
  ++k;
  bool const dotted = text[k] == '.';
  if (dotted) ++k;
  while (dotted && k < text.size() && text[k] == ' ') ++k;
  if (k >= text.size() || lower(text[k]) != 'm') return 0;
  ++k;
  if (k < text.size() && is_letter(text[k])) return 0;
  if (dotted && k < text.size() && text[k] == '.') ++k;
  return k - at;
}

/// True where a word in the place of a unit is one: known, or a word of four letters that is no product of symbols.
inline bool is_unit_word(std::string_view word) {
  return (word.size() >= 4 && !is_prose(word)) || find_unit(word) != nullptr;
}

[[nodiscard]] inline bool parser::starts_unit() const {
  token const& t = peek();
  if (t.kind == tk::text) return true;
  std::string_view const word = source(t);
  if (t.kind == tk::roman)
    return t.data == 0 && word != "i" && word != "e" && (word.size() > 1 || find_unit(word) != nullptr);
  bool afternoon = false;
  if (t.kind == tk::letter && t.end < text_.size() && text_[t.end] == '.')
    return meridiem(text_, t.begin, afternoon) != 0;
  if (t.kind == tk::run) return !t.formula || is_unit_word(word) || meridiem(word, 0, afternoon) != 0;
  return false;
}

// Words, romans and known abbreviations, with powers, products and quotients: "\mathrm{~m} / \mathrm{s}^2", "square feet".
inline std::int32_t parser::with_unit(std::int32_t value) {
  std::int64_t hour = 0;
  if (is_integer_literal(value) && tree_.number_of(tree_.at(value)).to_int64(hour)) {
    std::int32_t const time = clock_time(value, hour, 0);
    if (time != none) return time;
  }
  std::string name;
  bool divided = false;
  while (steps_.charge(4) && name.size() < 256) {
    token const& t = peek();
    bool const letter = t.kind == tk::letter && divided && find_unit(source(t)) != nullptr;
    bool const degree = t.kind == tk::degree;
    if (!starts_unit() && !letter && !degree) break;
    if (!name.empty() && name.back() != '/' && name.back() != ' ') name += ' ';
    name += degree ? std::string_view("degree") : source(t);
    ++at_;
    divided = false;
    if (is(tk::caret)) {
      bool const brace = is(tk::open_brace, 1), negative = is(tk::minus, brace ? 2 : 1);
      std::size_t const k = 1U + (brace ? 1U : 0U) + (negative ? 1U : 0U);
      if (is(tk::number, k)) {
        name.append(negative ? "^-" : "^").append(source(peek(k)));
        at_ += k + 1 + (brace ? 1U : 0U);
      } else if (is(tk::degree, 1)) {
        at_ += 2;
      }
    }
    bool const joint = is(tk::divide) || is(tk::minus) || is(tk::times);
    token const& after = peek(1);
    bool const unit_after = after.kind == tk::roman || after.kind == tk::text ||
                            (is(tk::divide) && after.kind == tk::run) ||
                            (is(tk::divide) && after.kind == tk::letter && find_unit(source(after)) != nullptr);
    if (joint && unit_after) {
      divided = is(tk::divide);
      name += divided ? '/' : ' ';
      ++at_;
    }
  }
  return name.empty() ? none : tree_.unary(kind::unit, value, 0, tree_.name(name));
}

// "4:30 p.m.", "5 am"; minute 0 and no mark is a time too ("12:00"); otherwise `none`, and the colon is a ratio.
inline std::int32_t parser::clock_time(std::int32_t value, std::int64_t hour, std::int64_t minute) {
  bool afternoon = false;
  std::size_t const begin = peek().begin;
  std::size_t const length = is(tk::end) ? 0 : meridiem(text_, begin, afternoon);
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59) return none;
  if (length == 0 && (value != none || minute != 0)) return none;
  while (!is(tk::end) && peek().begin < begin + length && steps_.charge()) ++at_;
  auto const minutes = static_cast<std::int32_t>(hour * 60 + minute);
  return tree_.leaf(kind::clock, minutes,
                    length == 0 ? std::uint8_t{0}
                    : afternoon ? std::uint8_t{2}
                                : std::uint8_t{1});
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

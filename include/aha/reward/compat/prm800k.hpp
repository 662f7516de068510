// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/arithmetic.hpp>
#include <aha/reward/compat/boxed.hpp>
#include <aha/reward/compat/hendrycks.hpp>
#include <aha/reward/compat/latex_text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::prm800k {

// prm800k's grader (arXiv:2305.20050), which slime and verl's prime_math share: strings first, a computer algebra system for
// the rest. The system is an argument here: `equal(gold, given)` of two normalised expressions.

/// Thousands commas out, as three passes of (\d)(,)(\d\d\d)($|\D) do it: "1,000,000,000" keeps one, and so do the peers.
inline std::string strip_commas(std::string_view expression) {
  std::string now(expression);
  auto const digit = [&](std::size_t i) {
    return i < now.size() && unicode::is_ascii_digit(static_cast<unsigned char>(now[i]));
  };
  for (bool changed = true; changed;) {
    changed = false;
    std::string next;
    std::size_t begin = 0;
    for (std::size_t i = 1; i < now.size();) {
      bool const fits = now[i] == ',' && i - 1 >= begin && digit(i - 1) && digit(i + 1) && digit(i + 2) &&
                        digit(i + 3) && !digit(i + 4);
      if (!fits) {
        ++i;
        continue;
      }
      next.append(now, begin, i - begin).append(now, i + 1, 3);
      begin = i + 4;
      if (begin < now.size()) next.push_back(now[begin++]);  // the sign behind is part of the match
      i = begin + 1;
      changed = true;
    }
    next.append(now, begin, std::string::npos);
    now = std::move(next);
  }
  return now;
}

/// True where a float is a whole number, to 1e-7.
inline bool is_whole(double x) { return std::isfinite(x) && std::fabs(x - std::nearbyint(x)) <= 1e-7; }
/// True for the text of a whole number.
inline bool is_whole(std::string_view text) {
  std::optional<double> const x = to_float(strip_commas(text));
  return x && is_whole(*x);
}

/// Takes `unit`, its plural, blanks and a power behind it out of a text.
inline std::string without_unit(std::string_view text, std::string_view unit) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(unit); at != std::string_view::npos; at = text.find(unit, begin)) {
    result.append(text.substr(begin, at - begin));
    begin = at + unit.size();
    if (text.substr(begin, 2) == "es") begin += 2;
    if (text.substr(begin, 1) == "s") begin += 1;
    while (begin < text.size() && text[begin] == ' ') ++begin;
    std::size_t power = begin + 1;
    while (power < text.size() && unicode::is_ascii_digit(static_cast<unsigned char>(text[power]))) ++power;
    if (begin < text.size() && text[begin] == '^' && power > begin + 1) begin = power;
  }
  return result.append(text.substr(begin));
}

/// `before` and any blanks behind it become `with`; `after`: only where this follows.
inline std::string with_blanks(std::string_view text, std::string_view before, std::string_view after,
                               std::string_view with) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(before); at != std::string_view::npos;) {
    std::size_t end = at + before.size();
    while (end < text.size() && text[end] == ' ') ++end;
    if (text.substr(end, after.size()) != after) {
      at = text.find(before, at + 1);
      continue;
    }
    result.append(text.substr(begin, at - begin)).append(with);
    begin = end + after.size();
    at = text.find(before, begin);
  }
  return result.append(text.substr(begin));
}

/// "7 3/4" becomes "7+3/4": blanks between two digits.
inline std::string mixed_numbers(std::string_view text) {
  auto const digit = [&](std::size_t i) {
    return i < text.size() && unicode::is_ascii_digit(static_cast<unsigned char>(text[i]));
  };
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t j = i + 1;
    while (digit(i) && j < text.size() && text[j] == ' ') ++j;
    result.push_back(text[i]);
    if (j > i + 1 && digit(j)) {
      result.append("+").push_back(text[j]);
      i = j + 1;
    } else {
      ++i;
    }
  }
  return result;
}

/// _normalize: no dollars, percent, units and text, commas between alternatives, LaTeX as plain text, small letters, whole
/// numbers as integers.
inline std::string normalize(std::string_view expression) {
  std::string s(inside_text(expression).value_or(expression));
  constexpr std::string_view steps[][2] = {{"\\%", "%"},
                                           {"\\$", "$"},
                                           {"$", ""},
                                           {"%", ""},
                                           {" or ", " , "},
                                           {" and ", " , "},
                                           {"million", "*10^6"},
                                           {"billion", "*10^9"},
                                           {"trillion", "*10^12"}};
  for (auto const& [what, with] : steps) s = replaced(s, what, with);
  for (std::string_view const unit : {"degree", "cm", "centimeter", "meter", "mile", "second", "minute", "hour", "day",
                                      "week", "month", "year", "foot", "feet", "inch", "yard"}) {
    s = without_unit(s, unit);
  }
  s = with_blanks(s, "^", "\\circ", "");
  if (s.size() > 1 && s.front() == '{' && s.back() == '}') s = s.substr(1, s.size() - 2);
  s = with_blanks(s, ",\\!", "", "");
  std::optional<double> const x = to_float(s);
  if (x && is_whole(*x)) s = int_text(std::nearbyint(*x));
  if (contains(s, "\\")) s = std::string(unicode::stripped(latex_text(s)));
  s = with_blanks(s, "-", "", "-");
  s = replaced(mixed_numbers(s), " ", "");
  s = unicode::lowered(replaced(replaced(s, "{", ""), "}", ""));
  if (is_whole(s)) {
    std::optional<double> const whole = to_float(replaced(s, ",", ""));
    if (whole) s = int_text(*whole);
  }
  return s;
}

/// The elements of a tuple or interval; other text is one element.
inline std::vector<std::string> split_tuple(std::string_view expression) {
  std::string const s = strip_commas(expression);
  constexpr std::string_view brackets = "()[]";
  if (s.empty()) return {};
  std::string_view const inside = s.size() > 2 ? std::string_view(s).substr(1, s.size() - 2) : std::string_view();
  if (s.size() <= 2 || !contains(brackets, s.substr(0, 1)) || !contains(brackets, s.substr(s.size() - 1)) ||
      inside.find_first_of(brackets) != std::string_view::npos) {
    return {s};
  }
  std::vector<std::string> elements;
  for (std::string_view const e : split(inside, ",")) elements.emplace_back(unicode::stripped(e));
  return elements;
}

/// True for a fraction of whole numbers as written, one more character allowed behind each (^-?[0-9]+.?/0*[1-9][0-9]*.?$).
inline bool is_fraction(std::string_view s) {
  std::size_t i = starts_with(s, "-") ? 1 : 0;
  auto const digits = [&] {
    std::size_t const begin = i;
    bool positive = false;
    while (i < s.size() && unicode::is_ascii_digit(static_cast<unsigned char>(s[i]))) positive |= s[i++] != '0';
    return i > begin ? (positive ? 2 : 1) : 0;
  };
  if (digits() == 0) return false;
  if (i < s.size() && s[i] != '/') i += unicode::decode(s, i).size;
  if (i >= s.size() || s[i] != '/') return false;
  ++i;
  if (digits() != 2) return false;
  if (i < s.size()) i += unicode::decode(s, i).size;
  return i == s.size();
}

/// Whether the algebra system is asked about an expression: at most two different letters, no power that could be large, no
/// comma (which makes a tuple there, and a difference of tuples raises).
inline bool may_evaluate(std::string_view expression) {
  if (contains(expression, ",")) return false;
  if (contains(expression, "^{") || contains(expression, "^(")) return false;
  for (std::size_t at = expression.find('^'); at != std::string_view::npos; at = expression.find('^', at + 1)) {
    std::size_t i = at + 1;
    while (i < expression.size() && unicode::is_ascii_digit(static_cast<unsigned char>(expression[i]))) ++i;
    if (i > at + 2 || (i == at + 2 && i < expression.size() && expression[i] == '^')) return false;
  }
  std::string const rest = replaced(replaced(expression, "sqrt", ""), "frac", "");
  char32_t seen[2] = {};
  int letters = 0;
  bool few = true;
  unicode::for_each_character(rest, [&](unicode::character c, std::size_t) {
    if (!unicode::is_letter(c.point) || (letters > 0 && seen[0] == c.point) || (letters > 1 && seen[1] == c.point))
      return;
    if (letters == 2) {
      few = false;
      return;
    }
    seen[letters++] = c.point;
  });
  return few;
}

/// grade_answer_sympy: normalised texts are equal, or element by element: two fractions as texts, a whole number only with a
/// whole number, else by `equal(gold, given)`, which is asked only where `may_evaluate` allows it.
template <class Equal>
bool grade_by_algebra(std::string_view given, std::string_view gold, Equal&& equal) {
  std::string const g = normalize(gold);
  std::string const a = normalize(given);
  if (g == a) return true;
  if (a.empty()) return false;
  std::vector<std::string> const wanted = split_tuple(g);
  std::vector<std::string> const got = split_tuple(a);
  if (wanted.size() != got.size()) return false;
  if (wanted.size() > 1 && (g.front() != a.front() || g.back() != a.back())) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::string const& w = wanted[i];
    std::string const& s = got[i];
    bool same = false;
    if (is_fraction(w) && is_fraction(s)) {
      same = w == s;
    } else if (is_whole(std::string_view(w)) == is_whole(std::string_view(s))) {
      same = may_evaluate(std::string("(").append(w).append(")-(").append(s).append(")")) &&
             equal(std::string_view(w), std::string_view(s));
    }
    if (!same) return false;
  }
  return !wanted.empty();
}

/// grade_answer: equal after Hendrycks' normalisation, else `grade_by_algebra`.
template <class Equal>
bool grade_answer(std::string_view given, std::string_view gold, Equal&& equal) {
  return mathd_normalize(gold) == mathd_normalize(given) || grade_by_algebra(given, gold, equal);
}

/// An `equal` without an algebra system: both sides are arithmetic of numbers and equal to a relative 1e-12.
inline bool equal_numbers(std::string_view gold, std::string_view given) {
  std::optional<arithmetic_value> const a = arithmetic::evaluate(replaced(gold, "^", "**"));
  std::optional<arithmetic_value> const b = arithmetic::evaluate(replaced(given, "^", "**"));
  if (!a || !b) return false;
  if (a->whole && b->whole) return a->integer == b->integer;
  return std::fabs(a->real - b->real) <= 1e-12 * std::fmax(std::fabs(a->real), std::fabs(b->real));
}

}  // namespace reward::compat::prm800k
AHA_NAMESPACE_END

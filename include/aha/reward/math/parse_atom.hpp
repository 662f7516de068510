// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parse_unit.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

inline std::int32_t parser::atom() {
  level const here(*this);
  if (!here.fits()) return none;
  switch (peek().kind) {
    case tk::number: return number_atom();
    case tk::letter: return letter_atom();
    case tk::run: return word_atom();
    case tk::text:
    case tk::roman: return text_atom();
    case tk::pi: return ++at_, tree_.leaf(kind::pi);
    case tk::infinity: return ++at_, tree_.leaf(kind::infinity);
    case tk::dots: return ++at_, tree_.leaf(kind::dots);
    case tk::empty_set: return ++at_, tree_.leaf(kind::empty_set);
    case tk::reals: return ++at_, tree_.leaf(kind::reals, tokens_[at_ - 1].data);
    case tk::fraction: return fraction();
    case tk::root: return root();
    case tk::binomial: {
      ++at_;
      std::int32_t const n = argument(false);
      std::int32_t const k = n == none ? none : argument(false);
      return k == none ? none : tree_.function(function_name::binomial, n, k);
    }
    case tk::function: return function();
    case tk::sum:
    case tk::product:
    case tk::opaque: return big_operator();
    case tk::decoration: {
      std::string name(source(peek()));
      ++at_;
      if (!skip_group(name)) return none;
      return subscripted(std::move(name));
    }
    case tk::boxed: return ++at_, is(tk::open_brace) ? braced() : atom();
    case tk::open:
    case tk::open_square:
    case tk::close_square:
    case tk::angle_open: return bracketed();
    case tk::open_brace: return braced();
    case tk::open_set: return set_braces();
    case tk::bar: return between(tk::bar, function_name::abs);
    case tk::norm: return between(tk::norm, function_name::abs);
    case tk::floor_open: return between(tk::floor_close, function_name::floor);
    case tk::ceil_open: return between(tk::ceil_close, function_name::ceil);
    case tk::begin: return environment();
    default: return none;
  }
}

// A literal; with a subscript of digits the numeral of that base: 2112_6.
inline std::int32_t parser::number_atom() {
  token const t = peek();
  ++at_;
  if (is(tk::underscore)) {
    bool const brace = is(tk::open_brace, 1);
    token const& below = peek(brace ? 2 : 1);
    std::int64_t base = 0;
    if (below.kind == tk::number && tree_.numbers[static_cast<std::size_t>(below.data)].to_int64(base) && base >= 2 &&
        base <= 36) {
      rational value(0);
      for (char c : source(t)) {
        if (c == ',' || c == ' ' || c == '\\' || c == '!' || c == '{' || c == '}') continue;
        if (!is_digit(c) || c - '0' >= base) return none;
        value = add(multiply(value, rational(base), steps_), rational(c - '0'), steps_);
      }
      at_ += brace ? 4 : 2;
      return tree_.number(std::move(value));
    }
    return none;
  }
  return tree_.number(tree_.numbers[static_cast<std::size_t>(t.data)], t.formula);
}

inline std::int32_t parser::symbol(std::string_view name) { return tree_.leaf(kind::symbol, tree_.name(name)); }

inline std::int32_t parser::letter_atom() {
  std::string name(source(peek()));
  ++at_;
  if (name == "\\angle" || name == "\\triangle" || name == "\\odot" || name == "\\square") {
    // The name of a figure: all letters that follow.
    while ((is(tk::letter) || is(tk::run)) && steps_.charge()) {
      name += source(peek());
      ++at_;
      if (is(tk::underscore)) ++at_, name += '_', skip_group(name);
    }
    return symbol(name);
  }
  if (name == "e" && !is(tk::underscore)) return tree_.leaf(kind::euler);
  if (name == "i" && !is(tk::underscore)) return tree_.leaf(kind::imaginary);
  if (name == "\\textcircled" || (name.size() > 1 && name[0] == '\\' && is(tk::open_brace) && is(tk::number, 1)))
    skip_group(name);
  // C_{400}^{40}: a binomial coefficient where both places hold numbers.
  if (name == "C" && is(tk::underscore)) {
    std::size_t const start = at_;
    ++at_;
    std::int32_t const n = argument(true);
    if (is_integer_literal(n) && is(tk::caret)) {
      ++at_;
      std::int32_t const k = argument(true);
      if (is_integer_literal(k)) return tree_.function(function_name::binomial, n, k);
    }
    at_ = start;
  }
  return subscripted(std::move(name));
}

// The text of a subscript belongs to the name; braces and blanks do not.
inline std::int32_t parser::subscripted(std::string name) {
  while (is(tk::underscore) && steps_.charge()) {
    ++at_;
    name += '_';
    if (!skip_group(name)) return none;
  }
  return is_call() ? call(name) : symbol(name);
}

// Appends one token or one balanced group, as written.
inline bool parser::skip_group(std::string& name) {
  int depth = 0;
  do {
    token const& t = peek();
    if (t.kind == tk::end || !steps_.charge()) return false;
    if (t.kind == tk::open_brace)
      ++depth;
    else if (t.kind == tk::close_brace)
      --depth;
    else
      name += source(t);
    ++at_;
  } while (depth > 0);
  return true;
}

// f(x), E(Y), P(N=6): a name and brackets around plain arguments. n(n+1) and x(y) stay products where the name is no
// usual name of a function.
[[nodiscard]] inline bool parser::is_call() const {
  if (!is(tk::open) || at_ == 0) return false;
  token const& before = tokens_[at_ - 1];
  std::string_view const name =
      before.kind == tk::letter || before.kind == tk::run ? source(before) : std::string_view("f");
  bool const usual = name.size() != 1 || std::string_view("fghFGHPEQTLIVuvqpyst").find(name) != std::string_view::npos;
  if (before.kind == tk::prime) return true;
  bool const function = name == "f" || name == "g" || name == "h" || name == "F" || name == "G" || name == "H";
  std::size_t k = 1;
  bool plain = true, letters = false, several = false;
  for (; k < 24; ++k) {
    tk const t = peek(k).kind;
    if (t == tk::close) break;
    if (t == tk::end || t == tk::open) return false;
    several = several || t == tk::comma || t == tk::relation || t == tk::such_that || t == tk::bar;
    letters = letters || t == tk::letter;
    plain =
        plain && (t == tk::letter || t == tk::number || t == tk::comma || t == tk::underscore || t == tk::relation ||
                  t == tk::such_that || t == tk::bar || t == tk::open_brace || t == tk::close_brace);
  }
  if (!is(tk::close, k)) return false;
  bool const single = k == 2;
  return function || (usual && plain && (several || single)) || (plain && several && letters);
}

inline std::int32_t parser::call(std::string const& name) {
  ++at_;  // the bracket
  std::vector<std::int32_t> arguments;
  ++builders_;  // a bar inside says "given"
  while (steps_.charge()) {
    std::int32_t const one = item();
    if (one == none) return none;
    arguments.push_back(one);
    if (is(tk::bar) || is(tk::such_that) || is(tk::comma) || is(tk::semicolon)) {
      ++at_;
      continue;
    }
    break;
  }
  --builders_;
  if (!accept(tk::close)) return none;
  return tree_.make(kind::call, arguments, 0, tree_.name(name));
}

// Letters written together: one node that is a product of letters for arithmetic, and a name for comparison with text.
inline std::int32_t parser::word_atom() {
  token const& t = peek();
  std::string const word(source(t));
  if (word.size() > 4 || (!t.formula && word.size() > 2) || (is_prose(word) && !is(tk::end, 1))) return none;
  ++at_;
  if (is(tk::open) && is_call()) return call(word);
  if (word == "dx" || word == "dt" || word == "dy") return symbol(word);
  return tree_.leaf(kind::word, tree_.name(word));
}

inline std::int32_t parser::text_atom() {
  token const t = peek();
  std::string_view inner = trimmed(source(t));
  ++at_;
  if (t.kind == tk::roman) {
    if (inner == "e") return tree_.leaf(kind::euler);
    if (inner == "i") return tree_.leaf(kind::imaginary);
    bool letters = !inner.empty();
    for (char c : inner) letters = letters && is_letter(c);
    if (inner.size() == 1 && letters) return subscripted(std::string(inner));
    if (letters && t.data == 1) return is(tk::open) ? call(std::string(inner)) : symbol(inner);
    if (letters && inner.size() <= 3 && !is(tk::open)) return tree_.leaf(kind::word, tree_.name(inner));
    if (letters) return is(tk::open) && is_call() ? call(std::string(inner)) : symbol(inner);
    return inner.empty() ? atom() : none;
  }
  if (inner.empty()) return none;
  // A letter in \\text, with or without brackets, is a choice.
  std::string_view letter = inner;
  if (letter.size() == 3 && letter[0] == '(' && letter[2] == ')') letter = letter.substr(1, 1);
  if (letter.size() == 1 && letter[0] >= 'A' && letter[0] <= 'Z') return symbol(letter);
  return tree_.leaf(kind::text, tree_.name(inner));
}

// What a command takes: a group, one letter, one digit (`\frac12`) or one number (`\sqrt13`).
inline std::int32_t parser::argument(bool whole_number) {
  level const here(*this);
  if (!here.fits()) return none;
  if (is(tk::open_brace)) return braced();
  if (!options_.malformed_operators) return none;
  bool const negative = accept(tk::minus);
  std::int32_t one = none;
  token& t = tokens_[at_];
  if (t.kind == tk::number && !whole_number && t.end - t.begin > 1 && is_digit(text_[t.begin])) {
    one = tree_.number(rational(text_[t.begin] - '0'));
    number_reader rest(text_.substr(0, t.end), t.begin + 1, steps_);
    if (!rest.read(true, false)) return none;
    ++t.begin;
    tree_.numbers.push_back(rest.value());
    t.data = static_cast<std::int32_t>(tree_.numbers.size()) - 1;
  } else if (t.kind == tk::run && t.end - t.begin > 1) {
    one = symbol(text_.substr(t.begin, 1));
    if (++t.begin + 1 == t.end) t.kind = tk::letter;
  } else if (t.kind == tk::number) {
    one = number_atom();
  } else {
    one = atom();
  }
  return one != none && negative ? tree_.unary(kind::negate, one) : one;
}

inline std::int32_t parser::fraction() {
  ++at_;
  std::int32_t const above = argument(false);
  std::int32_t const below = above == none ? none : argument(false);
  return below == none ? none : tree_.binary(kind::divide, above, below);
}

inline std::int32_t parser::root() {
  ++at_;
  std::int32_t degree = none;
  if (is(tk::open_square)) {
    ++at_;
    degree = item();
    if (degree == none || !accept(tk::close_square)) return none;
  }
  std::int32_t const radicand = argument(true);
  if (radicand == none) return none;
  return tree_.function(function_name::root, radicand, degree == none ? tree_.number(rational(2)) : degree);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parser.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

// [sign] term ((+ | - | +- | -+) term)*
inline std::int32_t parser::sum() {
  if (!steps_.charge(4)) return none;
  std::vector<std::int32_t> terms;
  while (steps_.charge()) {
    while (is(tk::ampersand) && aligned_) ++at_;
    tk const sign = peek().kind;
    bool const choice = sign == tk::plus_minus || sign == tk::minus_plus;
    if (sign == tk::plus || sign == tk::minus || choice) {
      ++at_;
    } else if (!terms.empty()) {
      break;
    }
    std::int32_t one = is(tk::plus) || is(tk::minus) ? signed_factor() : term();
    if (one == none) return none;
    if (sign == tk::minus) one = tree_.unary(kind::negate, one);
    if (choice) one = tree_.unary(kind::plus_minus, one, sign == tk::minus_plus ? 1 : 0);
    terms.push_back(one);
  }
  if (terms.empty() || steps_.exhausted()) return none;
  return terms.size() == 1 ? terms[0] : tree_.make(kind::add, terms);
}

inline std::int32_t parser::signed_factor() {
  // Signs may pile up ("--5"): a loop, not a recursion.
  bool negative = false, choice = false;
  for (; is(tk::plus) || is(tk::minus) || is(tk::plus_minus); ++at_) {
    if (!steps_.charge()) return none;
    negative = negative != is(tk::minus);
    choice = choice || is(tk::plus_minus);
  }
  std::int32_t one = power();
  if (one == none) return none;
  if (choice) one = tree_.unary(kind::plus_minus, one);
  return negative ? tree_.unary(kind::negate, one) : one;
}

[[nodiscard]] inline bool parser::starts_factor() const {
  switch (peek().kind) {
    case tk::number:
    case tk::letter:
    case tk::run:
    case tk::roman:
    case tk::open:
    case tk::open_square:
    case tk::open_brace:
    case tk::open_set:
    case tk::floor_open:
    case tk::ceil_open:
    case tk::angle_open:
    case tk::pi:
    case tk::infinity:
    case tk::dots:
    case tk::reals:
    case tk::empty_set:
    case tk::function:
    case tk::fraction:
    case tk::root:
    case tk::binomial:
    case tk::sum:
    case tk::product:
    case tk::opaque:
    case tk::boxed:
    case tk::begin:
    case tk::decoration: return true;
    case tk::bar: return bars_ == 0 && builders_ == 0;
    case tk::norm: return bars_ == 0;
    default: return false;
  }
}

// factor ((* | / | : | nothing) factor)*
inline std::int32_t parser::term() {
  if (!steps_.charge(4)) return none;
  bool literal = is(tk::number);
  std::size_t const begin = at_;
  std::int32_t left = signed_factor();
  literal = literal && at_ == begin + 1 && is_integer_literal(left);
  std::vector<std::int32_t> factors{left};
  auto const flush = [&] {
    if (factors.size() > 1) factors = {tree_.make(kind::multiply, factors)};
    return factors[0];
  };
  while (factors.back() != none && steps_.charge()) {
    if (is(tk::times) && is(tk::end, 1)) ++at_;  // nothing follows: "m^3 \cdot"
    if (is(tk::times)) {
      ++at_;
      literal = is(tk::number);
      std::size_t const start = at_;
      factors.push_back(signed_factor());
      literal = literal && at_ == start + 1;
    } else if (is(tk::divide) ||
               (is(tk::colon) && builders_ == 0 && !is(tk::open_square, 1) && !(is(tk::open, 1) && depth_ < 4))) {
      bool const colon = is(tk::colon);
      ++at_;
      left = flush();
      std::size_t const start = at_;
      std::int32_t const right = signed_factor();
      if (right == none) return none;
      if (colon && at_ == start + 1 && is_integer_literal(left) && is_integer_literal(right)) {
        std::int64_t hour = 0, minute = 0;
        bool const small =
            tree_.number_of(tree_.at(left)).to_int64(hour) && tree_.number_of(tree_.at(right)).to_int64(minute);
        std::int32_t const time =
            !small ? none : clock_time(none, hour, source(tokens_[start]).size() == 2 ? minute : -1);
        if (time != none) return time;
      }
      factors = {tree_.binary(kind::divide, left, right, colon ? 1 : 0)};
      literal = false;
    } else if (is(tk::modulo)) {
      bool const note = peek().data == 1;
      ++at_;
      left = flush();
      std::int32_t const right = signed_factor();
      if (right == none) return none;
      factors = {note ? left : tree_.function(function_name::mod, left, right)};  // \pmod{m} says where, not what
    } else if (starts_unit()) {
      factors.back() = with_unit(flush());
      factors = {factors.back()};
      literal = false;
    } else if (starts_factor()) {
      if (is(tk::number) && tree_.at(factors.back()).kind == kind::number && !literal) return none;
      bool const number = is(tk::number);
      std::size_t const start = at_;
      std::int32_t const joined = literal ? juxtaposed(factors.back(), number) : none;
      if (joined != none) {
        factors.back() = joined;
        literal = false;
        continue;
      }
      if (steps_.exhausted() || (number && literal)) return none;
      at_ = start;
      factors.push_back(power());
      literal = number && at_ == start + 1;
    } else {
      break;
    }
  }
  return factors.back() == none || steps_.exhausted() ? none : flush();
}

// A whole number and a proper fraction of whole numbers: "1\frac{4}{5}", "4 1/2". `none` where it is something else.
inline std::int32_t parser::juxtaposed(std::int32_t left, bool number) {
  level const here(*this);
  if (!here.fits()) return none;
  std::int32_t above = none, below = none;
  if (number) {
    if (!is(tk::divide, 1) || !is(tk::number, 2) || !peek().space) return none;
    above = number_atom();
    ++at_;
    below = number_atom();
  } else {
    if (!is(tk::fraction)) return none;
    std::int32_t const part = fraction();
    if (part == none || tree_.at(part).kind != kind::divide) return none;
    above = tree_.child(part, 0), below = tree_.child(part, 1);
  }
  std::int64_t n = 0, d = 0;
  if (!is_integer_literal(above) || !is_integer_literal(below) || !tree_.number_of(tree_.at(above)).to_int64(n) ||
      !tree_.number_of(tree_.at(below)).to_int64(d) || n <= 0 || n >= d)
    return none;
  return tree_.binary(kind::add, left, tree_.binary(kind::divide, above, below));
}

inline bool binds_tighter(tk k) { return k == tk::caret || k == tk::underscore || k == tk::bang || k == tk::prime; }

// postfix [^ exponent]
inline std::int32_t parser::power() {
  if (!steps_.charge(4)) return none;
  if (is(tk::run) && peek().end - peek().begin > 1 && peek().end - peek().begin <= 4 && binds_tighter(peek(1).kind)) {
    // "ax^3": what stands behind a run of letters belongs to the last one.
    std::vector<std::int32_t> factors;
    for (token& run = tokens_[at_]; run.end - run.begin > 1; ++run.begin) {
      std::string_view const one = text_.substr(run.begin, 1);
      factors.push_back(one == "e" ? tree_.leaf(kind::euler) : one == "i" ? tree_.leaf(kind::imaginary) : symbol(one));
    }
    tokens_[at_].kind = tk::letter;
    factors.push_back(power());
    return factors.back() == none ? none : tree_.make(kind::multiply, factors);
  }
  std::int32_t base = postfix(atom());
  while (base != none && is(tk::caret) && steps_.charge()) {
    if (is(tk::degree, 1) || (is(tk::open_brace, 1) && is(tk::degree, 2) && is(tk::close_brace, 3))) {
      at_ += is(tk::degree, 1) ? 2 : 4;
      base = postfix(tree_.unary(kind::degree, base));
      continue;
    }
    if (is(tk::prime, 1) || (is(tk::open_brace, 1) && is(tk::prime, 2))) {
      bool const brace = is(tk::open_brace, 1);
      at_ += brace ? 2 : 1;
      std::string name = tree_.at(base).kind == kind::symbol ? tree_.name_of(tree_.at(base)) : std::string("?");
      while (accept(tk::prime)) name += '\'';
      if (brace && !accept(tk::close_brace)) return none;
      base =
          tree_.at(base).kind == kind::symbol
              ? (is_call() ? call(name) : symbol(name))
              : tree_.unary(kind::function, base, static_cast<std::uint8_t>(function_name::opaque), tree_.name(name));
      continue;
    }
    ++at_;
    std::int32_t const above = exponent();
    base = above == none ? none : postfix(tree_.binary(kind::power, base, above));
  }
  return base;
}

// A group, a number with its sign, or one more power: 2^{3^4} and 2^3^4.
inline std::int32_t parser::exponent() {
  level const here(*this);
  if (!here.fits()) return none;
  bool const negative = accept(tk::minus);
  if (!negative) accept(tk::plus);
  std::int32_t above = is(tk::run) ? argument(false) : atom();
  if (above != none && is(tk::caret) && !is(tk::degree, 1)) {
    ++at_;
    std::int32_t const higher = exponent();
    above = higher == none ? none : tree_.binary(kind::power, above, higher);
  }
  return above != none && negative ? tree_.unary(kind::negate, above) : above;
}

inline std::int32_t parser::postfix(std::int32_t base) {
  while (base != none && steps_.charge()) {
    if (is(tk::bang)) {
      ++at_;
      base = tree_.function(function_name::factorial, base);
    } else if (is(tk::percent)) {
      ++at_;
      base = tree_.unary(kind::percent, base);
    } else if (is(tk::degree)) {
      ++at_;
      base = tree_.unary(kind::degree, base);
    } else if (is(tk::prime)) {
      std::string name = tree_.at(base).kind == kind::symbol ? tree_.name_of(tree_.at(base)) : std::string("group");
      while (accept(tk::prime)) name += '\'';
      if (tree_.at(base).kind == kind::symbol) {
        base = is_call() ? call(name) : symbol(name);
      } else {
        base = tree_.unary(kind::function, base, static_cast<std::uint8_t>(function_name::opaque), tree_.name(name));
      }
    } else {
      break;
    }
  }
  return base;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

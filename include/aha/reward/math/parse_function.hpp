// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parser.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

// name [_base] [^exponent] argument
inline std::int32_t parser::function() {
  if (!steps_.charge(4)) return none;
  std::int32_t const code = peek().data;
  ++at_;
  std::int32_t base = none, above = none;
  for (int k = 0; k < 2; ++k) {
    if (is(tk::underscore) && base == none) {
      ++at_;
      base = argument(false);
      if (base == none) return none;
    } else if (is(tk::caret) && above == none) {
      ++at_;
      above = exponent();
      if (above == none) return none;
    }
  }
  std::vector<std::int32_t> arguments;
  if (is(tk::open) || is(tk::open_square)) {
    tk const close = is(tk::open) ? tk::close : tk::close_square;
    ++at_;
    if (!items(arguments) || !accept(close)) return none;
  } else if (is(tk::open_brace) && code < 0) {
    arguments.push_back(braced());
  } else {
    arguments.push_back(function_argument());
  }
  if (arguments.empty() || arguments.back() == none) return none;
  // sin^{-1} is the inverse function, sin^2 a power of the value.
  auto const f = static_cast<function_name>(code);
  bool const trigonometric = code >= 0 && f <= function_name::csc;
  if (above != none && trigonometric && tree_.at(above).kind == kind::negate && arguments.size() == 1) {
    std::int32_t const one = tree_.child(above, 0);
    if (is_integer_literal(one) && tree_.number_of(tree_.at(one)) == rational(1))
      return tree_.function(static_cast<function_name>(code + fn(function_name::arcsin)), arguments[0]);
  }
  std::int32_t const value = applied(code, base, arguments);
  return value == none || above == none ? value : tree_.binary(kind::power, value, above);
}

inline std::int32_t parser::applied(std::int32_t code, std::int32_t base, std::vector<std::int32_t> const& arguments) {
  std::size_t const count = arguments.size();
  if (code == -1)
    return count == 1 ? tree_.function(function_name::log, arguments[0], tree_.number(rational(10))) : none;
  if (code == -2 || code == -3)
    return count == 1 ? tree_.function(function_name::root, arguments[0], tree_.number(rational(code == -2 ? 2 : 3)))
                      : none;
  auto const f = static_cast<function_name>(code);
  switch (f) {
    case function_name::log:
      if (count > 2) return none;
      if (count == 2) return tree_.function(f, arguments[0], arguments[1]);
      return base == none ? tree_.function(function_name::ln, arguments[0]) : tree_.function(f, arguments[0], base);
    case function_name::binomial:
    case function_name::mod: return count == 2 ? tree_.function(f, arguments[0], arguments[1]) : none;
    case function_name::max:
    case function_name::min:
    case function_name::gcd:
    case function_name::lcm: return tree_.make(kind::function, arguments, static_cast<std::uint8_t>(f));
    default: return count == 1 ? tree_.function(f, arguments[0]) : none;
  }
}

// Without brackets: the product that follows, up to a sign, a quotient, a bracket or the next function.
inline std::int32_t parser::function_argument() {
  if (!steps_.charge(4)) return none;
  std::vector<std::int32_t> factors;
  bool const negative = accept(tk::minus);
  while (steps_.charge()) {
    tk const k = peek().kind;
    bool const fits = k == tk::number || k == tk::letter || k == tk::pi || k == tk::fraction || k == tk::root ||
                      k == tk::decoration || (k == tk::run && source(peek()).size() <= 3 && peek().formula);
    bool const first = factors.empty() && (fits || starts_factor() || k == tk::roman || k == tk::bar || k == tk::norm);
    if (!first && !fits) break;
    bool const alone = !fits;  // a bracket, an absolute value, a function: the argument is complete
    std::int32_t const one = power();
    if (one == none) return none;
    factors.push_back(one);
    if (alone) break;
  }
  if (factors.empty()) return none;
  std::int32_t const product = factors.size() == 1 ? factors[0] : tree_.make(kind::multiply, factors);
  return negative ? tree_.unary(kind::negate, product) : product;
}

// \sum_{k=1}^{n} body, \prod, and operators that are known by name only (\lim, \int, \bigcup).
inline std::int32_t parser::big_operator() {
  if (!steps_.charge(4)) return none;
  token const t = peek();
  ++at_;
  std::int32_t low = none, high = none;
  for (int k = 0; k < 2; ++k) {
    bool const below = is(tk::underscore);
    if (!below && !is(tk::caret)) break;
    ++at_;
    std::int32_t& place = below ? low : high;
    if (is(tk::open_brace)) {
      ++at_;
      place = item();
      while (place != none && skip_separators()) {
        std::int32_t const more = item();
        place = more == none ? none : tree_.binary(kind::list, place, more);
      }
      if (!accept(tk::close_brace)) return none;
    } else {
      place = atom();
    }
    if (place == none) return none;
  }
  std::int32_t const body = term();
  if (body == none) return none;
  bool const bounds = t.kind != tk::opaque && low != none && high != none && tree_.at(low).kind == kind::relation &&
                      static_cast<relation_sign>(tree_.at(low).op) == relation_sign::equal;
  if (bounds) {
    std::int32_t const kids[] = {body, tree_.child(low, 0), tree_.child(low, 1), high};
    kind const variable = tree_.at(kids[1]).kind;
    if (variable == kind::symbol || variable == kind::imaginary)
      return tree_.make(t.kind == tk::sum ? kind::big_sum : kind::big_product, kids, 4);
  }
  std::vector<std::int32_t> kids{body};
  if (low != none) kids.push_back(low);
  if (high != none) kids.push_back(high);
  return tree_.make(kind::function, kids, static_cast<std::uint8_t>(function_name::opaque), tree_.name(source(t)));
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

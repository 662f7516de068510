// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/token.hpp>
#include <algorithm>
#include <iterator>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// A LaTeX command or a word of plain text with a mathematical meaning.
struct command {
  std::string_view name;
  tk kind;
  std::int32_t data;
};

namespace detail {
constexpr std::int32_t fn(function_name f) { return static_cast<std::int32_t>(f); }
constexpr std::int32_t rel(relation_sign r) { return static_cast<std::int32_t>(r); }
template <std::size_t N>
constexpr command const* find_command(command const (&table)[N], std::string_view name) {
  std::size_t low = 0, high = N;
  while (low < high) {
    std::size_t const middle = (low + high) / 2;
    if (table[middle].name < name)
      low = middle + 1;
    else
      high = middle;
  }
  return low < N && table[low].name == name ? &table[low] : nullptr;
}
template <std::size_t N>
constexpr bool in_order(command const (&table)[N]) {
  for (std::size_t k = 1; k < N; ++k)
    if (!(table[k - 1].name < table[k].name)) return false;
  return true;
}

/// Commands of LaTeX that are no letters, in the order of their names. Greek letters and unknown commands are symbols.
inline constexpr command latex_commands[] = {
    {"Bar", tk::decoration, 0},
    {"C", tk::reals, 'C'},
    {"Im", tk::function, fn(function_name::imaginary_part)},
    {"Leftrightarrow", tk::relation, rel(relation_sign::other)},
    {"Longrightarrow", tk::relation, rel(relation_sign::other)},
    {"N", tk::reals, 'N'},
    {"Q", tk::reals, 'Q'},
    {"R", tk::reals, 'R'},
    {"Re", tk::function, fn(function_name::real_part)},
    {"Rightarrow", tk::relation, rel(relation_sign::other)},
    {"Z", tk::reals, 'Z'},
    {"approx", tk::relation, rel(relation_sign::about)},
    {"arccos", tk::function, fn(function_name::arccos)},
    {"arccot", tk::function, fn(function_name::arccot)},
    {"arcsin", tk::function, fn(function_name::arcsin)},
    {"arctan", tk::function, fn(function_name::arctan)},
    {"ast", tk::times, 0},
    {"bar", tk::decoration, 0},
    {"because", tk::relation, rel(relation_sign::other)},
    {"begin", tk::begin, 0},
    {"bf", tk::wrapper, 0},
    {"bigcap", tk::opaque, 0},
    {"bigcup", tk::opaque, 0},
    {"binom", tk::binomial, 0},
    {"bmod", tk::modulo, 0},
    {"boldsymbol", tk::wrapper, 0},
    {"boxed", tk::boxed, 0},
    {"breve", tk::decoration, 0},
    {"bullet", tk::times, 0},
    {"cap", tk::meet, 0},
    {"cdot", tk::times, 0},
    {"cdots", tk::dots, 0},
    {"cfrac", tk::fraction, 0},
    {"check", tk::decoration, 0},
    {"choose", tk::over, 1},
    {"circ", tk::degree, 0},
    {"colon", tk::colon, 0},
    {"cong", tk::relation, rel(relation_sign::other)},
    {"cos", tk::function, fn(function_name::cos)},
    {"cosh", tk::function, fn(function_name::cosh)},
    {"cot", tk::function, fn(function_name::cot)},
    {"coth", tk::function, fn(function_name::coth)},
    {"csc", tk::function, fn(function_name::csc)},
    {"cup", tk::join, 0},
    {"dbinom", tk::binomial, 0},
    {"ddot", tk::decoration, 0},
    {"degree", tk::degree, 0},
    {"det", tk::function, fn(function_name::det)},
    {"dfrac", tk::fraction, 0},
    {"div", tk::divide, 0},
    {"dot", tk::decoration, 0},
    {"doteq", tk::relation, rel(relation_sign::equal)},
    {"dots", tk::dots, 0},
    {"dotsb", tk::dots, 0},
    {"dotsc", tk::dots, 0},
    {"dotsm", tk::dots, 0},
    {"emptyset", tk::empty_set, 0},
    {"end", tk::finish, 0},
    {"equiv", tk::relation, rel(relation_sign::other)},
    {"exp", tk::function, fn(function_name::exp)},
    {"fbox", tk::boxed, 0},
    {"frac", tk::fraction, 0},
    {"gcd", tk::function, fn(function_name::gcd)},
    {"ge", tk::relation, rel(relation_sign::greater_equal)},
    {"geq", tk::relation, rel(relation_sign::greater_equal)},
    {"geqslant", tk::relation, rel(relation_sign::greater_equal)},
    {"gets", tk::relation, rel(relation_sign::other)},
    {"gt", tk::relation, rel(relation_sign::greater)},
    {"hat", tk::decoration, 0},
    {"iff", tk::relation, rel(relation_sign::other)},
    {"implies", tk::relation, rel(relation_sign::other)},
    {"in", tk::relation, rel(relation_sign::in)},
    {"infty", tk::infinity, 0},
    {"int", tk::opaque, 0},
    {"it", tk::wrapper, 0},
    {"land", tk::and_word, 0},
    {"langle", tk::angle_open, 0},
    {"lbrace", tk::open_set, 0},
    {"lbrack", tk::open_square, 0},
    {"lceil", tk::ceil_open, 0},
    {"lcm", tk::function, fn(function_name::lcm)},
    {"ldots", tk::dots, 0},
    {"le", tk::relation, rel(relation_sign::less_equal)},
    {"leftrightarrow", tk::relation, rel(relation_sign::other)},
    {"leq", tk::relation, rel(relation_sign::less_equal)},
    {"leqslant", tk::relation, rel(relation_sign::less_equal)},
    {"lfloor", tk::floor_open, 0},
    {"lg", tk::function, -1},
    {"lim", tk::opaque, 0},
    {"ln", tk::function, fn(function_name::ln)},
    {"log", tk::function, fn(function_name::log)},
    {"lor", tk::and_word, 0},
    {"lt", tk::relation, rel(relation_sign::less)},
    {"lvert", tk::bar, 0},
    {"mathbb", tk::wrapper, 2},
    {"mathbf", tk::wrapper, 0},
    {"mathcal", tk::wrapper, 0},
    {"mathfrak", tk::wrapper, 0},
    {"mathit", tk::wrapper, 0},
    {"mathrm", tk::roman, 0},
    {"mathsf", tk::roman, 0},
    {"max", tk::function, fn(function_name::max)},
    {"mbox", tk::text, 0},
    {"mid", tk::such_that, 0},
    {"min", tk::function, fn(function_name::min)},
    {"mod", tk::modulo, 0},
    {"mp", tk::minus_plus, 0},
    {"ne", tk::relation, rel(relation_sign::unequal)},
    {"neq", tk::relation, rel(relation_sign::unequal)},
    {"notin", tk::relation, rel(relation_sign::not_in)},
    {"operatorname", tk::roman, 1},
    {"over", tk::over, 0},
    {"overline", tk::decoration, 1},
    {"overrightarrow", tk::decoration, 0},
    {"perp", tk::relation, rel(relation_sign::other)},
    {"pi", tk::pi, 0},
    {"pm", tk::plus_minus, 0},
    {"pmod", tk::modulo, 1},
    {"prime", tk::prime, 0},
    {"prod", tk::product, 0},
    {"propto", tk::relation, rel(relation_sign::other)},
    {"rangle", tk::angle_close, 0},
    {"rbrace", tk::close_set, 0},
    {"rbrack", tk::close_square, 0},
    {"rceil", tk::ceil_close, 0},
    {"rfloor", tk::floor_close, 0},
    {"rightarrow", tk::relation, rel(relation_sign::other)},
    {"rm", tk::wrapper, 0},
    {"rvert", tk::bar, 0},
    {"sec", tk::function, fn(function_name::sec)},
    {"setminus", tk::without, 0},
    {"sim", tk::relation, rel(relation_sign::other)},
    {"simeq", tk::relation, rel(relation_sign::about)},
    {"sin", tk::function, fn(function_name::sin)},
    {"sinh", tk::function, fn(function_name::sinh)},
    {"sqrt", tk::root, 0},
    {"subset", tk::relation, rel(relation_sign::other)},
    {"subseteq", tk::relation, rel(relation_sign::other)},
    {"sum", tk::sum, 0},
    {"tan", tk::function, fn(function_name::tan)},
    {"tanh", tk::function, fn(function_name::tanh)},
    {"tbinom", tk::binomial, 0},
    {"text", tk::text, 0},
    {"textbf", tk::text, 0},
    {"textit", tk::text, 0},
    {"textnormal", tk::text, 0},
    {"textrm", tk::text, 0},
    {"textsf", tk::text, 0},
    {"texttt", tk::text, 0},
    {"tfrac", tk::fraction, 0},
    {"tilde", tk::decoration, 0},
    {"times", tk::times, 0},
    {"to", tk::relation, rel(relation_sign::other)},
    {"underline", tk::wrapper, 0},
    {"varnothing", tk::empty_set, 0},
    {"vec", tk::decoration, 0},
    {"vee", tk::and_word, 0},
    {"vert", tk::bar, 0},
    {"wedge", tk::and_word, 0},
    {"widehat", tk::decoration, 0},
    {"widetilde", tk::decoration, 0},
};

/// Words of plain text that are functions, constants or connectors.
inline constexpr command plain_words[] = {
    {"abs", tk::function, fn(function_name::abs)},
    {"acos", tk::function, fn(function_name::arccos)},
    {"and", tk::and_word, 0},
    {"arccos", tk::function, fn(function_name::arccos)},
    {"arccot", tk::function, fn(function_name::arccot)},
    {"arccsc", tk::function, fn(function_name::arccsc)},
    {"arcsec", tk::function, fn(function_name::arcsec)},
    {"arcsin", tk::function, fn(function_name::arcsin)},
    {"arctan", tk::function, fn(function_name::arctan)},
    {"asin", tk::function, fn(function_name::arcsin)},
    {"atan", tk::function, fn(function_name::arctan)},
    {"binom", tk::function, fn(function_name::binomial)},
    {"binomial", tk::function, fn(function_name::binomial)},
    {"cbrt", tk::function, -3},
    {"ceil", tk::function, fn(function_name::ceil)},
    {"cos", tk::function, fn(function_name::cos)},
    {"cosh", tk::function, fn(function_name::cosh)},
    {"cot", tk::function, fn(function_name::cot)},
    {"coth", tk::function, fn(function_name::coth)},
    {"csc", tk::function, fn(function_name::csc)},
    {"det", tk::function, fn(function_name::det)},
    {"exp", tk::function, fn(function_name::exp)},
    {"factorial", tk::function, fn(function_name::factorial)},
    {"floor", tk::function, fn(function_name::floor)},
    {"gcd", tk::function, fn(function_name::gcd)},
    {"inf", tk::infinity, 0},
    {"infinity", tk::infinity, 0},
    {"lcm", tk::function, fn(function_name::lcm)},
    {"lg", tk::function, -1},
    {"ln", tk::function, fn(function_name::ln)},
    {"log", tk::function, fn(function_name::log)},
    {"max", tk::function, fn(function_name::max)},
    {"min", tk::function, fn(function_name::min)},
    {"mod", tk::modulo, 0},
    {"oo", tk::infinity, 0},
    {"or", tk::and_word, 0},
    {"pi", tk::pi, 0},
    {"sec", tk::function, fn(function_name::sec)},
    {"sin", tk::function, fn(function_name::sin)},
    {"sinh", tk::function, fn(function_name::sinh)},
    {"sqrt", tk::function, -2},
    {"tan", tk::function, fn(function_name::tan)},
    {"tanh", tk::function, fn(function_name::tanh)},
};

/// Words after which an answer goes on with conditions or remarks, which are no part of the value.
inline constexpr std::string_view cut_words[] = {"any",  "everywhere", "for",   "if",       "otherwise",
                                                 "such", "when",       "where", "whenever", "with"};
static_assert(in_order(latex_commands) && in_order(plain_words), "aha: the tables are searched by halves");
}  // namespace detail

}  // namespace reward::math
AHA_NAMESPACE_END

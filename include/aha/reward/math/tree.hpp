// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/rational.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// What a node of an answer is. Scalars first, then what holds several of them.
enum class kind : std::uint8_t {
  nothing,  ///< an empty slot: an answer that could not be read
  number,   ///< exact fraction; flag `decimal` where it was written with a point
  symbol,   ///< one letter, Greek or decorated, with its subscript
  word,     ///< several letters written together: a product of letters, or a name
  text,     ///< words that are no mathematics
  pi,
  euler,
  imaginary,
  infinity,
  dots,  ///< an ellipsis
  add,
  multiply,
  divide,  ///< op 1: written with a colon
  power,
  negate,
  plus_minus,  ///< op 0: one child, +-a; op 1: -+a
  function,    ///< op: `function_name`
  call,        ///< an unknown function of arguments: f(x)
  percent,
  degree,
  unit,     ///< value and unit, data: the unit's text
  big_sum,  ///< body, variable, low, high
  big_product,
  truth,  ///< yes and true, data 1; no and false, data 0
  clock,  ///< data: index of minutes since midnight; op: 0 none, 1 a.m., 2 p.m.
  // collections
  list,      ///< several answers
  sequence,  ///< brackets around entries: tuple, point, vector, interval; op: `bracket` flags
  set,
  builder,  ///< {x | conditions}
  reals,    ///< a named set: R, Z, N, Q, C; data: its letter
  empty_set,
  join,      ///< union
  meet,      ///< intersection
  without,   ///< difference of sets
  matrix,    ///< op: number of columns (at most 255)
  relation,  ///< two sides; op: `relation_sign`
  chain,     ///< relations that share sides: a < b < c
};

/// Ends of a sequence: a square bracket at the left, at the right.
enum bracket : std::uint8_t { round_both = 0, square_left = 1, square_right = 2 };

enum class relation_sign : std::uint8_t {
  equal,
  about,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
  other
};

enum class function_name : std::uint8_t {
  sin,
  cos,
  tan,
  cot,
  sec,
  csc,
  arcsin,
  arccos,
  arctan,
  arccot,
  arcsec,
  arccsc,
  sinh,
  cosh,
  tanh,
  coth,
  arcsinh,
  arccosh,
  arctanh,
  exp,
  ln,
  log,
  root,
  abs,
  floor,
  ceil,
  factorial,
  binomial,
  det,
  gcd,
  lcm,
  max,
  min,
  mod,
  real_part,
  imaginary_part,
  opaque,  ///< limits, integrals, operators: known by name only; data: the name
};

/// What is somewhere below a node.
enum has : std::uint8_t {
  has_symbol = 1,
  has_decimal = 2,
  has_sign_choice = 4,
  has_opaque = 8,
  has_integer_argument = 16,
  has_collection = 32,
  has_relation = 64,
  has_degree = 128
};

struct node {
  enum kind kind = kind::nothing;
  std::uint8_t op = 0;
  std::uint8_t below = 0;  ///< `has` flags of the node and all under it
  std::int32_t first = 0;  ///< position of its children in `tree::children`
  std::int32_t count = 0;
  std::uint16_t height = 0;  ///< nodes on the longest way down
  std::int32_t data = -1;    ///< index of a number, a name, or a small value
};

/// Recursions over a tree go as deep as it is high.
inline constexpr std::uint16_t max_height = 300;

/// Nodes of one answer: vectors and indices, no pointers, so that a copy is a copy and depth costs no stack when freed.
struct tree {
  std::vector<node> nodes;
  std::vector<std::int32_t> children;
  std::vector<rational> numbers;
  std::vector<std::string> names;
  std::int32_t root = -1;
  bool too_high = false;  ///< some node is higher than `max_height`: nobody may walk down this tree

  [[nodiscard]] node const& at(std::int32_t i) const { return nodes[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int32_t child(node const& n, std::int32_t k) const {
    return children[static_cast<std::size_t>(n.first) + static_cast<std::size_t>(k)];
  }
  [[nodiscard]] std::int32_t child(std::int32_t i, std::int32_t k) const { return child(at(i), k); }
  [[nodiscard]] rational const& number_of(node const& n) const { return numbers[static_cast<std::size_t>(n.data)]; }
  [[nodiscard]] std::string const& name_of(node const& n) const { return names[static_cast<std::size_t>(n.data)]; }

  std::int32_t name(std::string_view text) {
    names.emplace_back(text);
    return static_cast<std::int32_t>(names.size()) - 1;
  }
  std::int32_t number(rational value, bool decimal = false) {
    numbers.push_back(std::move(value));
    node n;
    n.kind = kind::number;
    n.data = static_cast<std::int32_t>(numbers.size()) - 1;
    if (decimal) n.below = has_decimal;
    return push(n);
  }
  std::int32_t leaf(enum kind k, std::int32_t data = -1, std::uint8_t op = 0) {
    node n;
    n.kind = k, n.data = data, n.op = op;
    n.below = own_flags(n);
    return push(n);
  }
  std::int32_t make(enum kind k, std::int32_t const* kids, std::size_t count, std::uint8_t op = 0,
                    std::int32_t data = -1) {
    node n;
    n.kind = k, n.op = op, n.data = data;
    n.first = static_cast<std::int32_t>(children.size());
    n.count = static_cast<std::int32_t>(count);
    unsigned below = own_flags(n);
    for (std::size_t c = 0; c < count; ++c) {
      children.push_back(kids[c]);
      below |= at(kids[c]).below;
      if (at(kids[c]).height >= n.height) n.height = static_cast<std::uint16_t>(at(kids[c]).height + 1);
    }
    if (n.height > max_height) {
      n.height = max_height;
      too_high = true;
    }
    n.below = static_cast<std::uint8_t>(below);
    return push(n);
  }
  std::int32_t make(enum kind k, std::vector<std::int32_t> const& kids, std::uint8_t op = 0, std::int32_t data = -1) {
    return make(k, kids.data(), kids.size(), op, data);
  }
  std::int32_t unary(enum kind k, std::int32_t a, std::uint8_t op = 0, std::int32_t data = -1) {
    return make(k, &a, 1, op, data);
  }
  std::int32_t binary(enum kind k, std::int32_t a, std::int32_t b, std::uint8_t op = 0, std::int32_t data = -1) {
    std::int32_t const kids[] = {a, b};
    return make(k, kids, 2, op, data);
  }
  std::int32_t function(function_name f, std::int32_t a) {
    return unary(kind::function, a, static_cast<std::uint8_t>(f));
  }
  std::int32_t function(function_name f, std::int32_t a, std::int32_t b) {
    return binary(kind::function, a, b, static_cast<std::uint8_t>(f));
  }

 private:
  std::int32_t push(node const& n) {
    nodes.push_back(n);
    return static_cast<std::int32_t>(nodes.size()) - 1;
  }
  static std::uint8_t own_flags(node const& n) {
    switch (n.kind) {
      case kind::symbol:
      case kind::word:
      case kind::call: return has_symbol;
      case kind::text:
      case kind::dots: return has_symbol | has_opaque;
      case kind::plus_minus: return has_sign_choice;
      case kind::degree: return has_degree;
      case kind::big_sum:
      case kind::big_product: return has_integer_argument;
      case kind::function: {
        auto const f = static_cast<function_name>(n.op);
        if (f == function_name::opaque) return has_opaque;
        bool const integers = f == function_name::factorial || f == function_name::binomial ||
                              f == function_name::gcd || f == function_name::lcm;
        return static_cast<std::uint8_t>(integers ? has_integer_argument : 0);
      }
      case kind::relation:
      case kind::chain: return has_relation;
      default: return static_cast<std::uint8_t>(n.kind >= kind::list ? has_collection : 0);
    }
  }
};

}  // namespace reward::math
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/exact.hpp>
#include <aha/reward/math/parsed.hpp>
#include <algorithm>
#include <string>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// The words of `function_name`, in its order.
inline constexpr std::string_view function_names[] = {
    "sin",    "cos",    "tan",  "cot",  "sec",   "csc",  "arcsin",    "arccos",   "arctan",  "arccot",
    "arcsec", "arccsc", "sinh", "cosh", "tanh",  "coth", "arcsinh",   "arccosh",  "arctanh", "exp",
    "ln",     "log",    "root", "abs",  "floor", "ceil", "factorial", "binomial", "det",     "gcd",
    "lcm",    "max",    "min",  "mod",  "re",    "im",   "operator"};
/// The words of `relation_sign`, in its order.
inline constexpr std::string_view relation_signs[] = {"=", "~", "!=", "<", "<=", ">", ">=", "in", "not in", "->"};

namespace detail {

/// Writes a normal form: exact parts as fractions in lowest terms, summands, factors, sets and lists in one order.
class printer {
 public:
  printer(tree const& t, budget& steps) : tree_(t), steps_(steps) {}

  std::string operator()(std::int32_t i) {
    node const& n = tree_.at(i);
    rational value;
    if (!steps_.charge(8)) return "...";
    if (n.kind < kind::list && n.kind != kind::percent && n.kind != kind::unit &&
        (n.below & (has_sign_choice | has_collection)) == 0 &&
        exact_evaluator(tree_, steps_, 1)(i, value) == exact_evaluator::outcome::value)
      return short_text(value);
    switch (n.kind) {
      case kind::number: return short_text(tree_.number_of(n));
      case kind::symbol:
      case kind::word: return tree_.name_of(n);
      case kind::text: return "\"" + normal_text(tree_.name_of(n)) + "\"";
      case kind::pi: return "pi";
      case kind::euler: return "e";
      case kind::imaginary: return "i";
      case kind::infinity: return "oo";
      case kind::dots: return "...";
      case kind::add: return sorted(n, " + ", "(", ")");
      case kind::multiply: return sorted(n, "*", "", "");
      case kind::divide: return child(n, 0) + "/(" + child(n, 1) + ")";
      case kind::power: return "(" + child(n, 0) + ")^(" + child(n, 1) + ")";
      case kind::negate: return "-" + child(n, 0);
      case kind::plus_minus: return (n.op == 0 ? "+-" : "-+") + child(n, 0);
      case kind::function:
        return (static_cast<function_name>(n.op) == function_name::opaque ? tree_.name_of(n)
                                                                          : std::string(function_names[n.op])) +
               in_order(n, "(", ")");
      case kind::call: return tree_.name_of(n) + in_order(n, "(", ")");
      case kind::percent: return child(n, 0) + "%";
      case kind::degree: return child(n, 0) + " deg";
      case kind::unit: return child(n, 0) + " [" + tree_.name_of(n) + "]";
      case kind::big_sum: return "sum" + in_order(n, "(", ")");
      case kind::big_product: return "product" + in_order(n, "(", ")");
      case kind::truth: return n.data == 1 ? "true" : "false";
      case kind::clock: {
        auto const two = [](std::int32_t x) { return (x < 10 ? "0" : "") + std::to_string(x); };
        return two(n.data / 60) + ":" + two(n.data % 60) + (n.op == 0 ? "" : n.op == 1 ? " a.m." : " p.m.");
      }
      case kind::list: return sorted(n, ", ", "", "");
      case kind::set: return sorted(n, ", ", "{", "}");
      case kind::sequence:
        return in_order(n, (n.op & square_left) != 0 ? "[" : "(", (n.op & square_right) != 0 ? "]" : ")");
      case kind::builder: return in_order(n, "{", "}");
      case kind::reals: return std::string(1, static_cast<char>(n.data));
      case kind::empty_set: return "{}";
      case kind::join: return sorted(n, " u ", "", "");
      case kind::meet: return sorted(n, " n ", "", "");
      case kind::without: return child(n, 0) + " \\ " + child(n, 1);
      case kind::matrix: return "matrix" + std::to_string(n.op) + in_order(n, "[", "]");
      case kind::relation: return child(n, 0) + " " + std::string(relation_signs[n.op]) + " " + child(n, 1);
      case kind::chain: return in_order(n, "", "");
      default: return "?";
    }
  }

 private:
  tree const& tree_;
  budget& steps_;

  std::string child(node const& n, std::int32_t k) { return (*this)(tree_.child(n, k)); }
  // Exact numbers may have thousands of digits: their ends tell enough.
  std::string short_text(rational const& x) {
    if (x.bits() > 2048) return "a fraction of " + std::to_string(x.bits()) + " bits";
    steps_.charge(x.bits() / 8);
    return x.text();
  }
  std::vector<std::string> all(node const& n) {
    std::vector<std::string> texts;
    texts.reserve(static_cast<std::size_t>(n.count));
    for (std::int32_t k = 0; k < n.count; ++k) texts.push_back(child(n, k));
    return texts;
  }
  static std::string joined(std::vector<std::string> const& texts, std::string_view between, std::string_view open,
                            std::string_view close) {
    std::string out(open);
    for (std::size_t k = 0; k < texts.size(); ++k) out.append(k == 0 ? std::string_view{} : between).append(texts[k]);
    return out.append(close);
  }
  std::string in_order(node const& n, std::string_view open, std::string_view close) {
    return joined(all(n), ", ", open, close);
  }
  std::string sorted(node const& n, std::string_view between, std::string_view open, std::string_view close) {
    std::vector<std::string> texts = all(n);
    std::sort(texts.begin(), texts.end());
    return joined(texts, between, open, close);
  }
};
}  // namespace detail

/// The word of a kind of answer.
constexpr std::string_view to_string(enum kind k) {
  constexpr std::string_view names[] = {
      "nothing",      "number",     "symbol",   "word",     "text",     "pi",        "euler",       "imaginary",
      "infinity",     "dots",       "sum",      "product",  "quotient", "power",     "negative",    "plus_minus",
      "function",     "call",       "percent",  "degree",   "unit",     "big_sum",   "big_product", "truth",
      "clock",        "list",       "sequence", "set",      "builder",  "named_set", "empty_set",   "union",
      "intersection", "difference", "matrix",   "relation", "chain"};
  return names[static_cast<std::size_t>(k)];
}

/// The normal form of an answer as text, for people: equal answers need not have equal forms. Bounded length and work.
inline std::string to_string(parsed const& answer) {
  if (!answer.readable()) return std::string("(") + std::string(to_string(answer.status)) + ")";
  if (answer.is_text()) return "\"" + answer.words + "\"";
  budget steps(20'000);
  return detail::printer(answer.tree, steps)(answer.tree.root);
}

}  // namespace reward::math
AHA_NAMESPACE_END

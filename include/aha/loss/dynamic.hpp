// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/type_list.hpp>
#include <aha/loss/registry.hpp>
#include <aha/loss/validate.hpp>
#include <utility>
#include <variant>
#include <vector>

AHA_NAMESPACE_BEGIN

/// Any term of the type list, with its parameters.
using any_term = apply_list_t<std::variant, terms>;

/// One summand of a dynamic expression: the run-time twin of `leaf<Term>`.
struct dynamic_leaf {
  double coefficient = 1;
  int weight = 0;
  bool keep = false;
  any_term term;
};

/// Calls f(T const&) with the alternative that is held, by a fold over the type list.
template <class F, class... Ts>
void visit_term(std::variant<Ts...> const& v, F&& f) {
  (void)((std::holds_alternative<Ts>(v) && (f(*std::get_if<Ts>(&v)), true)) || ...);
}

/// An expression built at run time: Python, parsed text, pickles. Dispatched per leaf and block of tokens.
struct dynamic_expression {
  std::vector<dynamic_leaf> leaves;

  dynamic_expression() = default;
  /// From a static expression.
  template <class E, if_expression<E> = 0>
  explicit dynamic_expression(E const& e) {
    to_leaves(e).for_each_leaf([&](auto const& l) {
      leaves.push_back({l.coefficient, l.weight, l.keep, any_term(l.term)});
    });
  }

  template <class F>
  void for_each_leaf(F&& f) const {
    for (dynamic_leaf const& d : leaves) {
      visit_term(d.term, [&](auto const& t) {
        using Term = std::decay_t<decltype(t)>;
        f(leaf<Term>{d.coefficient, d.weight, d.keep, t});
      });
    }
  }

  friend dynamic_expression operator+(dynamic_expression a, dynamic_expression const& b) {
    a.leaves.insert(a.leaves.end(), b.leaves.begin(), b.leaves.end());
    return a;
  }
  friend dynamic_expression operator*(double by, dynamic_expression a) {
    for (dynamic_leaf& l : a.leaves) l.coefficient *= by;
    return a;
  }
  friend dynamic_expression operator-(dynamic_expression const& a) { return -1.0 * a; }
  friend dynamic_expression operator-(dynamic_expression const& a, dynamic_expression const& b) { return a + (-b); }
  friend dynamic_expression operator*(weight_factor, dynamic_expression a) {
    for (dynamic_leaf& l : a.leaves) ++l.weight;
    return a;
  }
  friend dynamic_expression operator*(keep_factor, dynamic_expression a) {
    for (dynamic_leaf& l : a.leaves) l.keep = true;
    return a;
  }
};

/// One part of a dynamic objective.
struct dynamic_part {
  double coefficient = 1;
  aha::aggregate aggregate;
  dynamic_expression expression;
  template <class F>
  void for_each_leaf(F&& f) const {
    expression.for_each_leaf(f);
  }
};

/// An objective built at run time; the engines take it wherever they take a static one, with bitwise the same result.
struct dynamic_objective {
  std::vector<dynamic_part> parts;

  dynamic_objective() = default;
  dynamic_objective(struct aggregate a, dynamic_expression e) { parts.push_back({1, a, std::move(e)}); }
  /// From a static objective.
  template <class O, if_objective<O> = 0>
  explicit dynamic_objective(O const& o) {
    o.for_each_part([&](auto const& p) {
      dynamic_part d{p.coefficient, p.aggregate, {}};
      p.for_each_leaf([&](auto const& l) {
        d.expression.leaves.push_back({l.coefficient, l.weight, l.keep, any_term(l.term)});
      });
      parts.push_back(std::move(d));
    });
  }

  template <class F>
  void for_each_part(F&& f) const {
    for (dynamic_part const& p : parts) f(p);
  }

  friend dynamic_objective operator+(dynamic_objective a, dynamic_objective const& b) {
    a.parts.insert(a.parts.end(), b.parts.begin(), b.parts.end());
    return a;
  }
  friend dynamic_objective operator*(double by, dynamic_objective a) {
    for (dynamic_part& p : a.parts) p.coefficient *= by;
    return a;
  }
  friend dynamic_objective operator-(dynamic_objective const& a) { return -1.0 * a; }
  friend dynamic_objective operator-(dynamic_objective const& a, dynamic_objective const& b) { return a + (-b); }
};

template <>
struct is_summable<dynamic_expression> : std::true_type {};
template <>
struct is_loss_objective<dynamic_objective> : std::true_type {};

/// One part from a dynamic expression: what `token_mean(e)` and the other aggregates call.
inline dynamic_objective make_part(struct aggregate a, dynamic_expression const& e) { return {a, e}; }

AHA_NAMESPACE_END

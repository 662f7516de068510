// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/registry.hpp>
#include <array>
#include <tuple>

AHA_NAMESPACE_BEGIN
namespace reward {

// The static form: an expression is a type, its units are checked when it is compiled, one row is a pure function.

/// What every static expression derives from.
struct expression {};
template <class E>
inline constexpr bool is_static = std::is_base_of_v<expression, E>;

/// Component `Index` of the table, a plain number or a length: `column<0> correct; column<2, tokens> length;`.
template <int Index, class Unit = number>
struct column : expression {
  static_assert(Index >= 0, "aha: rewards: a column's index counts from 0");
  static_assert(is_unit<Unit>, "aha: rewards: a column's unit is number, tokens or characters");
  using unit = Unit;
  static constexpr int index = Index;
};

/// A number in an expression. It is no component: never missing, without weight when others are renormalised.
struct constant : expression {
  using unit = number;
  double value = 0;
  constexpr constant() = default;
  constexpr explicit constant(double v) : value(v) {}
};

/// An operation with its arguments.
template <class Unit, class Operation, class... Arguments>
struct applied : expression {
  using unit = Unit;
  Operation op;
  std::tuple<Arguments...> arguments;
  constexpr applied(Operation o, std::tuple<Arguments...> a) : op(o), arguments(a) {}
};

/// sum of weight[k] * terms[k]; sums of sums are one sum.
template <class Unit, class... Terms>
struct weighted_sum : expression {
  using unit = Unit;
  std::array<double, sizeof...(Terms)> weight;
  std::tuple<Terms...> terms;
  constexpr weighted_sum(std::array<double, sizeof...(Terms)> w, std::tuple<Terms...> t) : weight(w), terms(t) {}
};

/// What stands for an expression whose units do not fit, after the error that says so.
struct ill_formed : expression {
  using unit = number;
};

template <class E>
struct is_weighted_sum : std::false_type {};
template <class Unit, class... Terms>
struct is_weighted_sum<weighted_sum<Unit, Terms...>> : std::true_type {};
template <class E>
struct is_product : std::false_type {};
template <class Unit, class... Arguments>
struct is_product<applied<Unit, operation::product, Arguments...>> : std::true_type {};

/// The unit type of a kind.
template <unit_kind Kind>
using unit_of_kind = std::tuple_element_t<static_cast<std::size_t>(Kind), apply_list_t<std::tuple, unit_list>>;

/// Applies an operation to static expressions, after the check of their units.
template <class Operation, class... Arguments>
constexpr auto apply_static(Operation const& op, std::tuple<Arguments...> const& arguments) {
  constexpr unit_kind kinds[] = {kind_of_unit<typename Arguments::unit>..., unit_kind::number};
  constexpr unit_check fit = check_units(Operation::units, kinds, static_cast<int>(sizeof...(Arguments)));
  constexpr unit_rule rule = Operation::units;
  constexpr bool alike = rule == unit_rule::same || rule == unit_rule::ratio || rule == unit_rule::choice;
  constexpr bool no_length = rule == unit_rule::length && fit.wrong == 0;
  static_assert(fit.ok() || !no_length,
                "aha: rewards: expected a length, column<I, tokens> or column<I, characters>, got a plain number");
  static_assert(fit.ok() || !alike,
                "aha: rewards: arguments of different units: numbers, tokens and characters do not mix");
  static_assert(fit.ok() || rule != unit_rule::product, "aha: rewards: a product has one length at most");
  static_assert(fit.ok() || alike || no_length || rule == unit_rule::product,
                "aha: rewards: expected a plain number, got a length");
  if constexpr (fit.ok()) {
    return applied<unit_of_kind<fit.unit>, Operation, Arguments...>(op, arguments);
  } else {
    return ill_formed{};
  }
}

/// An expression as a sum: itself, or one summand.
template <class E>
constexpr auto as_sum(E const& e) {
  if constexpr (is_weighted_sum<E>::value) {
    return e;
  } else {
    return weighted_sum<typename E::unit, E>({1.0}, std::tuple<E>(e));
  }
}
template <std::size_t N, std::size_t M>
constexpr std::array<double, N + M> join(std::array<double, N> const& a, std::array<double, M> const& b) {
  std::array<double, N + M> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) all[N + i] = b[i];
  return all;
}
template <class Unit, class... As, class... Bs>
constexpr auto join_sums(weighted_sum<Unit, As...> const& a, weighted_sum<Unit, Bs...> const& b) {
  return weighted_sum<Unit, As..., Bs...>(join(a.weight, b.weight), std::tuple_cat(a.terms, b.terms));
}
/// a + b.
template <class A, class B>
constexpr auto add_static(A const& a, B const& b) {
  constexpr bool alike = std::is_same_v<typename A::unit, typename B::unit>;
  static_assert(alike, "aha: rewards: summands of different units: numbers, tokens and characters do not mix");
  if constexpr (alike) {
    return join_sums(as_sum(a), as_sum(b));
  } else {
    return ill_formed{};
  }
}
/// by * e: weights are multiplied, and a number is a number.
template <class E>
constexpr auto scale_static(double by, E const& e) {
  if constexpr (std::is_same_v<E, constant>) {
    return constant(by * e.value);
  } else {
    auto scaled = as_sum(e);
    for (std::size_t k = 0; k < scaled.weight.size(); ++k) scaled.weight[k] = by * scaled.weight[k];
    return scaled;
  }
}
template <class E>
constexpr auto factors_of(E const& e) {
  if constexpr (is_product<E>::value) {
    return e.arguments;
  } else {
    return std::tuple<E>(e);
  }
}
/// a * b; products of products are one product.
template <class A, class B>
constexpr auto multiply_static(A const& a, B const& b) {
  return apply_static(operation::product{}, std::tuple_cat(factors_of(a), factors_of(b)));
}

}  // namespace reward
AHA_NAMESPACE_END

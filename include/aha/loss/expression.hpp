// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>

AHA_NAMESPACE_BEGIN

/// One summand of an expression: coefficient x passive factors x term.
template <class Term>
struct leaf {
  double coefficient = 1;
  int weight = 0;     ///< how often the weight column multiplies
  bool keep = false;  ///< whether the keep column selects
  Term term;
};

/// A sum of leaves, flat. An aggregate, so that it stays trivially copyable (std::tuple is not).
template <class... Terms>
struct leaves;
template <>
struct leaves<> {
  template <class F>
  AHA_FN void for_each_leaf(F&&) const {}
};
template <class Head, class... Tail>
struct leaves<Head, Tail...> {
  leaf<Head> head;
  leaves<Tail...> tail;
  AHA_CALLS_CALLER
  template <class F>
  AHA_FN void for_each_leaf(F&& f) const {
    f(head);
    tail.for_each_leaf(f);
  }
};

/// The passive factor `weight * x`: multiplies by the batch's weight column (an importance weight, no gradient).
struct weight_factor {};
/// The passive factor `keep * x`: a token whose keep entry is 0 leaves the numerator; it stays in every denominator.
struct keep_factor {};
inline constexpr weight_factor weight{};
inline constexpr keep_factor keep{};

template <class T>
struct is_leaves : std::false_type {};
template <class... Ts>
struct is_leaves<leaves<Ts...>> : std::true_type {};
template <class T>
inline constexpr bool is_expression = is_term<T> || is_leaves<T>::value;
template <class T>
using if_expression = std::enable_if_t<is_expression<T>, int>;

template <class E, if_expression<E> = 0>
constexpr auto to_leaves(E const& e) {
  if constexpr (is_term<E>) {
    return leaves<E>{leaf<E>{1, 0, false, e}, {}};
  } else {
    return e;
  }
}

template <class... Bs>
constexpr leaves<Bs...> concat(leaves<> const&, leaves<Bs...> const& b) {
  return b;
}
template <class A, class... As, class... Bs>
constexpr leaves<A, As..., Bs...> concat(leaves<A, As...> const& a, leaves<Bs...> const& b) {
  return {a.head, concat(a.tail, b)};
}

template <class F>
constexpr leaves<> map_leaves(leaves<> const&, F const&) {
  return {};
}
/// The same sum with `f` applied to every leaf: factors distribute over a sum.
template <class A, class... As, class F>
constexpr leaves<A, As...> map_leaves(leaves<A, As...> const& e, F const& f) {
  return {f(e.head), map_leaves(e.tail, f)};
}

struct scale_leaf {
  double by;
  template <class T>
  constexpr leaf<T> operator()(leaf<T> l) const {
    l.coefficient *= by;
    return l;
  }
};
struct weigh_leaf {
  template <class T>
  constexpr leaf<T> operator()(leaf<T> l) const {
    ++l.weight;
    return l;
  }
};
struct keep_leaf {
  template <class T>
  constexpr leaf<T> operator()(leaf<T> l) const {
    l.keep = true;
    return l;
  }
};

template <class A, class B, if_expression<A> = 0, if_expression<B> = 0>
constexpr auto operator+(A const& a, B const& b) {
  return concat(to_leaves(a), to_leaves(b));
}
template <class A, if_expression<A> = 0>
constexpr auto operator-(A const& a) {
  return map_leaves(to_leaves(a), scale_leaf{-1});
}
template <class A, class B, if_expression<A> = 0, if_expression<B> = 0>
constexpr auto operator-(A const& a, B const& b) {
  return a + (-b);
}
template <class A, if_expression<A> = 0>
constexpr auto operator*(double by, A const& a) {
  return map_leaves(to_leaves(a), scale_leaf{by});
}
template <class A, if_expression<A> = 0>
constexpr auto operator*(weight_factor, A const& a) {
  return map_leaves(to_leaves(a), weigh_leaf{});
}
template <class A, if_expression<A> = 0>
constexpr auto operator*(keep_factor, A const& a) {
  return map_leaves(to_leaves(a), keep_leaf{});
}

AHA_NAMESPACE_END

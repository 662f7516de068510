// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/expression.hpp>
#include <aha/loss/totals.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

/// How a part's token values become one number. Weight of token t of sequence i (mask m, n_i = mask count or `length`):
/// token_mean m/tokens · sequence_mean m/(n_i sequences) · sequence_sum m/sequences · constant_length m/(n sequences) ·
/// token_sum m · prompt_mean m/(p_i prompts), p_i = `prompt_tokens` · positive_mean m/positives. `tokens`, `sequences`,
/// `prompts` and `positives` are totals of the whole optimiser step, given by the caller.
enum class aggregation : unsigned char {
  token_mean,
  sequence_mean,
  sequence_sum,
  constant_length,
  token_sum,
  prompt_mean,
  positive_mean
};
template <>
struct enum_names<aggregation> {
  static constexpr std::string_view values[] = {"token_mean", "sequence_mean", "sequence_sum", "constant_length",
                                                "token_sum",  "prompt_mean",   "positive_mean"};
};

/// The total of the step that a kind divides by; null for token_sum, which divides by none.
AHA_FN inline constexpr double totals::*total_of(aggregation k) {
  switch (k) {
    case aggregation::token_mean: return &totals::tokens;
    case aggregation::token_sum: return nullptr;
    case aggregation::prompt_mean: return &totals::prompts;
    case aggregation::positive_mean: return &totals::positives;
    default: return &totals::sequences;
  }
}

/// A total that was not given: the batch's totals are used.
inline constexpr double no_total = std::numeric_limits<double>::quiet_NaN();

/// A part's aggregate: its kind, the constant length n where the kind has one, and its own total where it carries one.
struct aggregate {
  aggregation kind = aggregation::token_mean;
  double length = 0;
  double total = no_total;
};

/// coefficient x aggregate(expression).
template <class Leaves>
struct part {
  double coefficient = 1;
  aha::aggregate aggregate;
  Leaves leaves;
  AHA_CALLS_CALLER
  template <class F>
  AHA_FN void for_each_leaf(F&& f) const {
    leaves.for_each_leaf(f);
  }
};
/// Whether the leaves of a part are known when it is compiled.
template <class Part>
inline constexpr bool is_static_part = false;
template <class Leaves>
inline constexpr bool is_static_part<part<Leaves>> = true;

/// A sum of parts; each has its own aggregate, all are evaluated in one pass.
template <class... Parts>
struct objective;
template <>
struct objective<> {
  template <class F>
  AHA_FN void for_each_part(F&&) const {}
};
template <class Head, class... Tail>
struct objective<Head, Tail...> {
  Head head;
  objective<Tail...> tail;
  AHA_CALLS_CALLER
  template <class F>
  AHA_FN void for_each_part(F&& f) const {
    f(head);
    tail.for_each_part(f);
  }
};

template <class T>
struct is_objective : std::false_type {};
template <class... Ps>
struct is_objective<objective<Ps...>> : std::true_type {};
template <class T>
using if_objective = std::enable_if_t<is_objective<T>::value, int>;

/// What aggregates take: static expressions, and the dynamic one (which specialises this).
template <class E>
struct is_summable : std::bool_constant<is_expression<E>> {};

/// True for what engines take as an objective: static ones, and the dynamic one (which specialises this).
template <class O>
struct is_loss_objective : is_objective<O> {};

template <class E, if_expression<E> = 0>
constexpr auto make_part(struct aggregate a, E const& e) {
  using Leaves = decltype(to_leaves(e));
  return objective<part<Leaves>>{part<Leaves>{1, a, to_leaves(e)}, {}};
}

/// One part, after the check that `e` can be summed at all.
template <class E>
constexpr auto part_of(struct aggregate a, E const& e) {
  static_assert(is_summable<E>::value,
                "aha: not a term: an aggregate takes terms and their sums, such as clip{0.2, 0.2}");
  if constexpr (is_summable<E>::value) return make_part(a, e);
}

/// Mean over all tokens of the step (DAPO, arXiv:2503.14476). `total`: its own token count.
template <class E>
constexpr auto token_mean(E const& e, double total = no_total) {
  return part_of(aha::aggregate{aggregation::token_mean, 0, total}, e);
}
/// Mean over sequences of their token means (GRPO, arXiv:2402.03300). `total`: its own sequence count.
template <class E>
constexpr auto sequence_mean(E const& e, double total = no_total) {
  return part_of(aha::aggregate{aggregation::sequence_mean, 0, total}, e);
}
/// Mean over sequences of their token sums. `total`: its own sequence count.
template <class E>
constexpr auto sequence_sum(E const& e, double total = no_total) {
  return part_of(aha::aggregate{aggregation::sequence_sum, 0, total}, e);
}
/// Sum over all tokens, without a denominator.
template <class E>
constexpr auto token_sum(E const& e) {
  return part_of(aha::aggregate{aggregation::token_sum, 0, no_total}, e);
}
/// Mean over prompts of the token means of their groups: a prompt counts once, however many samples and tokens it has.
/// Weight 1 / (p_i prompts), p_i the batch's `prompt_tokens`: tokens of the sequence's prompt group over the whole step.
/// `total`: its own prompt count.
template <class E>
constexpr auto prompt_mean(E const& e, double total = no_total) {
  return part_of(aha::aggregate{aggregation::prompt_mean, 0, total}, e);
}
/// Sum over tokens divided by the positive examples' token count; `keep` says which tokens those are. The likelihood of
/// correct samples in VAPO (arXiv:2504.05118), whose divisor one peer takes from the shard. `total`: its own count.
template <class E>
constexpr auto positive_mean(E const& e, double total = no_total) {
  return part_of(aha::aggregate{aggregation::positive_mean, 0, total}, e);
}
/// Mean over sequences of token sums divided by a constant n (Dr. GRPO, arXiv:2503.20783): `constant_length(n)(x)`.
struct constant_length {
  double n;
  constexpr explicit constant_length(double length) : n(length) {}
  template <class E>
  constexpr auto operator()(E const& e, double total = no_total) const {
    return part_of(aha::aggregate{aggregation::constant_length, n, total}, e);
  }
};

template <class... Bs>
constexpr objective<Bs...> concat(objective<> const&, objective<Bs...> const& b) {
  return b;
}
template <class A, class... As, class... Bs>
constexpr objective<A, As..., Bs...> concat(objective<A, As...> const& a, objective<Bs...> const& b) {
  return {a.head, concat(a.tail, b)};
}
constexpr objective<> scale_parts(objective<> const&, double) { return {}; }
template <class A, class... As>
constexpr objective<A, As...> scale_parts(objective<A, As...> o, double by) {
  o.head.coefficient *= by;
  return {o.head, scale_parts(o.tail, by)};
}

template <class A, class B, if_objective<A> = 0, if_objective<B> = 0>
constexpr auto operator+(A const& a, B const& b) {
  return concat(a, b);
}
template <class A, if_objective<A> = 0>
constexpr auto operator-(A const& a) {
  return scale_parts(a, -1);
}
template <class A, class B, if_objective<A> = 0, if_objective<B> = 0>
constexpr auto operator-(A const& a, B const& b) {
  return concat(a, scale_parts(b, -1));
}
template <class A, if_objective<A> = 0>
constexpr auto operator*(double by, A const& a) {
  return scale_parts(a, by);
}

AHA_NAMESPACE_END

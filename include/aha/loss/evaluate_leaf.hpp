// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/dual.hpp>
#include <aha/loss/expression.hpp>

AHA_NAMESPACE_BEGIN

/// Slots for sequence statistics.
inline constexpr int statistic_slots = static_cast<int>(statistics::size);
template <class Statistic>
inline constexpr int statistic_slot = static_cast<int>(index_of<Statistic>(statistics{}));

/// The active input of a term, whatever its parameters.
template <class Term>
inline constexpr active_input input_of = active_input_of(needs_of(Term{}));
/// Whether a term is differentiated by its sequence's statistic too.
template <class Term>
inline constexpr bool has_adjoint =
    !std::is_same_v<typename Term::statistic, no_statistic> && Term::differentiates_statistic;

// `active_part` copies the passive inputs of a record and seeds what the term is differentiated by: its active input in
// direction 0, a differentiated statistic in direction 1.

template <class Term, class D, class V>
AHA_FN inline token<D> active_part(token<V> const& p) {
  token<D> t;
  t.old_logp = p.old_logp;
  t.ref_logp = p.ref_logp;
  t.adv = p.adv;
  if constexpr (input_of<Term> == active_input::entropy) {
    t.entropy = D::seeded(p.entropy, 0);
  } else if constexpr (input_of<Term> == active_input::lse) {
    t.lse = D::seeded(p.lse, 0);
  } else {
    t.logp = D::seeded(p.logp, 0);
  }
  if constexpr (has_adjoint<Term>) {
    t.S = D::seeded(p.S, 1);
  } else {
    t.S = D(p.S);
  }
  return t;
}
template <class Term, class D, class V>
AHA_FN inline value_token<D> active_part(value_token<V> const& p) {
  value_token<D> t;
  t.value = D::seeded(p.value, 0);
  t.old_value = p.old_value;
  t.returns = p.returns;
  return t;
}
template <class Term, class D, class V>
AHA_FN inline given_token<D> active_part(given_token<V> const& p) {
  return {D::seeded(p.given, 0)};
}

/// What one leaf is at one lane of tokens: its value times `value_scale`, its derivatives times `gradient_scale`.
template <class V>
struct leaf_value {
  V value;
  V d;   ///< by the term's active input
  V dS;  ///< by its statistic, where it is differentiated by it
};

/// One leaf at one lane of tokens, passive factors included. Two seeds where the term is differentiated by a statistic
/// too (its own log-probability and S), one elsewhere. The same code for every engine, lane and objective; masks are the
/// engine's: it selects.
template <class V, class Term>
AHA_FN inline leaf_value<V> evaluate_leaf(leaf<Term> const& l, typename Term::template record<V> const& t, V const& w,
                                          V const& value_scale, V const& gradient_scale) {
  using D = dual<V, has_adjoint<Term> ? 2 : 1>;
  D const r = l.term(active_part<Term, D>(t));
  V factor = lane<V>(1);
  for (int k = 0; k < l.weight; ++k) factor = factor * w;
  leaf_value<V> x;
  x.value = r.value * value_scale * factor;
  x.d = r.d[0] * gradient_scale * factor;
  if constexpr (has_adjoint<Term>) {
    x.dS = r.d[1] * gradient_scale * factor;
  } else {
    x.dS = lane<V>(0);
  }
  return x;
}

AHA_NAMESPACE_END

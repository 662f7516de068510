// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/statistic.hpp>
#include <string_view>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// Base of every term: maths for one token, `template <class V> V operator()(token<V> const&) const`, with `name`,
/// `needs` (a constant, or a const member function where it depends on a parameter), `params` (name, member, legal
/// range, meaning) and, where entries of the type list share a name, `variant` (the keyword's value that tells them
/// apart). A term of another record (`value_token`, `given_token`) names it as `record`.
struct term {
  using statistic = no_statistic;
  /// False where the statistic is an input without derivative (a paper's stop-gradient).
  static constexpr bool differentiates_statistic = true;
  template <class V>
  using record = token<V>;
};

/// A term whose parameters steer its maths may offer `is_usual()` and `as_usual()`: the same term where it is the usual one,
/// by constants that compilers see through, so that loops need not ask for them. All others are usual.
template <class Term, class = void>
struct has_usual_form : std::false_type {};
template <class Term>
struct has_usual_form<Term, std::void_t<decltype(std::declval<Term const&>().as_usual())>> : std::true_type {};
template <class Term>
AHA_FN constexpr bool is_usual_term(Term const& t) {
  if constexpr (has_usual_form<Term>::value) {
    return t.is_usual();
  } else {
    (void)t;
    return true;
  }
}
/// Of a usual term.
template <class Term>
AHA_FN constexpr Term usual_form(Term const& t) {
  if constexpr (has_usual_form<Term>::value) {
    return t.as_usual();
  } else {
    return t;
  }
}
/// Calls f(term) for the maths of a block: with the usual form where the term is usual.
template <class Term, class F>
AHA_FN inline void with_constants(Term const& t, F const& f) {
  if constexpr (has_usual_form<Term>::value) {
    is_usual_term(t) ? f(usual_form(t)) : f(t);
  } else {
    f(t);
  }
}

/// A term that takes the exponential of a token's log-ratio may offer `exponent(t)`, that log-ratio within the term's
/// limits, and `exponent_to`, the flag of the column on its other side (reads::old_logp: logp - old_logp; reads::ref_logp:
/// ref_logp - logp): who observes the same ratio beside it shares the exponential.
template <class Term, class = void>
inline constexpr unsigned exponent_of = 0;
template <class Term>
inline constexpr unsigned exponent_of<Term, std::void_t<decltype(Term::exponent_to)>> = Term::exponent_to;

template <class T>
inline constexpr bool is_term = std::is_base_of_v<term, T>;

/// Columns that a term reads, its statistic's included.
template <class Term>
constexpr unsigned needs_of(Term const& t) {
  unsigned n = 0;
  if constexpr (std::is_member_function_pointer_v<decltype(&Term::needs)>) {
    n = t.needs();
  } else {
    n = Term::needs;
    (void)t;
  }
  if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) {
    if ((n & reads::statistic) != 0) n |= Term::statistic::needs;
  }
  return n;
}

/// True for entries of the type list that share a name and are told apart by a keyword.
template <class Term, class = void>
struct has_variant : std::false_type {};
template <class Term>
struct has_variant<Term, std::void_t<decltype(Term::variant)>> : std::true_type {};

/// The sides that a term's `clipped` can say yes to: its constant `sides`.
namespace clips {
enum : unsigned { low = 1U << 0U, high = 1U << 1U, dual = 1U << 2U, value = 1U << 3U };
}  // namespace clips

/// Which side of a clip a token is on; all false where nothing is clipped. These tokens have no gradient.
template <class V>
struct clip_side {
  mask_t<V> low;    ///< the ratio has fallen enough, adv < 0
  mask_t<V> high;   ///< the ratio has grown enough, adv > 0
  mask_t<V> dual;   ///< the ratio has grown beyond a second bound, adv < 0
  mask_t<V> value;  ///< a critic's prediction has moved too far, towards its target
};

template <class Term, class V, class = void>
struct has_clip_side : std::false_type {};
template <class Term, class V>
struct has_clip_side<Term, V,
                     std::void_t<decltype(std::declval<Term const&>().clipped(
                         std::declval<typename Term::template record<V> const&>()))>> : std::true_type {};

AHA_NAMESPACE_END

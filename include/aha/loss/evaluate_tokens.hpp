// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/aggregate.hpp>
#include <aha/loss/evaluate_leaf.hpp>
#include <aha/loss/part_weight.hpp>

AHA_NAMESPACE_BEGIN

/// Everything that leaves may read of one lane of tokens, passive; what nothing reads may hold anything finite. A masked
/// token's columns must hold finite numbers too (zeros): it is selected out, but evaluated.
template <class V>
struct token_inputs {
  V logp = lane<V>(0);
  V entropy = lane<V>(0);
  V lse = lane<V>(0);
  V old_logp = lane<V>(0);
  V ref_logp = lane<V>(0);
  V value = lane<V>(0);
  V old_value = lane<V>(0);
  V returns = lane<V>(0);
  V given = lane<V>(0);
  V adv = lane<V>(0);
  V weight = lane<V>(1);
  mask_t<V> mask{};
  mask_t<V> keep{};
};

template <class V>
AHA_FN inline void read_record(token_inputs<V> const& in, token<V>& t) {
  t.logp = in.logp;
  t.entropy = in.entropy;
  t.lse = in.lse;
  t.old_logp = in.old_logp;
  t.ref_logp = in.ref_logp;
  t.adv = in.adv;
}
template <class V>
AHA_FN inline void read_record(token_inputs<V> const& in, value_token<V>& t) {
  t.value = in.value;
  t.old_value = in.old_value;
  t.returns = in.returns;
}
template <class V>
AHA_FN inline void read_record(token_inputs<V> const& in, given_token<V>& t) {
  t.given = in.given;
}
/// The record that a term names, of a token whose sequence has the statistics S.
template <class Term, class V>
AHA_FN inline typename Term::template record<V> record_of(token_inputs<V> const& in, V const* S) {
  typename Term::template record<V> t;
  read_record(in, t);
  if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) {
    t.S = S[statistic_slot<typename Term::statistic>];
  } else {
    (void)S;
  }
  return t;
}

/// Derivatives of the weighted loss at a token, and which sides of a clip it is on: numbers that may be added up, where a
/// few flags more would not fit a kernel's predicate registers.
template <class V>
struct token_gradient {
  V d[active_inputs];     ///< by each active input
  V dS[statistic_slots];  ///< by each statistic of its sequence
  unsigned clipped;       ///< low, high, dual and value: a byte each, 1 or 0
};

/// Whether an objective's type lets it be usual: static, of terms that read log-probabilities and no statistic.
template <class Objective>
inline constexpr bool may_be_usual = false;
template <class... Terms, class... Parts>
inline constexpr bool may_be_usual<objective<part<leaves<Terms...>>, Parts...>> =
    ((input_of<Terms> == active_input::logp && std::is_same_v<typename Terms::statistic, no_statistic>)&&...) &&
    may_be_usual<objective<Parts...>>;
template <>
inline constexpr bool may_be_usual<objective<>> = true;

/// Whether every term of such an objective is usual and counts, and no leaf has a factor.
template <class Objective>
bool is_usual_objective(Objective const& objective) {
  bool usual = may_be_usual<Objective>;
  if constexpr (may_be_usual<Objective>) {
    objective.for_each_part([&](auto const& part) {
      part.for_each_leaf([&](auto const& l) {
        usual = usual && l.coefficient != 0 && l.weight == 0 && !l.keep && is_usual_term(l.term);
      });
    });
  }
  return usual;
}

/// What a caller of `evaluate_tokens` knows: nothing; that `is_usual_objective`; or also that no token is masked and no weight
/// is 0. What cannot be is not compiled. Who takes the exponential of a leaf's exponent behind `plain` ones shares that of
/// the leaf: no branch lies between.
enum class tokens_are { any, usual, plain };

/// An objective at K tokens of one sequence: the only definition of what the token kernels and, with K = 1, the
/// kernels over rows of logits compute. Leaves are dispatched once for all K.
///   S            the sequence's statistics, `statistic_slots` of them; null where no leaf reads one
///   weights[p]   of part p for a token of this sequence (`fill_part_weights`)
///   all          whether no token is masked: the usual case of a thread, in which nothing is selected
///   marks        whether clips are looked at
///   done(p, w, values)   called after each part that has a weight: `values[K]` are its unweighted losses, 0 where masked
AHA_CALLS_CALLER
template <tokens_are Form = tokens_are::any, int K, class V, class Objective, class Done>
AHA_FN inline void evaluate_tokens(Objective const& objective, token_inputs<V> const (&in)[K], V const* S,
                                   double const* weights, bool all, bool marks, token_gradient<V> (&g)[K],
                                   Done&& done) {
  static_assert(std::is_floating_point_v<V>, "aha: one token a lane");
  constexpr bool plain = Form == tokens_are::plain;
  V const zero = lane<V>(0);
  for (int k = 0; k < K; ++k) {
    for (V& x : g[k].d) x = zero;
    for (V& x : g[k].dS) x = zero;
    g[k].clipped = 0;
  }
  int p = 0;
  objective.for_each_part([&](auto const& part) {
    int const mine = p++;
    double const w = weights[mine];
    if (!plain && w == 0) return;
    V values[K];
    for (V& x : values) x = zero;
    part.for_each_leaf([&](auto const& l) {
      if (Form == tokens_are::any && l.coefficient == 0) return;
      using Term = std::decay_t<decltype(l.term)>;
      V const value_scale = lane<V>(l.coefficient);
      V const gradient_scale = lane<V>(w * l.coefficient);
      auto const add = [&](leaf<Term> const& of) {
        for (int k = 0; k < K; ++k) {
          auto const t = record_of<Term>(in[k], S);
          leaf_value<V> x = evaluate_leaf(of, t, in[k].weight, value_scale, gradient_scale);
          if (of.keep) {
            x = {math::select(in[k].keep, x.value, zero), math::select(in[k].keep, x.d, zero),
                 math::select(in[k].keep, x.dS, zero)};
          }
          values[k] = values[k] + x.value;
          V& d = g[k].d[static_cast<int>(input_of<Term>)];
          d = d + x.d;
          if constexpr (has_adjoint<Term>) {
            V& dS = g[k].dS[statistic_slot<typename Term::statistic>];
            dS = dS + x.dS;
          }
        }
        if constexpr (has_clip_side<Term, V>::value) {
          if (!marks) return;
          for (int k = 0; k < K; ++k) {
            clip_side<V> const side = of.term.clipped(record_of<Term>(in[k], S));
            unsigned& to = g[k].clipped;
            if constexpr ((Term::sides & clips::low) != 0) to |= side.low ? 1U : 0U;
            if constexpr ((Term::sides & clips::high) != 0) to |= side.high ? 1U << 8U : 0U;
            if constexpr ((Term::sides & clips::dual) != 0) to |= side.dual ? 1U << 16U : 0U;
            if constexpr ((Term::sides & clips::value) != 0) to |= side.value ? 1U << 24U : 0U;
          }
        }
      };
      // Usual parameters, and factors that are not there, by constants: the same numbers by fewer instructions. An
      // objective chosen at run time has every term already: its factors are looked at.
      if constexpr (Form != tokens_are::any) {
        add(leaf<Term>{l.coefficient, 0, false, usual_form(l.term)});
      } else if constexpr (is_objective<Objective>::value) {
        if (l.weight == 0 && !l.keep) {
          with_constants(l.term, [&](Term const& usual) { add(leaf<Term>{l.coefficient, 0, false, usual}); });
        } else {
          add(l);
        }
      } else {
        with_constants(l.term, [&](Term const& usual) { add(leaf<Term>{l.coefficient, l.weight, l.keep, usual}); });
      }
    });
    if (!plain && !all) {
      for (int k = 0; k < K; ++k) values[k] = math::select(in[k].mask, values[k], zero);
    }
    done(mine, w, values);
  });
  if constexpr (!plain) {
    if (all) return;
    for (int k = 0; k < K; ++k) {
      for (V& x : g[k].d) x = math::select(in[k].mask, x, zero);
      for (V& x : g[k].dS) x = math::select(in[k].mask, x, zero);
      g[k].clipped = in[k].mask ? g[k].clipped : 0U;
    }
  }
}

/// Weights of all parts for a token of a sequence that divides by `n` and whose prompt group has `prompt_tokens`, into
/// `to[max_parts]`; how many parts there are.
template <class Objective>
AHA_FN inline int fill_part_weights(Objective const& objective, totals const& t, double scale, double n,
                                    double prompt_tokens, double* to) {
  int p = 0;
  objective.for_each_part(
      [&](auto const& part) { to[p++] = part_weight(part.coefficient, part.aggregate, t, scale, n, prompt_tokens); });
  return p;
}

AHA_NAMESPACE_END

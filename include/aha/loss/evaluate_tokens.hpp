// SPDX-License-Identifier: MIT
#pragma once

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

/// Derivatives of the weighted loss at one lane of tokens, and which sides of a clip it is on.
template <class V>
struct token_gradient {
  V d[active_inputs];     ///< by each active input
  V dS[statistic_slots];  ///< by each statistic of its sequence
  clip_side<V> clipped;
};

/// An objective at K lanes of tokens of one sequence: the only definition of what the token kernels and, with K = 1, the
/// kernels over rows of logits compute. Leaves are dispatched once for all K.
///   S            the sequence's statistics, `statistic_slots` of them; null where no leaf reads one
///   weights[p]   of part p for a token of this sequence (`fill_part_weights`)
///   marks        whether clips are looked at
///   done(p, w, values)   called after each part that has a weight: `values[K]` are its unweighted losses, 0 where masked
AHA_CALLS_CALLER
template <int K, class V, class Objective, class Done>
AHA_FN inline void evaluate_tokens(Objective const& objective, token_inputs<V> const (&in)[K], V const* S,
                                   double const* weights, bool marks, token_gradient<V> (&g)[K], Done&& done) {
  V const zero = lane<V>(0);
  mask_t<V> const none = zero > lane<V>(0);
  for (int k = 0; k < K; ++k) {
    for (V& x : g[k].d) x = zero;
    for (V& x : g[k].dS) x = zero;
    g[k].clipped = {none, none, none, none};
  }
  int p = 0;
  objective.for_each_part([&](auto const& part) {
    int const mine = p++;
    double const w = weights[mine];
    if (w == 0) return;
    V values[K];
    for (V& x : values) x = zero;
    part.for_each_leaf([&](auto const& l) {
      if (l.coefficient == 0) return;
      using Term = std::decay_t<decltype(l.term)>;
      V const value_scale = lane<V>(l.coefficient);
      V const gradient_scale = lane<V>(w * l.coefficient);
      for (int k = 0; k < K; ++k) {
        auto const t = record_of<Term>(in[k], S);
        leaf_value<V> const x = evaluate_leaf(l, t, in[k].weight, value_scale, gradient_scale);
        mask_t<V> const valid = in[k].mask && (!l.keep || in[k].keep);
        values[k] = values[k] + math::select(valid, x.value, zero);
        V& d = g[k].d[static_cast<int>(input_of<Term>)];
        d = d + math::select(valid, x.d, zero);
        if constexpr (has_adjoint<Term>) {
          V& dS = g[k].dS[statistic_slot<typename Term::statistic>];
          dS = dS + math::select(valid, x.dS, zero);
        }
        if constexpr (has_clip_side<Term, V>::value) {
          if (marks) {
            clip_side<V> const side = l.term.clipped(t);
            g[k].clipped.low = g[k].clipped.low || (in[k].mask && side.low);
            g[k].clipped.high = g[k].clipped.high || (in[k].mask && side.high);
            g[k].clipped.dual = g[k].clipped.dual || (in[k].mask && side.dual);
            g[k].clipped.value = g[k].clipped.value || (in[k].mask && side.value);
          }
        }
      }
    });
    done(mine, w, values);
  });
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

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/simd.hpp>
#include <aha/cpu/token_block.hpp>

AHA_NAMESPACE_BEGIN

/// A sum over leaves, token by token. What lies there before the first leaf adds to it is not read into it.
template <class T>
struct leaf_sum {
  T* at = nullptr;
  bool begun = false;

  /// What loops take the running sum under.
  template <class V>
  mask_t<V> begun_in() const {
    return lane<V>(begun ? 1 : 0) > lane<V>(0);
  }
  /// Zeros where no leaf has added.
  void end(int n) {
    if (!begun) std::fill_n(at, n, T(0));
    begun = true;
  }
};

/// What the leaves of a block add to.
template <class T>
struct block_sums {
  leaf_sum<T> value;
  leaf_sum<T> d[active_inputs];  ///< by each active input
  leaf_sum<T> dS[statistic_slots];
};

/// The sides of a clip that tokens of a block are on: bit k of entry i is token i * width + k.
struct clip_marks {
  std::uint32_t sides[4][block_tokens];
  unsigned begun = 0;  ///< bit s: sides[s] was written

  /// Marks lanes of one batch, beside what other leaves have marked.
  template <class V>
  void mark(unsigned side, unsigned before, int j, mask_t<V> const& clipped) {
    std::uint32_t& at = sides[side][j / lane_ops<V>::width];
    at = lane_ops<V>::bits(clipped) | (((before >> side) & 1U) != 0 ? at : 0U);
  }
  /// Marked tokens of a side over the first `batches` entries.
  std::int64_t count(unsigned side, int batches) const {
    std::int64_t n = 0;
    if (((begun >> side) & 1U) == 0) return n;
    for (int i = 0; i < batches; ++i) n += count_bits(sides[side][i]);
    return n;
  }

 private:
  static std::int64_t count_bits(std::uint32_t x) {
    x = x - ((x >> 1U) & 0x55555555U);
    x = (x & 0x33333333U) + ((x >> 2U) & 0x33333333U);
    return (((x + (x >> 4U)) & 0x0F0F0F0FU) * 0x01010101U) >> 24U;
  }
};

// One lane of tokens of a block, as the record that a term names.

template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, mask_t<V> const& m, token<V>& t) {
  t.logp = lane_ops<V>::load_where(m, b.logp + j);
  t.entropy = lane_ops<V>::load_where(m, b.entropy + j);
  t.lse = lane_ops<V>::load_where(m, b.lse + j);
  t.old_logp = lane_ops<V>::load_where(m, b.old_logp + j);
  t.ref_logp = lane_ops<V>::load_where(m, b.ref_logp + j);
  t.adv = lane_ops<V>::load_where(m, b.adv + j);
}
template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, mask_t<V> const& m, value_token<V>& t) {
  t.value = lane_ops<V>::load_where(m, b.value + j);
  t.old_value = lane_ops<V>::load_where(m, b.old_value + j);
  t.returns = lane_ops<V>::load_where(m, b.returns + j);
}
template <class V, class T>
AHA_INLINE void read_record(block_columns<T> const& b, int j, mask_t<V> const& m, given_token<V>& t) {
  t.given = lane_ops<V>::load_where(m, b.given + j);
}

/// One lane of the block as a term sees it, without derivatives.
template <class V, class Term, class T>
AHA_INLINE typename Term::template record<V> passive_token(block_columns<T> const& b, int j, mask_t<V> const& m) {
  typename Term::template record<V> t;
  read_record(b, j, m, t);
  return t;
}

/// The loop of `add_leaf`.
template <bool Fresh, class V, class Term, class T>
AHA_INLINE void add_leaf_with(leaf<Term> const& given, token_block<T> const& block, double value_scale,
                              double gradient_scale, block_sums<T>& sums, clip_marks* marks) {
  using ops = lane_ops<V>;
  // Copies that no store can alias: parameters are converted and broadcast once a block instead of once a lane.
  leaf<Term> const l = given;
  block_columns<T> const b = block;
  int const padded = block.padded;
  V const vs = lane<V>(value_scale);
  V const gs = lane<V>(gradient_scale);
  V const zero = lane<V>(0);
  leaf_sum<T>& d0 = sums.d[static_cast<int>(input_of<Term>)];
  T* const to_value = sums.value.at;
  T* const to_d0 = d0.at;
  mask_t<V> const value_begun = sums.value.template begun_in<V>();
  mask_t<V> const d0_begun = d0.template begun_in<V>();
  [[maybe_unused]] unsigned const before = marks != nullptr ? marks->begun : 0;
  [[maybe_unused]] V S = zero;
  if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) {
    S = lane<V>(static_cast<double>(block.S[index_of<typename Term::statistic>(statistics{})]));
  }
  for (int j = 0; j < padded; j += ops::width) {
    mask_t<V> const m = ops::load(b.mask + j) > zero;
    auto t = passive_token<V, Term>(b, j, m);
    if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) t.S = S;
    V const by = l.weight > 0 ? ops::load_where(m, b.weight + j) : zero;
    leaf_value<V> const r = evaluate_leaf(l, t, by, vs, gs);
    if constexpr (has_clip_side<Term, V>::value) {
      if (marks != nullptr) {
        clip_side<V> const side = l.term.clipped(t);
        if constexpr ((Term::sides & clips::low) != 0) marks->mark<V>(0, before, j, m && side.low);
        if constexpr ((Term::sides & clips::high) != 0) marks->mark<V>(1, before, j, m && side.high);
        if constexpr ((Term::sides & clips::dual) != 0) marks->mark<V>(2, before, j, m && side.dual);
        if constexpr ((Term::sides & clips::value) != 0) marks->mark<V>(3, before, j, m && side.value);
      }
    }
    mask_t<V> const valid = l.keep ? m && ops::load(b.keep + j) > zero : m;
    auto const add = [&](T* to, mask_t<V> const& begun, V x) {
      x = ops::zero_unless(valid, x);
      if constexpr (Fresh) {
        ops::store(to + j, x);
      } else {
        ops::store(to + j, ops::load_where(begun, to + j) + x);
      }
    };
    add(to_value, value_begun, r.value);
    add(to_d0, d0_begun, r.d);
    if constexpr (has_adjoint<Term>) {
      leaf_sum<T> const& dS = sums.dS[index_of<typename Term::statistic>(statistics{})];
      add(dS.at, dS.template begun_in<V>(), r.dS);
    }
  }
  sums.value.begun = true;
  d0.begun = true;
  if constexpr (has_adjoint<Term>) sums.dS[index_of<typename Term::statistic>(statistics{})].begun = true;
  if constexpr (has_clip_side<Term, V>::value) {
    if (marks != nullptr) marks->begun |= Term::sides;
  }
}
/// Adds one leaf over a block: the value times `value_scale` and its derivatives times `gradient_scale`. Two seeds where
/// the term is differentiated by a statistic too (its own log-probability and S), one elsewhere. Where `marks` are wanted
/// the tokens that the term clips are marked, from the same exponential. The same code for every lane and objective.
template <class V, class Term, class T>
void add_leaf(leaf<Term> const& l, token_block<T> const& block, double value_scale, double gradient_scale,
              block_sums<T>& sums, clip_marks* marks) {
  bool const factors = l.weight > 0 || l.keep;
  bool const first = !sums.value.begun && !sums.d[static_cast<int>(input_of<Term>)].begun;
  with_constants(l.term, [&](Term const& term) AHA_INLINE_LAMBDA {
    if (factors || !first || has_adjoint<Term>) {
      leaf<Term> const any{1, l.weight, l.keep, term};
      add_leaf_with<false, V>(any, block, value_scale, gradient_scale, sums, marks);
    } else {
      add_leaf_with<true, V>(leaf<Term>{1, 0, false, term}, block, value_scale, gradient_scale, sums, marks);
    }
  });
}

AHA_NAMESPACE_END

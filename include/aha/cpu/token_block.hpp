// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/dual.hpp>
#include <aha/core/numeric_sum.hpp>
#include <aha/cpu/simd.hpp>
#include <aha/loss/expression.hpp>
#include <aha/loss/token_batch.hpp>
#include <algorithm>
#include <cstring>

AHA_NAMESPACE_BEGIN

/// Tokens of a block: columns are staged and leaves dispatched once a block. A multiple of every lane width and of the
/// fixed sum's sixteen, small enough that all block buffers stay in the first-level cache.
inline constexpr int block_tokens = 256;

/// Slots for sequence statistics.
inline constexpr int statistic_slots = static_cast<int>(statistics::size);

/// Calls f(typed pointer) for a mask's element type, once a sequence instead of once a token.
template <class F>
void visit_mask(mask_view<host> const& m, F&& f) {
  using kind = mask_view<host>::kind;
  switch (m.type) {
    case kind::byte: return f(static_cast<std::uint8_t const*>(m.data));
    case kind::i64: return f(static_cast<std::int64_t const*>(m.data));
    case kind::f32: return f(static_cast<float const*>(m.data));
    default: return f(static_cast<double const*>(m.data));
  }
}

/// Writes `to[j] = mask entry != 0` for j < n, zero up to the block's padded end.
template <class T>
void stage_mask(mask_view<host> const& m, std::int64_t row, std::int64_t first, int n, int padded, T* to) {
  if (!m.present()) {
    std::fill_n(to, n, T(1));
  } else {
    visit_mask(m, [&](auto const* p) {
      using M = std::remove_const_t<std::remove_pointer_t<decltype(p)>>;
      auto const* from = p + row * m.row_stride + first;
      for (int j = 0; j < n; ++j) to[j] = from[j] != M(0) ? T(1) : T(0);
    });
  }
  std::fill(to + n, to + padded, T(0));
}

/// Where the columns of one block lie: absent ones are zeros. Small, so that loops keep a copy that no store can alias.
template <class T>
struct block_columns {
  T const* logp = nullptr;
  T const* old_logp = nullptr;
  T const* ref_logp = nullptr;
  T const* entropy = nullptr;
  T const* lse = nullptr;
  T const* value = nullptr;
  T const* old_value = nullptr;
  T const* returns = nullptr;
  T const* given = nullptr;
  T const* adv = nullptr;
  T const* weight = nullptr;
  T const* mask = nullptr;
  T const* keep = nullptr;
};

/// The passive columns and the log-probabilities of one block, ready for whole lanes: the last lanes of a short block are
/// padding under mask 0.
template <class T>
struct token_block : block_columns<T> {
  int count = 0;   ///< tokens
  int padded = 0;  ///< count rounded up to a multiple of 16
  T S[statistic_slots] = {};
};

/// Stages columns of one sequence block by block.
template <class T>
class block_stager {
 public:
  explicit block_stager(token_batch<host, T> const& b) : b_(b), mask_(b.mask.present() ? b.mask : b.layout.mask) {
    std::fill_n(zeros_, block_tokens, T(0));
  }

  /// Goes to sequence i: per-sequence columns become constant buffers.
  void sequence(std::int64_t i, std::int64_t longest) {
    i_ = i;
    row_ = b_.layout.row(i);
    int const n = static_cast<int>(std::min<std::int64_t>((longest + 15) / 16 * 16, block_tokens));
    if (b_.adv.scope == scope::sequence) std::fill_n(adv_, n, b_.adv.values.data[i]);
    if (b_.weight.scope == scope::sequence) std::fill_n(weight_, n, b_.weight.values.data[i]);
  }
  /// Stages the tokens [first, first + n) of the sequence's row.
  void stage(std::int64_t first, int n, token_block<T>& block) {
    block.count = n;
    block.padded = (n + 15) / 16 * 16;
    block.mask = mask_buffer_;
    block.keep = keep_;
    if (mask_.present() || n != all_in_) stage_mask(mask_, row_, first, n, block.padded, mask_buffer_);
    all_in_ = mask_.present() ? 0 : n;
    int buffer = 0;
    auto const at = [&](column<T const, host> const& c) {
      return column_at(c, first, n, block.padded, buffers_[buffer++]);
    };
    block.logp = at(b_.logp);
    block.old_logp = b_.old_logp.on_policy ? block.logp : at(b_.old_logp.tokens());
    block.ref_logp = at(b_.ref_logp);
    block.entropy = at(b_.entropy);
    block.lse = at(b_.lse);
    block.value = at(b_.value);
    block.old_value = at(b_.old_value);
    block.returns = at(b_.returns);
    block.given = at(b_.given);
    block.adv = b_.adv.scope == scope::sequence ? adv_ : at(b_.adv.values);
    block.weight = b_.weight.scope == scope::sequence ? weight_ : at(b_.weight.values);
    if (b_.keep.scope == scope::token) {
      stage_mask(b_.keep.values, row_, first, n, block.padded, keep_);
    } else if (b_.keep.scope == scope::sequence) {
      std::fill_n(keep_, block.padded, b_.keep.values.at(0, i_) ? T(1) : T(0));
    }
  }

 private:
  /// The column in place where the block fills whole lanes, a zero-padded copy where it does not.
  T const* column_at(column<T const, host> const& c, std::int64_t first, int n, int padded, T* buffer) const {
    if (!c.present()) return zeros_;
    T const* from = c.row(row_) + first;
    if (n == padded) return from;
    std::memcpy(buffer, from, static_cast<std::size_t>(n) * sizeof(T));
    std::fill(buffer + n, buffer + padded, T(0));
    return buffer;
  }

  token_batch<host, T> const& b_;
  mask_view<host> mask_;
  std::int64_t i_ = 0;
  std::int64_t row_ = 0;
  alignas(64) T zeros_[block_tokens];
  int all_in_ = 0;  // tokens of the last block that was staged without a mask
  alignas(64) T mask_buffer_[block_tokens];
  alignas(64) T keep_[block_tokens];
  alignas(64) T adv_[block_tokens];
  alignas(64) T weight_[block_tokens];
  alignas(64) T buffers_[11][block_tokens];  // one for each column of `stage`
};

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

/// The active input of a term, whatever its parameters.
template <class Term>
inline constexpr active_input input_of = active_input_of(needs_of(Term{}));
/// Whether a term is differentiated by its sequence's statistic too.
template <class Term>
inline constexpr bool has_adjoint =
    !std::is_same_v<typename Term::statistic, no_statistic> && Term::differentiates_statistic;

// One lane of tokens of a block, as the record that a term names. `active_part` copies the passive inputs of a record and
// seeds what the term is differentiated by: its active input in direction 0, a differentiated statistic in direction 1.

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

template <class Term, class D, class V>
AHA_INLINE token<D> active_part(token<V> const& p) {
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
AHA_INLINE value_token<D> active_part(value_token<V> const& p) {
  value_token<D> t;
  t.value = D::seeded(p.value, 0);
  t.old_value = p.old_value;
  t.returns = p.returns;
  return t;
}
template <class Term, class D, class V>
AHA_INLINE given_token<D> active_part(given_token<V> const& p) {
  return {D::seeded(p.given, 0)};
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
  using D = dual<V, has_adjoint<Term> ? 2 : 1>;
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
    D const r = l.term(active_part<Term, D>(t));
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
    V factor = lane<V>(1);
    if (l.weight > 0) {
      V const w = ops::load_where(m, b.weight + j);
      for (int k = 0; k < l.weight; ++k) factor = factor * w;
    }
    auto const add = [&](T* to, mask_t<V> const& begun, V x) {
      if (l.weight > 0) x = x * factor;
      x = ops::zero_unless(valid, x);
      if constexpr (Fresh) {
        ops::store(to + j, x);
      } else {
        ops::store(to + j, ops::load_where(begun, to + j) + x);
      }
    };
    add(to_value, value_begun, r.value * vs);
    add(to_d0, d0_begun, r.d[0] * gs);
    if constexpr (has_adjoint<Term>) {
      leaf_sum<T> const& dS = sums.dS[index_of<typename Term::statistic>(statistics{})];
      add(dS.at, dS.template begun_in<V>(), r.d[1] * gs);
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

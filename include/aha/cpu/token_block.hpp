// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/numeric_sum.hpp>
#include <aha/loss/evaluate_leaf.hpp>
#include <aha/loss/token_batch.hpp>
#include <algorithm>
#include <cstring>

AHA_NAMESPACE_BEGIN

/// Tokens of a block: columns are staged and leaves dispatched once a block. A multiple of every lane width and of the
/// fixed sum's sixteen, small enough that all block buffers stay in the first-level cache.
inline constexpr int block_tokens = 256;

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

/// The passive columns and the log-probabilities of one block, ready for whole lanes: absent columns are zeros, the
/// last lanes of a short block are padding under mask 0.
template <class T>
struct token_block {
  int count = 0;   ///< tokens
  int padded = 0;  ///< count rounded up to a multiple of 16
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
  T S[statistic_slots] = {};
  alignas(64) T mask[block_tokens];
  alignas(64) T keep[block_tokens];
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
    stage_mask(mask_, row_, first, n, block.padded, block.mask);
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
      stage_mask(b_.keep.values, row_, first, n, block.padded, block.keep);
    } else if (b_.keep.scope == scope::sequence) {
      std::fill_n(block.keep, block.padded, b_.keep.values.at(0, i_) ? T(1) : T(0));
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
  alignas(64) T adv_[block_tokens];
  alignas(64) T weight_[block_tokens];
  alignas(64) T buffers_[11][block_tokens];  // one for each column of `stage`
};

/// What the leaves of a block add to.
template <class T>
struct block_sums {
  alignas(64) T value[block_tokens];
  alignas(64) T d[active_inputs][block_tokens];  ///< by each active input
  alignas(64) T dS[statistic_slots][block_tokens];
};

/// The value of `p[j ...]` where `m`, else 0: a masked position is selected out before any maths.
template <class V, class T>
V load_where(mask_t<V> const& m, T const* p) {
  return math::select(m, lane_ops<V>::load(p), lane<V>(0));
}

// One lane of tokens of a block, as the record that a term names.

template <class V, class T>
void read_record(token_block<T> const& b, int j, mask_t<V> const& m, token<V>& t) {
  t.logp = load_where<V>(m, b.logp + j);
  t.entropy = load_where<V>(m, b.entropy + j);
  t.lse = load_where<V>(m, b.lse + j);
  t.old_logp = load_where<V>(m, b.old_logp + j);
  t.ref_logp = load_where<V>(m, b.ref_logp + j);
  t.adv = load_where<V>(m, b.adv + j);
}
template <class V, class T>
void read_record(token_block<T> const& b, int j, mask_t<V> const& m, value_token<V>& t) {
  t.value = load_where<V>(m, b.value + j);
  t.old_value = load_where<V>(m, b.old_value + j);
  t.returns = load_where<V>(m, b.returns + j);
}
template <class V, class T>
void read_record(token_block<T> const& b, int j, mask_t<V> const& m, given_token<V>& t) {
  t.given = load_where<V>(m, b.given + j);
}

/// One lane of the block as a term sees it, without derivatives.
template <class V, class Term, class T>
typename Term::template record<V> passive_token(token_block<T> const& b, int j, mask_t<V> const& m) {
  typename Term::template record<V> t;
  read_record(b, j, m, t);
  if constexpr (!std::is_same_v<typename Term::statistic, no_statistic>) {
    t.S = lane<V>(static_cast<double>(b.S[index_of<typename Term::statistic>(statistics{})]));
  }
  return t;
}

/// Adds one leaf over a block: the value times `value_scale` and its derivatives times `gradient_scale`.
template <class V, class Term, class T>
void add_leaf(leaf<Term> const& given, token_block<T> const& b, double value_scale, double gradient_scale,
              block_sums<T>& sums) {
  // A copy that no store can alias: parameters are converted and broadcast once a block instead of once a lane.
  leaf<Term> const l = given;
  V const vs = lane<V>(value_scale);
  V const gs = lane<V>(gradient_scale);
  V const zero = lane<V>(0);
  T* const d0 = sums.d[static_cast<int>(input_of<Term>)];
  for (int j = 0; j < b.padded; j += lane_ops<V>::width) {
    mask_t<V> const m = lane_ops<V>::load(b.mask + j) > zero;
    V const w = l.weight > 0 ? load_where<V>(m, b.weight + j) : zero;
    leaf_value<V> const r = evaluate_leaf(l, passive_token<V, Term>(b, j, m), w, vs, gs);
    mask_t<V> const valid = l.keep ? m && lane_ops<V>::load(b.keep + j) > zero : m;
    auto const add = [&](T* to, V const& x) {
      lane_ops<V>::store(to + j, lane_ops<V>::load(to + j) + math::select(valid, x, zero));
    };
    add(sums.value, r.value);
    add(d0, r.d);
    if constexpr (has_adjoint<Term>) add(sums.dS[index_of<typename Term::statistic>(statistics{})], r.dS);
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/numeric_sum.hpp>
#include <aha/cpu/simd.hpp>
#include <aha/loss/evaluate_leaf.hpp>
#include <aha/loss/token_batch.hpp>
#include <algorithm>
#include <cstring>

AHA_NAMESPACE_BEGIN

/// Tokens of a block: columns are staged and leaves dispatched once a block. A multiple of every lane width and of the
/// fixed sum's sixteen, small enough that all block buffers stay in the first-level cache.
inline constexpr int block_tokens = 256;

/// Blocks are padded to a multiple of this: whole lanes of every instruction set, and of the fixed sum's sixteen.
inline constexpr int block_padding = 32;
constexpr int padded_tokens(std::int64_t n) {
  return static_cast<int>((n + block_padding - 1) / block_padding * block_padding);
}

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
  int padded = 0;  ///< count rounded up to whole lanes
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
    int const n = padded_tokens(std::min<std::int64_t>(longest, block_tokens));
    if (b_.adv.scope == scope::sequence) std::fill_n(adv_, n, b_.adv.values.data[i]);
    if (b_.weight.scope == scope::sequence) std::fill_n(weight_, n, b_.weight.values.data[i]);
  }
  /// Stages the tokens [first, first + n) of the sequence's row.
  void stage(std::int64_t first, int n, token_block<T>& block) {
    block.count = n;
    block.padded = padded_tokens(n);
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

AHA_NAMESPACE_END

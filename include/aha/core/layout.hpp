// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>

AHA_NAMESPACE_BEGIN

/// Sequences one behind the other: sequence i is the tokens `[cu_seqlens[i], cu_seqlens[i+1])`, as flash-attention
/// gives it (int32) or int64. `cu_seqlens` is `[B+1]`, starts at 0, never falls and ends at T. Empty sequences are legal.
template <class Space = host>
struct packed {
  index_view<Space> cu_seqlens;
  packed() = default;
  explicit packed(index_view<Space> cu) : cu_seqlens(cu) {}
  template <class C>
  explicit packed(C& cu) : cu_seqlens(cu) {}
};
template <class C>
packed(C&) -> packed<host>;
template <class Int, class Space>
packed(span<Int, Space>) -> packed<Space>;

/// Sequences in rows of equal width; what belongs to one is said by a mask `[rows, width]` or by lengths `[rows]`
/// (the first `lens[i]` tokens of row i). Without either every token belongs. Masks may be ragged, left-padded or holed.
template <class Space = host>
struct padded {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  index_view<Space> lens;
  mask_view<Space> mask;
  padded() = default;
  padded(std::int64_t r, std::int64_t w) : rows(r), width(w) {}
  padded(std::int64_t r, std::int64_t w, mask_view<Space> m) : rows(r), width(w), mask(m) {}
  padded(std::int64_t r, std::int64_t w, index_view<Space> l, mask_view<Space> m)
      : rows(r), width(w), lens(l), mask(m) {}
};
template <class R, class W>
padded(R, W) -> padded<host>;
template <class R, class W, class M>
padded(R, W, M const&) -> padded<host>;
template <class R, class W, class Space>
padded(R, W, mask_view<Space>) -> padded<Space>;
/// `padded` from lengths: the first `lens[i]` tokens of row i.
template <class Space = host>
padded<Space> padded_lens(std::int64_t rows, std::int64_t width, index_view<Space> lens) {
  return padded<Space>(rows, width, lens, mask_view<Space>());
}

/// Either layout behind one small value, dispatched once a call.
template <class Space = host>
struct layout {
  enum class kind : std::uint8_t { none, packed, padded };
  kind type = kind::none;
  std::int64_t sequences = 0;  ///< B
  std::int64_t width = 0;      ///< tokens of a row (padded only)
  index_view<Space> index;     ///< cu_seqlens (packed) or lens (padded)
  mask_view<Space> mask;       ///< a mask given with the layout (padded only)

  layout() = default;
  layout(packed<Space> const& p) : type(kind::packed), sequences(p.cu_seqlens.size() - 1), index(p.cu_seqlens) {}
  layout(padded<Space> const& p) : type(kind::padded), sequences(p.rows), width(p.width), index(p.lens), mask(p.mask) {}

  AHA_FN bool is_packed() const { return type == kind::packed; }
  /// Row of a token column and first token in it. Host code may call this once `validate` has passed.
  AHA_FN std::int64_t row(std::int64_t i) const { return is_packed() ? 0 : i; }
  AHA_FN std::int64_t begin(std::int64_t i) const { return is_packed() ? index[i] : 0; }
  AHA_FN std::int64_t end(std::int64_t i) const {
    if (is_packed()) return index[i + 1];
    return index.present() ? index[i] : width;
  }
  /// Entries of a token column: T, or rows * width.
  AHA_FN std::int64_t entries() const {
    if (is_packed()) return sequences > 0 ? index[sequences] : 0;
    return sequences * width;
  }
};

/// A flat list as rows of the layout's width, so that every column is addressed by row.
template <class Space, class C>
void rows_of_layout(layout<Space> const& l, C& c) {
  if (l.is_packed() || c.rank != 1) return;
  c.row_stride = l.width;
}

AHA_NAMESPACE_END

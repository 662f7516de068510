// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/core/dtype.hpp>

AHA_NAMESPACE_BEGIN

/// Where the rows of a block of logits lie: `[T, V]` (rank 2, `outer` 1) or `[B, L, V]` (rank 3). Strides count elements
/// and are free (`logits[:, :-1]` is `outer_stride = (L+1)*V`); inside a row the stride is 1. Offsets are 64-bit.
struct logit_layout {
  dtype type = dtype::float32;
  int rank = 0;  ///< 0 absent, 2 `[T, V]`, 3 `[B, L, V]`
  std::int64_t outer = 0;
  std::int64_t rows = 0;
  std::int64_t vocabulary = 0;
  std::int64_t outer_stride = 0;
  std::int64_t row_stride = 0;

  AHA_FN constexpr bool present() const { return rank != 0; }
  AHA_FN constexpr std::int64_t size() const { return outer * rows; }  ///< rows altogether
  /// First element of row t of block i, counted from `data`.
  AHA_FN constexpr std::int64_t offset(std::int64_t i, std::int64_t t) const {
    return i * outer_stride + t * row_stride;
  }
  /// Elements from `data` to behind the last one that the view covers.
  AHA_FN constexpr std::int64_t reach() const { return size() == 0 ? 0 : offset(outer - 1, rows - 1) + vocabulary; }

 protected:
  constexpr logit_layout() = default;
  constexpr logit_layout(dtype d, int r, std::int64_t o, std::int64_t n, std::int64_t v, std::int64_t os,
                         std::int64_t rs)
      : type(d), rank(r), outer(o), rows(n), vocabulary(v), outer_stride(os), row_stride(rs) {}
};

/// Logits with the token that each row predicts.
///   data       `[T, V]` or `[B, L, V]` of float64, float32, bfloat16 or float16 (`dtype`, erased: engines dispatch once
///              a call)
///   targets    `[T]` or `[B, L]`, int32 or int64: the sampled token of each row, in [0, V); `ignore_index` is a mask
///   temperature  > 0, divides the logits of log-prob, entropy and gradient alike
///   vocab_offset, vocab_size  where the rows are a shard: they hold the ids `[vocab_offset, vocab_offset + V)` of a
///              vocabulary of `vocab_size` (0: of these V, whole rows). Targets are ids of the whole vocabulary.
/// A row that is masked or ignored is never read.
template <class Space = host>
struct logit_rows : logit_layout {
  static constexpr std::int64_t ignore_index = -100;
  void const* data = nullptr;
  index_view<Space> targets;
  double temperature = 1.0;
  std::int64_t vocab_offset = 0;
  std::int64_t vocab_size = 0;

  constexpr logit_rows() = default;
  /// `[T, V]`
  template <class T>
  constexpr logit_rows(matrix<T, Space> m, index_view<Space> ids, double tau = 1.0)
      : logit_layout(dtype_of<T>(), 2, 1, m.extent(0), m.extent(1), m.extent(0) * m.stride(0), m.stride(0)),
        data(m.data_handle()),
        targets(ids),
        temperature(tau) {}
  /// `[B, L, V]`
  template <class T>
  constexpr logit_rows(cube<T, Space> c, index_view<Space> ids, double tau = 1.0)
      : logit_rows(c.data_handle(), c.extent(0), c.extent(1), c.extent(2), c.stride(0), c.stride(1), ids, tau) {}
  /// `[B, L, V]`, with strides in elements.
  template <class T>
  constexpr logit_rows(T const* p, std::int64_t b, std::int64_t l, std::int64_t v, std::int64_t outer_stride_,
                       std::int64_t row_stride_, index_view<Space> ids, double tau = 1.0)
      : logit_layout(dtype_of<T>(), 3, b, l, v, outer_stride_, row_stride_), data(p), targets(ids), temperature(tau) {}

  /// Ids of the whole vocabulary.
  AHA_FN constexpr std::int64_t ids() const { return vocab_size == 0 ? vocabulary : vocab_size; }
  AHA_FN constexpr bool is_shard() const { return vocab_offset != 0 || ids() != vocabulary; }
  /// Where an id lies in these rows; -1 where another shard has it.
  AHA_FN constexpr std::int64_t position_of(std::int64_t id) const {
    std::int64_t const at = id - vocab_offset;
    return at >= 0 && at < vocabulary ? at : -1;
  }
  /// Row t of block i, once the caller has dispatched on `type`.
  template <class T>
  AHA_FN T const* row(std::int64_t i, std::int64_t t) const {
    return static_cast<T const*>(data) + offset(i, t);
  }
};
template <class T, class Space, class... More>
logit_rows(matrix<T, Space>, More const&...) -> logit_rows<Space>;
template <class T, class Space, class... More>
logit_rows(cube<T, Space>, More const&...) -> logit_rows<Space>;
template <class T, class... More>
logit_rows(T const*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, More const&...)
    -> logit_rows<host>;

/// Where the gradient with respect to logits goes: the writable twin of `logit_rows`, of the same shape and dtype, with
/// strides of its own. Rows must not overlap each other. With `inplace` it is the memory of the logits themselves, which
/// the gradient overwrites: same address, same strides, and the logits' values are gone. Without it, sharing is an error.
template <class Space = host>
struct logit_gradient : logit_layout {
  void* data = nullptr;
  bool inplace = false;

  constexpr logit_gradient() = default;
  /// `[T, V]`
  template <class T, class = std::enable_if_t<!std::is_const_v<T>>>
  constexpr logit_gradient(matrix<T, Space> m)
      : logit_layout(dtype_of<T>(), 2, 1, m.extent(0), m.extent(1), m.extent(0) * m.stride(0), m.stride(0)),
        data(m.data_handle()) {}
  /// `[B, L, V]`
  template <class T, class = std::enable_if_t<!std::is_const_v<T>>>
  constexpr logit_gradient(cube<T, Space> c)
      : logit_gradient(c.data_handle(), c.extent(0), c.extent(1), c.extent(2), c.stride(0), c.stride(1)) {}
  /// `[B, L, V]`, with strides in elements.
  template <class T, class = std::enable_if_t<!std::is_const_v<T>>>
  constexpr logit_gradient(T* p, std::int64_t b, std::int64_t l, std::int64_t v, std::int64_t outer_stride_,
                           std::int64_t row_stride_)
      : logit_layout(dtype_of<T>(), 3, b, l, v, outer_stride_, row_stride_), data(p) {}

  template <class T>
  AHA_FN T* row(std::int64_t i, std::int64_t t) const {
    return static_cast<T*>(data) + offset(i, t);
  }
};
template <class T, class Space>
logit_gradient(matrix<T, Space>) -> logit_gradient<Space>;
template <class T, class Space>
logit_gradient(cube<T, Space>) -> logit_gradient<Space>;
template <class T>
logit_gradient(T*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t) -> logit_gradient<host>;

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/span.hpp>

AHA_NAMESPACE_BEGIN

/// A column of a batch: absent, `[T]` (packed), `[B, L]` (padded) or `[B]` (per sequence), each with its own row stride.
template <class T, class Space = host>
struct column {
  T* data = nullptr;
  int rank = 0;  ///< 0 absent, 1 a list, 2 a matrix with unit stride inside a row
  std::int64_t rows = 0;
  std::int64_t width = 0;  ///< entries of a row; of the whole list when rank is 1
  std::int64_t row_stride = 0;

  constexpr column() = default;
  constexpr column(span<T, Space> s) : data(s.data_handle()), rank(1), rows(1), width(s.size()), row_stride(s.size()) {}
  constexpr column(matrix<T, Space> m)
      : data(m.data_handle()), rank(2), rows(m.extent(0)), width(m.extent(1)), row_stride(m.stride(0)) {}
  template <class C, class = std::enable_if_t<std::is_convertible_v<C&, span<T, Space>>>>
  constexpr column(C& c) : column(span<T, Space>(c)) {}
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]> && !std::is_same_v<U, T>>>
  constexpr column(span<U, Space> s) : column(span<T, Space>(s)) {}
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]> && !std::is_same_v<U, T>>>
  constexpr column(matrix<U, Space> m) : column(matrix<T, Space>(m)) {}
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]> && !std::is_same_v<U, T>>>
  constexpr column(column<U, Space> const& c)
      : data(c.data), rank(c.rank), rows(c.rows), width(c.width), row_stride(c.row_stride) {}

  AHA_FN constexpr bool present() const { return rank != 0; }
  AHA_FN constexpr T* row(std::int64_t i) const { return data + i * row_stride; }
};

template <class C>
column(C&) -> column<std::remove_pointer_t<decltype(std::declval<C&>().data())>, host>;

/// Integers that hosts keep as int32 or int64 (offsets, lengths, target ids), read in place.
template <class Space = host>
struct index_view {
  void const* data = nullptr;
  bool wide = true;  ///< int64 instead of int32
  int rank = 0;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t row_stride = 0;

  constexpr index_view() = default;
  constexpr index_view(column<std::int64_t const, Space> c)
      : data(c.data), wide(true), rank(c.rank), rows(c.rows), width(c.width), row_stride(c.row_stride) {}
  constexpr index_view(column<std::int32_t const, Space> c)
      : data(c.data), wide(false), rank(c.rank), rows(c.rows), width(c.width), row_stride(c.row_stride) {}
  template <class C, class = std::enable_if_t<is_container_of<C, std::int64_t const>::value ||
                                              is_container_of<C, std::int32_t const>::value>>
  constexpr index_view(C& c) : index_view(column<std::remove_pointer_t<decltype(c.data())> const, Space>(c)) {}
  template <class Int, class = std::enable_if_t<std::is_same_v<std::remove_const_t<Int>, std::int64_t> ||
                                                std::is_same_v<std::remove_const_t<Int>, std::int32_t>>>
  constexpr index_view(span<Int, Space> s) : index_view(column<Int const, Space>(span<Int const, Space>(s))) {}
  template <class Int, class = std::enable_if_t<std::is_same_v<std::remove_const_t<Int>, std::int64_t> ||
                                                std::is_same_v<std::remove_const_t<Int>, std::int32_t>>>
  constexpr index_view(matrix<Int, Space> m) : index_view(column<Int const, Space>(matrix<Int const, Space>(m))) {}
  template <class Int, class = std::enable_if_t<std::is_same_v<Int, std::int64_t> || std::is_same_v<Int, std::int32_t>>>
  constexpr index_view(column<Int, Space> c) : index_view(column<Int const, Space>(c)) {}

  AHA_FN constexpr bool present() const { return rank != 0; }
  AHA_FN std::int64_t size() const { return rank == 2 ? rows * width : width; }
  /// Entry `t` of row `i`.
  AHA_FN std::int64_t at(std::int64_t i, std::int64_t t) const {
    return wide ? static_cast<std::int64_t const*>(data)[i * row_stride + t]
                : static_cast<std::int32_t const*>(data)[i * row_stride + t];
  }
  AHA_FN std::int64_t operator[](std::int64_t i) const { return at(0, i); }
};

/// A mask as hosts keep it: bool, uint8, int64, float or double, read in place. Non-zero means "counts" (so does NaN).
template <class Space = host>
struct mask_view {
  enum class kind : std::uint8_t { byte, i64, f32, f64 };  // bool and uint8 share a representation
  void const* data = nullptr;
  kind type = kind::byte;
  int rank = 0;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t row_stride = 0;

  constexpr mask_view() = default;
  template <class T>
  constexpr mask_view(column<T, Space> c)
      : data(c.data), type(kind_of<T>()), rank(c.rank), rows(c.rows), width(c.width), row_stride(c.row_stride) {}
  template <class T>
  constexpr mask_view(span<T, Space> s) : mask_view(column<T const, Space>(span<T const, Space>(s))) {}
  template <class T>
  constexpr mask_view(matrix<T, Space> m) : mask_view(column<T const, Space>(matrix<T const, Space>(m))) {}
  template <class C, class = decltype(std::declval<C&>().data()), class = decltype(std::declval<C&>().size())>
  constexpr mask_view(C& c) : mask_view(span(c)) {}

  AHA_FN constexpr bool present() const { return rank != 0; }
  AHA_FN bool at(std::int64_t i, std::int64_t t) const {
    std::int64_t const k = i * row_stride + t;
    switch (type) {
      case kind::byte: return static_cast<std::uint8_t const*>(data)[k] != 0;
      case kind::i64: return static_cast<std::int64_t const*>(data)[k] != 0;
      case kind::f32: return static_cast<float const*>(data)[k] != 0.0F;
      default: return static_cast<double const*>(data)[k] != 0.0;
    }
  }

 private:
  template <class T>
  static constexpr kind kind_of() {
    using U = std::remove_const_t<T>;
    static_assert(std::is_same_v<U, bool> || std::is_same_v<U, std::uint8_t> || std::is_same_v<U, std::int64_t> ||
                      std::is_same_v<U, float> || std::is_same_v<U, double>,
                  "aha: a mask is a view of bool, uint8, int64, float or double");
    if constexpr (std::is_same_v<U, std::int64_t>) {
      return kind::i64;
    } else if constexpr (std::is_same_v<U, float>) {
      return kind::f32;
    } else if constexpr (std::is_same_v<U, double>) {
      return kind::f64;
    } else {
      return kind::byte;
    }
  }
};

/// Where a passive column's entries belong. Said by the caller, never guessed from a length.
enum class scope : std::uint8_t { none, sequence, token };

/// View `View` with its scope, made by `per_sequence(...)` or `per_token(...)`.
template <class View>
struct scoped {
  aha::scope scope = aha::scope::none;
  View values;
  AHA_FN constexpr bool present() const { return scope != aha::scope::none; }

  constexpr scoped() = default;
  constexpr scoped(aha::scope s, View v) : scope(s), values(v) {}
  template <class Other, class = std::enable_if_t<std::is_convertible_v<Other const&, View>>>
  constexpr scoped(scoped<Other> const& o) : scope(o.scope), values(o.values) {}
};

/// One entry a sequence: `[B]`.
template <class C>
constexpr auto per_sequence(C const& c) {
  return scoped<decltype(span(c))>(scope::sequence, span(c));
}
/// A temporary that owns its entries is refused: the view would outlive it.
template <class C, class = typename C::allocator_type>
void per_sequence(C const&&) = delete;
template <class T, class Space>
constexpr auto per_sequence(span<T, Space> s) {
  return scoped<span<T, Space>>(scope::sequence, s);
}
template <class T, class Space>
constexpr auto per_sequence(column<T, Space> c) {
  return scoped<column<T, Space>>(scope::sequence, c);
}
template <class Space>
constexpr auto per_sequence(mask_view<Space> m) {
  return scoped<mask_view<Space>>(scope::sequence, m);
}
/// One entry a token: `[T]` (packed) or `[B, L]` (padded).
template <class C>
constexpr auto per_token(C const& c) {
  return scoped<decltype(span(c))>(scope::token, span(c));
}
template <class C, class = typename C::allocator_type>
void per_token(C const&&) = delete;
template <class T, class Space>
constexpr auto per_token(span<T, Space> s) {
  return scoped<span<T, Space>>(scope::token, s);
}
template <class T, class Space>
constexpr auto per_token(matrix<T, Space> m) {
  return scoped<matrix<T, Space>>(scope::token, m);
}
template <class T, class Space>
constexpr auto per_token(column<T, Space> c) {
  return scoped<column<T, Space>>(scope::token, c);
}
template <class Space>
constexpr auto per_token(mask_view<Space> m) {
  return scoped<mask_view<Space>>(scope::token, m);
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

AHA_NAMESPACE_BEGIN

/// Memory spaces. The space is part of a view's type: host data handed to a device engine does not compile.
struct host {};
struct device {};

template <class T, class Space = host>
class span;

/// True for contiguous containers of T (`data()`, `size()`), which convert to a host span without a copy.
template <class C, class T, class = void>
struct is_container_of : std::false_type {};
template <class C, class T>
struct is_container_of<C, T, std::void_t<decltype(std::declval<C&>().data()), decltype(std::declval<C&>().size())>>
    : std::is_convertible<std::remove_pointer_t<decltype(std::declval<C&>().data())> (*)[], T (*)[]> {};

/// True for arrays of other libraries that know strides (Eigen's, xtensor's): `data()` and `size()` do not say where
/// their entries lie.
template <class C, class = void>
struct has_inner_stride : std::false_type {};
template <class C>
struct has_inner_stride<C, std::void_t<decltype(std::declval<C&>().innerStride())>> : std::true_type {};
template <class C, class = void>
struct knows_strides : has_inner_stride<C> {};
template <class C>
struct knows_strides<C, std::void_t<decltype(std::declval<C&>().strides())>> : std::true_type {};

/// One-dimensional view: pointer and length. Member names follow std::mdspan. Sizes are int64.
template <class T, class Space>
class span {
 public:
  using element_type = T;
  using space_type = Space;

  constexpr span() = default;
  constexpr span(T* data, std::int64_t size) : data_(data), size_(size) {}
  template <class C, class = std::enable_if_t<is_container_of<C, T>::value && std::is_same_v<Space, host>>>
  constexpr span(C& c) : data_(c.data()), size_(static_cast<std::int64_t>(c.size())) {
    static_assert(!knows_strides<C>::value,
                  "aha: an array with strides is given as view(array): include aha/interop/eigen.hpp or xtensor.hpp");
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr span(span<U, Space> const& s) : data_(s.data_handle()), size_(s.size()) {}

  AHA_FN constexpr T* data_handle() const { return data_; }
  AHA_FN constexpr std::int64_t size() const { return size_; }
  AHA_FN constexpr std::int64_t extent(int) const { return size_; }
  AHA_FN constexpr std::int64_t stride(int) const { return 1; }
  AHA_FN constexpr T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};
template <class C>
span(C&) -> span<std::remove_pointer_t<decltype(std::declval<C&>().data())>, host>;
template <class T>
span(T*, std::int64_t) -> span<T, host>;

/// Two-dimensional view with unit stride inside a row and any stride between rows (`logits[:, :-1]` costs no copy).
template <class T, class Space = host>
class matrix {
 public:
  using element_type = T;
  using space_type = Space;

  constexpr matrix() = default;
  constexpr matrix(T* data, std::int64_t rows, std::int64_t cols) : matrix(data, rows, cols, cols) {}
  constexpr matrix(T* data, std::int64_t rows, std::int64_t cols, std::int64_t row_stride)
      : data_(data), rows_(rows), cols_(cols), row_stride_(row_stride) {}
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr matrix(matrix<U, Space> const& m) : matrix(m.data_handle(), m.extent(0), m.extent(1), m.stride(0)) {}

  AHA_FN constexpr T* data_handle() const { return data_; }
  AHA_FN constexpr std::int64_t extent(int r) const { return r == 0 ? rows_ : cols_; }
  AHA_FN constexpr std::int64_t stride(int r) const { return r == 0 ? row_stride_ : 1; }
  AHA_FN constexpr T* row(std::int64_t i) const { return data_ + i * row_stride_; }

 private:
  T* data_ = nullptr;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::int64_t row_stride_ = 0;
};
template <class T>
matrix(T*, std::int64_t, std::int64_t) -> matrix<T, host>;
template <class T>
matrix(T*, std::int64_t, std::int64_t, std::int64_t) -> matrix<T, host>;

/// Three-dimensional view (`[B, L, V]` logits), unit stride inside a row, any strides between rows and between blocks.
template <class T, class Space = host>
class cube {
 public:
  using element_type = T;
  using space_type = Space;

  constexpr cube() = default;
  constexpr cube(T* data, std::int64_t blocks, std::int64_t rows, std::int64_t cols)
      : cube(data, blocks, rows, cols, rows * cols, cols) {}
  constexpr cube(T* data, std::int64_t blocks, std::int64_t rows, std::int64_t cols, std::int64_t block_stride,
                 std::int64_t row_stride)
      : data_(data), extent_{blocks, rows, cols}, stride_{block_stride, row_stride, 1} {}
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr cube(cube<U, Space> const& c)
      : cube(c.data_handle(), c.extent(0), c.extent(1), c.extent(2), c.stride(0), c.stride(1)) {}

  AHA_FN constexpr T* data_handle() const { return data_; }
  AHA_FN constexpr std::int64_t extent(int r) const { return extent_[r]; }
  AHA_FN constexpr std::int64_t stride(int r) const { return stride_[r]; }

 private:
  T* data_ = nullptr;
  std::int64_t extent_[3] = {};
  std::int64_t stride_[3] = {0, 0, 1};
};
template <class T, class... Sizes>
cube(T*, Sizes...) -> cube<T, host>;

AHA_NAMESPACE_END

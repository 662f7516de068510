// SPDX-License-Identifier: MIT
#pragma once

#include <aha/interop/strided.hpp>
#if __has_include(<xtensor/xbuffer_adaptor.hpp>)
#include <xtensor/xbuffer_adaptor.hpp>
#include <xtensor/xexpression.hpp>
#include <xtensor/xshape.hpp>
#include <xtensor/xtensor_forward.hpp>
#else  // releases since 0.26 have folders
#include <xtensor/containers/xbuffer_adaptor.hpp>
#include <xtensor/core/xexpression.hpp>
#include <xtensor/core/xshape.hpp>
#include <xtensor/core/xtensor_forward.hpp>
#endif

AHA_NAMESPACE_BEGIN

/// Whether an xtensor object keeps its entries itself: containers do, adaptors and slices of named
/// ones do not. What is not known counts as an owner.
template <class X>
struct xtensor_memory {
  static constexpr bool owned = true;
};
template <class E, class... Slices>
struct xtensor_memory<xt::xview<E, Slices...>> {
  static constexpr bool owned = !std::is_lvalue_reference_v<E>;
};
/// The storage of an adaptor: a reference, or a buffer that does not free.
template <class Storage>
inline constexpr bool xtensor_borrows = std::is_lvalue_reference_v<Storage>;
template <class P, class A>
inline constexpr bool xtensor_borrows<xt::xbuffer_adaptor<P, xt::no_ownership, A>> = true;
template <class S, std::size_t N, xt::layout_type L, class Tag>
struct xtensor_memory<xt::xtensor_adaptor<S, N, L, Tag>> {
  static constexpr bool owned = !xtensor_borrows<S>;
};
template <class S, xt::layout_type L, class Shape, class Tag>
struct xtensor_memory<xt::xarray_adaptor<S, L, Shape, Tag>> {
  static constexpr bool owned = !xtensor_borrows<S>;
};

template <class X, class = void>
struct xtensor_has_strides : std::false_type {};
template <class X>
struct xtensor_has_strides<X, std::void_t<decltype(std::declval<X&>().data() + std::declval<X&>().data_offset()),
                                          decltype(std::declval<X&>().strides())>> : std::true_type {};

/// A view of what xtensor has in memory: containers, adaptors, and views of them with strides. Nothing is copied.
///   one dimension -> span `[N]`, two -> matrix `[R, C]`, three -> cube `[A, R, C]`; writable where xtensor's is
/// Where the number of dimensions is known at run time only (xarray) it is said: `view<2>(x)`. The shape keeps its meaning,
/// so the last dimension must have unit stride: a column-major container with more than one row is refused. Steps between
/// rows are free, negative ones too (reversed rows of a read-only column).
///
///   batch.logp = view(logp);  batch.mask = view<2>(mask);  outputs{view(dlogp)};  logit_rows{view(logits), view(ids)};
///
/// What owns its entries must be named (the view would outlive a temporary); an adaptor or `xt::view` of a named one may be
/// a temporary.
/// Errors: `aha::view: array: expected 2 dimensions, got 3`; with `why`, or without exceptions, it is reported there and
/// the view is empty. Where types alone decide, it does not compile.
template <int Rank = 0, class X, class = std::enable_if_t<xt::is_xexpression<X>::value>>
auto view(X&& x, status* why = nullptr) {
  using Plain = std::decay_t<X>;
  constexpr bool direct = xtensor_has_strides<X>::value;
  constexpr bool lives = !xtensor_memory<Plain>::owned || std::is_lvalue_reference_v<X>;
  constexpr int known = static_cast<int>(xt::static_dimension<typename Plain::shape_type>::value);
  constexpr int rank = Rank != 0 ? Rank : known;
  constexpr bool said = rank >= 1 && rank <= 3 && (known == -1 || known == rank);
  static_assert(direct, "aha: this xtensor expression has no memory to look at: store it in a container first");
  static_assert(lives, "aha: a temporary xtensor container would be gone before its view: name it");
  static_assert(said, "aha: say how many dimensions this xtensor array has: view<1>(x), view<2>(x) or view<3>(x)");
  if constexpr (direct && lives && said) {
    using T = std::remove_pointer_t<decltype(x.data() + x.data_offset())>;
    strided_array<T> a;
    a.data = x.data() + x.data_offset();
    a.rank = static_cast<int>(x.dimension());
    for (int k = 0; k < a.rank && k < strided_array<T>::max_rank; ++k) {
      a.extent[k] = static_cast<std::int64_t>(x.shape()[static_cast<std::size_t>(k)]);
      a.stride[k] = static_cast<std::int64_t>(x.strides()[static_cast<std::size_t>(k)]);
    }
    return make_view<rank>("view", "array", a, why);
  }
}

AHA_NAMESPACE_END

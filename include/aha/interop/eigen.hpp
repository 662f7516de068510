// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <aha/core/bfloat16.hpp>
#include <aha/core/float16.hpp>
#include <aha/interop/strided.hpp>

AHA_NAMESPACE_BEGIN

/// Asks for the base without instantiating Eigen's for types that are none of its own.
template <class D>
std::true_type derives_from_dense_base(Eigen::DenseBase<D> const*);
std::false_type derives_from_dense_base(void const*);
template <class X>
inline constexpr bool is_eigen_dense = decltype(derives_from_dense_base(static_cast<X*>(nullptr)))::value;

/// Whether an Eigen expression has memory of its own kind to look at, and whether it keeps that memory itself.
template <class X>
struct eigen_memory {
  static constexpr bool direct = (static_cast<unsigned>(X::Flags) & Eigen::DirectAccessBit) != 0;
  static constexpr bool owned = std::is_base_of_v<Eigen::PlainObjectBase<X>, X>;
};
/// A `Ref<X const>` may have made itself a copy of what it refers to.
template <class X, int Options, class Stride>
struct eigen_memory<Eigen::Ref<X const, Options, Stride>> {
  static constexpr bool direct = true;
  static constexpr bool owned = true;
};

/// Eigen's half and bfloat16 have the bits of ours; every other scalar is itself.
template <class T>
struct eigen_scalar {
  using type = T;
};
template <>
struct eigen_scalar<Eigen::half> {
  using type = float16;
};
template <>
struct eigen_scalar<Eigen::half const> {
  using type = float16 const;
};
template <>
struct eigen_scalar<Eigen::bfloat16> {
  using type = bfloat16;
};
template <>
struct eigen_scalar<Eigen::bfloat16 const> {
  using type = bfloat16 const;
};

/// A view of what Eigen has in memory: Matrix, Array, Map, Ref, blocks, transposes. Nothing is copied.
///   a vector (by type)  -> span `[N]`; a matrix -> matrix `[rows(), cols()]`, writable where Eigen's is
/// The shape keeps its meaning, so the entries of a row must lie side by side: row-major matrices do, whatever their
/// outer stride. A column-major matrix is refused unless it has one column or one row; where its columns are the sequences
/// (shape (L, B)), `view(m.transpose())` is `[B, L]`.
///
///   batch.logp = view(logp);  batch.mask = view(mask);  outputs{view(dlogp)};  logit_rows{view(logits), view(targets)};
///
/// Owners must be named (the view would outlive a temporary); maps, blocks and transposes may be temporaries of named
/// ones. Errors: `aha::view: array: expected unit stride inside a row, got stride 7`; with `why`, or without exceptions, it
/// is reported there and the view is empty. Where types alone decide, it does not compile.
template <class X, class Plain = std::decay_t<X>, class = std::enable_if_t<is_eigen_dense<Plain>>>
auto view(X&& x, status* why = nullptr) {
  using memory = eigen_memory<Plain>;
  static_assert(memory::direct, "aha: this Eigen expression has no memory to look at: store it in a matrix first");
  static_assert(!memory::owned || std::is_lvalue_reference_v<X>,
                "aha: a temporary Eigen matrix would be gone before its view: name it");
  if constexpr (memory::direct && (!memory::owned || std::is_lvalue_reference_v<X>)) {
    constexpr bool list = Plain::IsVectorAtCompileTime;
    constexpr int inner = Plain::InnerStrideAtCompileTime;
    constexpr int rows = Plain::RowsAtCompileTime;
    constexpr int cols = Plain::ColsAtCompileTime;
    static_assert(inner == 1 || inner == Eigen::Dynamic || (list && Plain::SizeAtCompileTime == 1),
                  "aha: the entries of a row must lie side by side: the inner stride of this Eigen type is not 1");
    static_assert(list || Plain::IsRowMajor || rows == Eigen::Dynamic || cols == Eigen::Dynamic,
                  "aha: the entries of a row must lie side by side: pass the transpose of a column-major matrix");
    using T = typename eigen_scalar<std::remove_pointer_t<decltype(x.data())>>::type;
    strided_array<T> a;
    a.data = reinterpret_cast<T*>(x.data());
    a.rank = list ? 1 : 2;
    a.extent[0] = list ? x.size() : x.rows();
    a.extent[1] = x.cols();
    a.stride[0] = list ? x.innerStride() : x.rowStride();
    a.stride[1] = x.colStride();
    return make_view < list ? 1 : 2 > ("view", "array", a, why);
  }
}

AHA_NAMESPACE_END

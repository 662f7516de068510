// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

#include <aha/core/column.hpp>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Python objects seen as the library's views, without copies. Everything here needs the interpreter lock.
namespace aha_python {

namespace py = pybind11;

enum class dtype : std::uint8_t { boolean, u8, i32, i64, f32, f64, bf16, f16, other };
enum class origin : std::uint8_t { numpy, torch, dlpack };

/// Which argument of which function is being looked at: the first half of an error text.
struct argument {
  char const* function;
  char const* name;
};

/// `aha::<function>: <name>: expected <expected>, got <got>` as a TypeError (wrong kind of object) or a ValueError.
[[noreturn]] void wrong_type(argument where, std::string_view expected, std::string_view got);
[[noreturn]] void wrong_value(argument where, std::string_view expected, std::string_view got);
/// An array on another device than the call's. CUDA's is a RuntimeError where the build has no CUDA back end: the
/// argument is right, this build cannot take it.
[[noreturn]] void wrong_device(argument where, std::string_view device);

/// An array that somebody else owns: NumPy, torch on the host, or anything with `__dlpack__` on the host.
/// Strides count elements and are never negative. `owner` keeps the memory alive; it must die under the interpreter
/// lock.
struct array_view {
  static constexpr int max_rank = 4;
  void* data = nullptr;
  dtype type = dtype::other;
  origin from = origin::numpy;
  bool readonly = false;
  int rank = 0;
  std::array<std::int64_t, max_rank> shape{};
  std::array<std::int64_t, max_rank> stride{};
  std::string type_name;      ///< for error texts, set where `type` is `other`
  std::string readonly_name;  ///< for error texts, where the kind of array says why it may not be written to
  py::object owner;
  py::object from_dlpack;  ///< what makes an array of this kind from memory of ours; null where there is nothing

  std::int64_t size() const;
  /// Strides of an array without entries mean nothing (NumPy gives 0).
  bool unit_inner_stride() const { return rank == 0 || size() == 0 || shape[last()] <= 1 || stride[last()] == 1; }
  /// Index of the innermost axis.
  std::size_t last() const { return static_cast<std::size_t>(rank - 1); }
};

/// Looks at `object`. Refuses lists and numbers (TypeError: a hidden copy would be needed), other devices by name,
/// subclasses that have no memory of their own (DTensor and the like, by name), foreign byte order, and tensors that
/// require grad (ValueError that says `.detach()`: nothing here records a gradient) unless `active`, as inputs of
/// autograd.
array_view view_of(py::handle object, argument where, bool active = false);

/// Text such as "float32", "a list", "an array of shape [3, 4]".
std::string name_of(dtype type);
std::string name_of(array_view const& a);
std::string shape_text(array_view const& a);
std::string kind_of_object(py::handle object);

/// Refuses what a read-only column cannot be: rank outside [1, 2], an inner stride that is not one.
void require_rows(array_view const& a, argument where, int max_rank = 2);

template <class T>
constexpr dtype dtype_of() {
  using U = std::remove_const_t<T>;
  if constexpr (std::is_same_v<U, float>) {
    return dtype::f32;
  } else {
    static_assert(std::is_same_v<U, double>, "a column is float or double");
    return dtype::f64;
  }
}

/// A floating-point column `[T]`, `[B]` or `[B, L]`. `like` names the argument that has set the type T.
template <class T>
aha::column<T const> column_of(array_view const& a, argument where, char const* like) {
  if (a.type != dtype_of<T>()) {
    wrong_type(where, name_of(dtype_of<T>()) + (like == nullptr ? std::string() : std::string(" like ") + like),
               name_of(a));
  }
  require_rows(a, where);
  T const* const p = static_cast<T const*>(a.data);
  if (a.rank == 1) return aha::span<T const>(p, a.shape[0]);
  return aha::matrix<T const>(p, a.shape[0], a.shape[1], a.stride[0]);
}

/// A buffer to be written: as `column_of`, and writable, and without rows that share memory.
void require_writable(array_view const& a, argument where);
template <class T>
aha::column<T> output_of(array_view const& a, argument where, char const* like) {
  aha::column<T const> const c = column_of<T>(a, where, like);
  require_writable(a, where);
  aha::column<T> out;
  out.data = static_cast<T*>(a.data);
  out.rank = c.rank;
  out.rows = c.rows;
  out.width = c.width;
  out.row_stride = c.row_stride;
  return out;
}

/// bool, uint8, int64, float32 or float64; `[T]`, `[B]` or `[B, L]`.
aha::mask_view<> mask_of(array_view const& a, argument where);
/// int32 or int64; `[T]`, `[B]`, `[B+1]` or `[B, L]`.
aha::index_view<> index_of(array_view const& a, argument where);

/// Tells torch, where the array is its, that the memory was written to: an operation that saved it raises in backward.
void mark_written(array_view const& a);

/// An array that a call writes: the object, to be passed through `handed_over` once it is written, and its memory.
struct written_array {
  py::object object = py::none();
  array_view view;
};
/// An uninitialised array of the given shape: torch's where `like` is, memory for an array of like's kind where that is
/// known, else NumPy's. `where` names the output, for bfloat16, which NumPy does not have.
written_array new_array(array_view const& like, dtype type, std::int64_t const* shape, int rank, argument where);
/// The caller's array, seen by `view_of`.
written_array buffer_of(py::handle object, argument where);
/// A new torch tensor on `device`, a torch.device.
written_array new_tensor(dtype type, std::int64_t const* shape, int rank, py::handle device, argument where);
/// A torch tensor on the host without dimensions.
py::object scalar_tensor(double value, dtype type);
/// The object of a finished `written_array`: of the kind of its `like`, which from now on may be immutable. What is no
/// memory of ours comes back as it is.
py::object handed_over(py::object result);

}  // namespace aha_python

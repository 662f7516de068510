// SPDX-License-Identifier: MIT
#include "dlpack_cast.hpp"

#include <aha/core/error.hpp>
#include <utility>

namespace aha_python {

void wrong_type(argument where, std::string_view expected, std::string_view got) {
  throw py::type_error(aha::bad_argument(where.function, where.name, expected, got).message());
}
void wrong_value(argument where, std::string_view expected, std::string_view got) {
  throw py::value_error(aha::bad_argument(where.function, where.name, expected, got).message());
}

std::int64_t array_view::size() const {
  std::int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= shape[static_cast<std::size_t>(i)];
  return n;
}

std::string name_of(dtype type) {
  switch (type) {
    case dtype::boolean: return "bool";
    case dtype::u8: return "uint8";
    case dtype::i32: return "int32";
    case dtype::i64: return "int64";
    case dtype::f32: return "float32";
    case dtype::f64: return "float64";
    case dtype::bf16: return "bfloat16";
    case dtype::f16: return "float16";
    default: return "another dtype";
  }
}
std::string name_of(array_view const& a) { return a.type == dtype::other ? a.type_name : name_of(a.type); }

std::string shape_text(array_view const& a) {
  std::string s = "[";
  for (int i = 0; i < a.rank; ++i) {
    s += aha::text(i == 0 ? "" : ", ", a.shape[static_cast<std::size_t>(i)]);
  }
  return s + "]";
}

std::string kind_of_object(py::handle object) {
  if (object.is_none()) return "None";
  std::string const name = Py_TYPE(object.ptr())->tp_name;
  std::string const last = name.substr(name.rfind('.') + 1);
  bool const vowel = std::string_view("aeiouAEIOU").find(last.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + last;
}

void require_rows(array_view const& a, argument where, int max_rank) {
  if (a.rank < 1 || a.rank > max_rank) {
    wrong_value(where, max_rank == 1 ? "1 dimension" : "1 or 2 dimensions", aha::text(a.rank, ": ", shape_text(a)));
  }
  if (!a.unit_inner_stride()) {
    wrong_value(where, "unit stride in the last dimension", aha::text("stride ", a.stride[a.last()]));
  }
}

void require_writable(array_view const& a, argument where) {
  if (a.readonly) {
    wrong_value(where, "a writable array",
                a.readonly_name.empty() ? "a read-only one" : a.readonly_name + ", read-only");
  }
  if (a.size() == 0) return;
  // Axes by stride, the smallest first: each must step over everything below it.
  std::array<std::size_t, array_view::max_rank> axes{0, 1, 2, 3};
  for (std::size_t i = 1; i < static_cast<std::size_t>(a.rank); ++i) {
    for (std::size_t j = i; j > 0 && a.stride[axes[j]] < a.stride[axes[j - 1]]; --j) std::swap(axes[j], axes[j - 1]);
  }
  std::int64_t reach = 1;
  for (int i = 0; i < a.rank; ++i) {
    std::size_t const k = axes[static_cast<std::size_t>(i)];
    if (a.shape[k] <= 1) continue;
    if (a.stride[k] < reach) {
      wrong_value(where, "entries that do not share memory",
                  aha::text("stride ", a.stride[k], " over ", reach, " entries"));
    }
    reach += a.stride[k] * (a.shape[k] - 1);
  }
}

aha::mask_view<> mask_of(array_view const& a, argument where) {
  using kind = aha::mask_view<>::kind;
  kind type = kind::byte;
  switch (a.type) {
    case dtype::boolean:
    case dtype::u8: break;
    case dtype::i64: type = kind::i64; break;
    case dtype::f32: type = kind::f32; break;
    case dtype::f64: type = kind::f64; break;
    default: wrong_type(where, "bool, uint8, int64, float32 or float64", name_of(a));
  }
  require_rows(a, where);
  aha::mask_view<> m;
  m.data = a.data;
  m.type = type;
  m.rank = a.rank;
  m.rows = a.rank == 2 ? a.shape[0] : 1;
  m.width = a.shape[a.last()];
  m.row_stride = a.rank == 2 ? a.stride[0] : m.width;
  return m;
}

aha::index_view<> index_of(array_view const& a, argument where) {
  if (a.type != dtype::i32 && a.type != dtype::i64) wrong_type(where, "int32 or int64", name_of(a));
  require_rows(a, where);
  aha::index_view<> v;
  v.data = a.data;
  v.wide = a.type == dtype::i64;
  v.rank = a.rank;
  v.rows = a.rank == 2 ? a.shape[0] : 1;
  v.width = a.shape[a.last()];
  v.row_stride = a.rank == 2 ? a.stride[0] : v.width;
  return v;
}

}  // namespace aha_python

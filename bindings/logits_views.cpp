// SPDX-License-Identifier: MIT
#include "logits_views.hpp"

namespace aha_python {
namespace {

void check_logits(array_view const& a, argument where) {
  if (a.type != dtype::f32 && a.type != dtype::f64 && a.type != dtype::bf16 && a.type != dtype::f16) {
    wrong_type(where, "float64, float32, bfloat16 or float16", name_of(a));
  }
  if (a.rank != 2 && a.rank != 3) wrong_value(where, "[T, V] or [B, L, V]", shape_text(a));
  if (!a.unit_inner_stride()) {
    wrong_value(where, "unit stride in the last dimension", aha::text("stride ", a.stride[a.last()]));
  }
}

/// Calls f with a typed pointer to the first logit.
template <class F>
auto with_pointer(array_view const& a, F const& f) {
  if (a.type == dtype::f64) return f(static_cast<double*>(a.data));
  if (a.type == dtype::f32) return f(static_cast<float*>(a.data));
  if (a.type == dtype::bf16) return f(static_cast<aha::bfloat16*>(a.data));
  return f(static_cast<aha::float16*>(a.data));
}

}  // namespace

aha::logit_rows<> rows_of(array_view const& a, argument where, aha::index_view<> targets, double temperature) {
  check_logits(a, where);
  return with_pointer(a, [&](auto* p) -> aha::logit_rows<> {
    auto const* const from = p;
    if (a.rank == 2) return {aha::matrix(from, a.shape[0], a.shape[1], a.stride[0]), targets, temperature};
    return {from, a.shape[0], a.shape[1], a.shape[2], a.stride[0], a.stride[1], targets, temperature};
  });
}

aha::logit_gradient<> gradient_of(array_view const& a, argument where) {
  check_logits(a, where);
  require_writable(a, where);
  return with_pointer(a, [&](auto* p) -> aha::logit_gradient<> {
    if (a.rank == 2) return {aha::matrix(p, a.shape[0], a.shape[1], a.stride[0])};
    return {p, a.shape[0], a.shape[1], a.shape[2], a.stride[0], a.stride[1]};
  });
}

gradient_target gradient_target_of(py::handle wanted, bool inplace, array_view const& logits, py::handle object,
                                   argument where, bool always) {
  written_array array;
  gradient_target to;
  bool const given = wanted && wanted.ptr() != Py_False;
  if (inplace) {
    if (given && wanted.ptr() != Py_True) wrong_value(where, "None or True with inplace=True", "a buffer");
    array = {py::reinterpret_borrow<py::object>(object), logits};
  } else if (given && wanted.ptr() != Py_True) {
    array = buffer_of(wanted, where);
  } else if (given || always) {
    array = new_array(logits, logits.type, logits.shape.data(), logits.rank, where);
  } else {
    return to;
  }
  to.object = std::move(array.object);
  to.owner = std::move(array.view);
  if (inplace) where.name = "logits";  // what is wrong with the memory is wrong with theirs
  to.view = gradient_of(to.owner, where);
  to.view.inplace = inplace;
  if (to.owner.type != logits.type) wrong_type(where, name_of(logits) + " like logits", name_of(to.owner));
  return to;
}

}  // namespace aha_python

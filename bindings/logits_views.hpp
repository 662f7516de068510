// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_rows.hpp>

#include "arguments.hpp"

namespace aha_python {

/// Logits `[T, V]` or `[B, L, V]` with their targets; a TypeError names dtypes that are not logits.
aha::logit_rows<> rows_of(array_view const& logits, argument where, aha::index_view<> targets, double temperature);
/// The writable twin for a gradient.
aha::logit_gradient<> gradient_of(array_view const& dlogits, argument where);

/// Where a gradient goes, as a call asks for it: `dlogits` None or False (nowhere, unless `always`), True (a new array) or
/// a buffer; `inplace`: the logits' own memory, `object`. Keeps what it points to.
struct gradient_target {
  py::object object = py::none();
  array_view owner;
  aha::logit_gradient<> view;
};
gradient_target gradient_target_of(py::handle dlogits, bool inplace, array_view const& logits, py::handle object,
                                   argument where, bool always);

/// Where a row engine reads and writes its columns: the dtype of everything beside logits of this dtype.
inline dtype column_dtype(array_view const& logits) { return logits.type == dtype::f64 ? dtype::f64 : dtype::f32; }

}  // namespace aha_python

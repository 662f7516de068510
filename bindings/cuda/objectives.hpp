// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>

#include <memory>

#include "../arguments.hpp"

namespace aha_python {

using parsed_objective = std::shared_ptr<aha::dynamic_objective const>;

/// An `aha.objective` of the host's module, by its text, which is read once for an object.
parsed_objective objective_of(py::handle value, argument where);

/// The vocabulary kernels have no float64.
void refuse_wide(array_view const& logits, argument where);

void bind_device_losses(py::module_& m);
void bind_device_rows(py::module_& m);
void bind_device_columns(py::module_& m);

}  // namespace aha_python

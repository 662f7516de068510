// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>

#include <memory>

#include "../arguments.hpp"

namespace aha_python {

using parsed_objective = std::shared_ptr<aha::dynamic_objective const>;

/// An `aha.objective` of the host's module, by its text: classes of one module mean nothing to the other. What has been
/// read is kept for the object, so that a training loop reads its objective once.
parsed_objective objective_of(py::handle value, argument where);

/// The vocabulary kernels have no float64.
void refuse_wide(array_view const& logits, argument where);

void bind_device_losses(py::module_& m);
void bind_device_rows(py::module_& m);

}  // namespace aha_python

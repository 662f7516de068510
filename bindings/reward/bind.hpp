// SPDX-License-Identifier: MIT
#pragma once

#include "../bind.hpp"

/// What module.cpp calls, one function a file.
namespace aha_python {

void bind_outcomes(py::module_& m);
void bind_expression(py::module_& m);
void bind_expression_evaluate(py::module_& m, py::object const& outcomes);
void bind_lengths(py::module_& m);
void bind_compat(py::module_& m);
void bind_math(py::module_& m);
void bind_recipe(py::module_& m);
void bind_task(py::module_& m);
void bind_text(py::module_& m);

}  // namespace aha_python

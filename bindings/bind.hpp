// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// A macro's value as text.
#define AHA_TEXT_OF(...) #__VA_ARGS__
#define AHA_TEXT(...) AHA_TEXT_OF(__VA_ARGS__)

/// What module.cpp calls, one function a file.
namespace aha_python {

namespace py = pybind11;

void bind_owned_array(py::module_& m);
void bind_columns(py::module_& m);
void bind_objective(py::module_& m);
void bind_terms(py::module_& m);
void bind_answers(py::module_& m);
void bind_loss(py::module_& m);
void bind_targets(py::module_& m);
void bind_logits(py::module_& m);
void bind_partials(py::module_& m);
void bind_logits_loss(py::module_& m);
void bind_moments(py::module_& m);
void bind_advantage(py::module_& m);
void bind_config(py::module_& m);
void bind_whiten(py::module_& m);

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// From the modules of the host to `_aha_cuda`: a call goes where its leading array lies.
namespace aha_python {

namespace py = pybind11;

/// Whether the package has `_aha_cuda`. It is not loaded by asking.
bool has_cuda();
/// True for an array in the memory of a CUDA device that this build can take; false for everything else, which the host's
/// functions then read or refuse.
bool is_on_cuda(py::handle object);
/// The function of that name in `aha._cuda`, with the same arguments. `autograd`: its twin for autograd functions.
py::object on_cuda(char const* function, bool autograd, py::args const& args, py::kwargs const& kwargs);

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// `aha._aha_cuda`: the CUDA engine for aha._cuda, which is imported with the first array on a device. Nothing here or below
// asks for a device before a call is made.
#include <pybind11/pybind11.h>

#include "../bind.hpp"
#include "objectives.hpp"
#include "record.hpp"

PYBIND11_MODULE(_aha_cuda, m) {
  m.doc() = "The CUDA part of aha; import aha.";
  pybind11::options options;
  options.disable_function_signatures();
  aha_python::bind_owned_array(m);
  aha_python::bind_record(m);
  aha_python::bind_device_losses(m);
  aha_python::bind_device_rows(m);
  aha_python::bind_device_columns(m);
  m.attr("architectures") = AHA_CUDA_ARCHITECTURES;
}

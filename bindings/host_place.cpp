// SPDX-License-Identifier: MIT
// Arrays of the host's modules lie in host memory.
#include <pybind11/numpy.h>

#include <aha/core/error.hpp>
#include <stdexcept>
#include <vector>

#include "array_place.hpp"
#include "device_dispatch.hpp"
#include "owned_array.hpp"

namespace aha_python {

namespace array_place {

char const* const kinds = "a NumPy array or a tensor on the CPU (torch, or anything with __dlpack__)";

void require_torch(py::handle tensor, argument where) {
  static PyObject* const name = PyUnicode_InternFromString("is_cpu");
  PyObject* const is_cpu = PyObject_GetAttr(tensor.ptr(), name);
  if (is_cpu == nullptr) throw py::error_already_set();
  Py_DECREF(is_cpu);
  if (is_cpu != Py_True) wrong_device(where, std::string(py::str(tensor.attr("device"))));
}
void require_numpy(argument) {}
bool is_here(std::int64_t type, std::int64_t) { return type == dlpack::host_device; }
void require_dlpack(std::int64_t type, std::int64_t index, argument where) {
  if (!is_here(type, index)) wrong_device(where, dlpack::device_name(type, index));
}

void ask(py::handle, py::dict&) {}

bool is_ours(py::handle object, array_view& a) {
  owned_array const* const ours = as_owned(object);
  if (ours != nullptr) a = ours->view();
  return ours != nullptr;
}

py::object new_array(array_view const& like, dtype type, std::int64_t const* shape, int rank, argument where) {
  if (like.from_dlpack) return py::cast(owned_array(like.from_dlpack, type, shape, rank, &host_memory));
  if (type == dtype::bf16) wrong_type(where, "a buffer to write to (NumPy has no bfloat16 to return)", "none");
  std::vector<py::ssize_t> const size(shape, shape + rank);
  switch (type) {
    case dtype::f32: return py::array_t<float>(size);
    case dtype::f64: return py::array_t<double>(size);
    case dtype::i64: return py::array_t<std::int64_t>(size);
    case dtype::f16: return py::array(py::dtype("float16"), size);
    default: wrong_type(where, "float32, float64, float16 or int64", name_of(type));
  }
}

}  // namespace array_place

py::object handed_over(py::object result) {
  owned_array const* const ours = result ? as_owned(result) : nullptr;
  return ours == nullptr ? result : ours->from_dlpack()(result);
}

void wrong_device(argument where, std::string_view device) {
  char const* const expected = "host memory (CPU)";
  std::string_view const kind = device.substr(0, device.find(':'));
  if ((kind != "cuda" && kind != "cuda_managed") || has_cuda()) wrong_value(where, expected, device);
  std::string_view const got =
      "a CUDA tensor: this build has no CUDA back end (_aha_cuda), which pip install . builds where it finds nvcc";
  throw std::runtime_error(aha::bad_argument(where.function, where.name, expected, got).message());
}

}  // namespace aha_python

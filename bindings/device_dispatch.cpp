// SPDX-License-Identifier: MIT
#include "device_dispatch.hpp"

#include <pybind11/numpy.h>

#include <map>
#include <string>

namespace aha_python {
namespace {

constexpr std::int64_t cuda_device = 2;  // of DLPack
constexpr std::int64_t cuda_managed = 13;

/// Attributes of torch tensors are asked for by themselves: `__dlpack_device__` takes ten times as long.
PyObject* torch_tensor_type() {
  static PyObject* type = nullptr;
  if (type != nullptr) return type;
  PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "torch");
  if (module == nullptr || !py::hasattr(module, "Tensor") || !py::hasattr(module, "nn")) return nullptr;
  type = py::object(py::handle(module).attr("Tensor")).release().ptr();
  return type;
}

}  // namespace

bool has_cuda() {
  static bool const found = !py::module_::import("importlib.util").attr("find_spec")("aha._aha_cuda").is_none();
  return found;
}

bool is_on_cuda(py::handle object) {
  if (!object || object.is_none() || py::isinstance<py::array>(object)) return false;
  PyObject* const tensor = torch_tensor_type();
  if (tensor != nullptr && PyObject_TypeCheck(object.ptr(), reinterpret_cast<PyTypeObject*>(tensor)) != 0) {
    static PyObject* const is_cuda = PyUnicode_InternFromString("is_cuda");
    PyObject* const value = PyObject_GetAttr(object.ptr(), is_cuda);
    if (value == nullptr) throw py::error_already_set();
    Py_DECREF(value);
    return value == Py_True && has_cuda();
  }
  if (!has_cuda() || !py::hasattr(object, "__dlpack_device__")) return false;
  try {
    py::tuple const device = object.attr("__dlpack_device__")();
    std::int64_t const type = py::int_(device[0]).cast<std::int64_t>();
    return type == cuda_device || type == cuda_managed;
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_Exception) || e.matches(PyExc_MemoryError)) throw;
    return false;  // whoever reads it says why it cannot be read
  }
}

py::object on_cuda(char const* function, bool autograd, py::args const& args, py::kwargs const& kwargs) {
  // Kept for the life of the process, as the modules are.
  static std::map<char const*, PyObject*> functions[2];  // by the callers' literals; the twins for autograd apart
  PyObject*& known = functions[autograd ? 1 : 0][function];
  if (known == nullptr) {
    std::string const name = autograd ? "_" + std::string(function) + "_autograd" : function;
    py::module_ const module = py::module_::import("aha._cuda");
    known = py::object(module.attr(name.c_str())).release().ptr();
  }
  PyObject* const result = PyObject_Call(known, args.ptr(), kwargs.ptr());
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

}  // namespace aha_python

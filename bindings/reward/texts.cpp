// SPDX-License-Identifier: MIT
#include "texts.hpp"

namespace aha_python {

text_view text_of(py::handle value, argument where) {
  text_view t;
  if (PyBytes_Check(value.ptr())) {
    t.owner = py::reinterpret_borrow<py::object>(value);
    t.text = {PyBytes_AS_STRING(value.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(value.ptr()))};
    return t;
  }
  if (!PyUnicode_Check(value.ptr())) wrong_type(where, "a str or bytes", kind_of_object(value));
  Py_ssize_t size = 0;
  if (char const* const utf8 = PyUnicode_AsUTF8AndSize(value.ptr(), &size)) {
    t.owner = py::reinterpret_borrow<py::object>(value);
    t.text = {utf8, static_cast<std::size_t>(size)};
    return t;
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) throw py::error_already_set();
  PyErr_Clear();
  PyObject* const encoded = PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogatepass");
  if (encoded == nullptr) throw py::error_already_set();
  t.owner = py::reinterpret_steal<py::object>(encoded);
  t.text = {PyBytes_AS_STRING(encoded), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded))};
  return t;
}

std::vector<py::object> entries_of(py::handle value, argument where, std::string_view expected) {
  // Sets have no order, and of a dict nobody knows whether its keys are meant.
  bool const ordered = !is_text(value) && !PyAnySet_Check(value.ptr()) && !PyDict_Check(value.ptr());
  PyObject* const sequence = ordered ? PySequence_Fast(value.ptr(), "") : nullptr;
  if (sequence == nullptr) {
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
    PyErr_Clear();
    wrong_type(where, expected, kind_of_object(value));
  }
  py::object const held = py::reinterpret_steal<py::object>(sequence);
  std::vector<py::object> entries;
  entries.reserve(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(sequence)));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence); ++i)
    entries.push_back(py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(sequence, i)));
  return entries;
}

text_list::text_list(py::handle value, argument where) {
  for (py::object const& entry : entries_of(value, where, "a list of str or bytes")) {
    if (!is_text(entry)) {
      wrong_type(where, "a list of str or bytes", aha::text(kind_of_object(entry), " at entry ", texts_.size()));
    }
    texts_.push_back(text_of(entry, where));
  }
}

}  // namespace aha_python

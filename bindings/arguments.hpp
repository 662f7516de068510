// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

#include <aha/core/error.hpp>
#include <vector>

#include "dlpack_cast.hpp"

namespace aha_python {

/// A parameter's name as an interned string; keep it in a function-local static.
struct key {
  char const* text;
  PyObject* object;
  key(char const* name) : text(name), object(PyUnicode_InternFromString(name)) {}  // NOLINT: names read as names
};

/// The arguments of one call, asked for by name; `finish` refuses what nobody has asked for. Errors have the house's
/// shape, and a call costs less than with a declared signature of twenty arguments.
class call_arguments {
 public:
  call_arguments(char const* function, py::args const& positional, py::kwargs const& keywords)
      : function_(function), positional_(positional), keywords_(keywords), count_(positional.size()) {}

  /// The next argument by position, or by its name; null where it is absent.
  py::handle optional(key const& name) {
    if (next_ < count_) {
      if (keyword(name)) wrong_type(at(name), "one value", "one by position and one by name");
      return positional_[next_++];
    }
    return keyword(name);
  }
  py::handle required(key const& name) {
    py::handle const value = optional(name);
    if (!value) wrong_type(at(name), "an argument", "none");
    return value;
  }
  /// An argument by name only; null where it is absent or None.
  py::handle keyword(key const& name) {
    PyObject* const value = PyDict_GetItemWithError(keywords_.ptr(), name.object);
    if (value == nullptr) return {};
    ++used_;
    return value == Py_None ? nullptr : value;
  }
  /// An argument by name without asking for it; null where it is absent.
  py::handle peek(key const& name) const { return PyDict_GetItemWithError(keywords_.ptr(), name.object); }
  /// The call's first argument, by position or by this name, without asking for it; null where it is absent.
  py::handle first(key const& name) const { return count_ > 0 ? py::handle(positional_[0]) : peek(name); }
  /// As `keyword`, where None is no way to say "absent".
  py::handle given(key const& name) {
    PyObject* const value = PyDict_GetItemWithError(keywords_.ptr(), name.object);
    used_ += value != nullptr ? 1 : 0;
    return value;
  }
  /// Refuses positions and names that are left. `known` are the names that the call could have asked for.
  template <class... Keys>
  void finish(Keys const&... known) const {
    finish_with([&](PyObject* name) { return ((PyUnicode_Compare(name, known.object) == 0) || ...); });
  }
  void finish(std::vector<key> const& known) const {
    finish_with([&](PyObject* name) {
      for (key const& k : known) {
        if (PyUnicode_Compare(name, k.object) == 0) return true;
      }
      return false;
    });
  }
  argument at(key const& name) const { return {function_, name.text}; }
  char const* function() const { return function_; }

 private:
  template <class Known>
  void finish_with(Known const& known) const {
    if (next_ < count_) {
      throw py::type_error(aha::bad_argument(function_, "arguments",
                                             aha::text(next_, " by position (the others by name)"), aha::text(count_))
                               .message());
    }
    if (used_ == static_cast<std::size_t>(PyDict_Size(keywords_.ptr()))) return;
    for (auto const& [name, value] : keywords_) {
      if (!known(name.ptr())) {
        throw py::type_error(
            aha::bad_argument(function_, std::string(py::str(name)), "no such argument", "one").message());
      }
    }
  }

  char const* function_;
  py::args const& positional_;
  py::kwargs const& keywords_;
  std::size_t count_;
  std::size_t next_ = 0;
  std::size_t used_ = 0;
};

/// A Python number; `fallback` where it is absent.
inline double number_of(py::handle value, argument where, double fallback) {
  if (!value) return fallback;
  double const x = PyNumber_Check(value.ptr()) != 0 ? PyFloat_AsDouble(value.ptr()) : -1.0;
  if (PyNumber_Check(value.ptr()) == 0 || PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    wrong_type(where, "a number", kind_of_object(value));
  }
  return x;
}

inline std::int64_t integer_of(py::handle value, argument where, std::int64_t fallback) {
  if (!value) return fallback;
  PyObject* const index = PyNumber_Index(value.ptr());
  if (index == nullptr) {
    PyErr_Clear();
    wrong_type(where, "an integer", kind_of_object(value));
  }
  std::int64_t const x = PyLong_AsLongLong(index);
  Py_DECREF(index);
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    wrong_value(where, "a 64-bit integer", "a larger one");
  }
  return x;
}

/// True or False; `fallback` where it is absent.
inline bool flag_of(py::handle value, argument where, bool fallback) {
  if (!value) return fallback;
  if (!py::isinstance<py::bool_>(value)) wrong_type(where, "True or False", kind_of_object(value));
  return value.ptr() == Py_True;
}

/// `threads=`: 0 all, which is the default.
inline int threads_of(py::handle value, argument where) {
  std::int64_t const n = integer_of(value, where, 0);
  if (n < 0 || n > 4096) wrong_value(where, "0 (all) to 4096", aha::text(n));
  return static_cast<int>(n);
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/numpy.h>

#include <aha/reward/outcome.hpp>
#include <map>
#include <vector>

#include "texts.hpp"

namespace aha_python {

/// Many outcomes, a column a member, so that each is an array without a copy.
struct outcome_columns {
  std::vector<double> value;
  std::vector<aha::reward::status> status;
  std::vector<aha::reward::reason> reason;

  explicit outcome_columns(std::size_t rows)
      : value(rows), status(rows, aha::reward::status::abstained), reason(rows, aha::reward::reason::none) {}
  std::size_t size() const { return value.size(); }
  aha::reward::outcome at(std::size_t i) const { return {value[i], status[i], reason[i]}; }
  void set(std::size_t i, aha::reward::outcome const& o) {
    value[i] = o.value, status[i] = o.status, reason[i] = o.reason;
  }
};

/// A read-only array over memory that `owner` keeps.
template <class T, class Stored>
py::array array_over(std::vector<Stored> const& from, py::handle owner) {
  static_assert(sizeof(T) == sizeof(Stored));
  py::array a = py::array_t<T>(static_cast<py::ssize_t>(from.size()), reinterpret_cast<T const*>(from.data()), owner);
  a.attr("flags").attr("writeable") = false;
  return a;
}

/// An index of Python in [0, size).
inline std::size_t index_in(py::ssize_t i, std::size_t size) {
  py::ssize_t const n = static_cast<py::ssize_t>(size);
  if (i < -n || i >= n) throw py::index_error();
  return static_cast<std::size_t>(i < 0 ? i + n : i);
}

/// {name: how often} of the names that occur.
template <class Code>
py::dict counts_of(std::vector<Code> const& codes) {
  std::map<Code, std::int64_t> counts;
  for (Code const c : codes) ++counts[c];
  py::dict named;
  for (auto const& [code, n] : counts) named[py::str(std::string(to_string(code)))] = n;
  return named;
}

}  // namespace aha_python

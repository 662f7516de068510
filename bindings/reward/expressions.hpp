// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/parse.hpp>
#include <map>
#include <string>

#include "../options.hpp"
#include "lengths.hpp"

namespace aha_python {

/// An expression of Python: the run-time form, and the user's own functions among its columns, by name.
struct reward_expression {
  aha::reward::dynamic_expression form;
  std::map<std::string, py::object> functions;

  std::string text() const { return aha::reward::to_string(form); }
  /// Takes over the functions of another; one name stands for one function.
  void add_functions(reward_expression const& other, argument where);
};

/// An expression, or a number as one.
reward_expression reward_operand(py::handle value, argument where);

/// The operations of the registry as functions of the module.
void bind_operations(py::module_& m);

}  // namespace aha_python

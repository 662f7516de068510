// SPDX-License-Identifier: MIT
#include "bind.hpp"

PYBIND11_MODULE(_aha_reward, m) {
  m.attr("__name__") = "aha._aha_reward";
  m.doc() = "The compiled part of aha.reward; import aha.reward.";
  pybind11::options options;
  options.disable_function_signatures();
  aha_python::bind_outcomes(m);
  aha_python::bind_lengths(m);
  aha_python::bind_math(m);
  aha_python::bind_text(m);
  aha_python::bind_compat(m);
  aha_python::bind_task(m);
  // Operations may be called as rewards of single lengths are.
  pybind11::module_ algebra = m.def_submodule("algebra", "Expressions of rewards.");
  aha_python::bind_owned_array(algebra);
  aha_python::bind_expression(algebra);
  aha_python::bind_expression_evaluate(algebra, m.attr("outcomes"));
  pybind11::module_ recipe = m.def_submodule("recipe", "Recipes of rewards.");
  aha_python::bind_recipe(recipe);
}

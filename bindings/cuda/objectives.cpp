// SPDX-License-Identifier: MIT
#include "objectives.hpp"

#include <aha/loss/parse.hpp>

#include "host_objects.hpp"

namespace aha_python {

parsed_objective objective_of(py::handle value, argument where) {
  static auto& known = *new known_objects<aha::dynamic_objective>;  // for the life of the process
  return known.of(value, [&](py::handle object) {
    static py::handle const type = host_class("objective");
    static py::handle const bare = host_class("expression");
    if (!py::isinstance(object, type)) {
      wrong_type(where, "an objective such as token_mean(clip(0.2, 0.2))",
                 py::isinstance(object, bare) ? "an expression without an aggregate" : kind_of_object(object));
    }
    return aha::parse(std::string(py::repr(object)));
  });
}

void refuse_wide(array_view const& logits, argument where) {
  if (logits.type == dtype::f64) wrong_type(where, "float32, bfloat16 or float16 on a device", "float64");
}

}  // namespace aha_python

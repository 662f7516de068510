// SPDX-License-Identifier: MIT
#include "objectives.hpp"

#include <aha/loss/parse.hpp>
#include <unordered_map>

namespace aha_python {
namespace {

struct known_objective {
  py::object object;  // alive, so that its address is nobody else's
  parsed_objective parsed;
};
constexpr std::size_t most_known = 64;

}  // namespace

parsed_objective objective_of(py::handle value, argument where) {
  // Kept for the life of the process. All of it happens under the interpreter lock.
  static auto& known = *new std::unordered_map<PyObject*, known_objective>;
  auto const at = known.find(value.ptr());
  if (at != known.end()) return at->second.parsed;
  py::module_ const host = py::module_::import("aha._aha");
  if (!py::isinstance(value, host.attr("objective"))) {
    bool const bare = py::isinstance(value, host.attr("expression"));
    wrong_type(where, "an objective such as token_mean(clip(0.2, 0.2))",
               bare ? "an expression without an aggregate" : kind_of_object(value));
  }
  std::string const text = py::repr(value);
  known_objective k{py::reinterpret_borrow<py::object>(value),
                    std::make_shared<aha::dynamic_objective>(aha::parse(text))};
  if (known.size() >= most_known) known.clear();  // of a program that makes a new one for every call
  return known.emplace(value.ptr(), std::move(k)).first->second.parsed;
}

void refuse_wide(array_view const& logits, argument where) {
  if (logits.type == dtype::f64) wrong_type(where, "float32, bfloat16 or float16 on a device", "float64");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Outcomes and the names of statuses and reasons.
#include "../options.hpp"
#include "bind.hpp"
#include "outcomes.hpp"

namespace aha_python {
namespace {

using aha::reward::outcome;

std::string number_repr(double x) { return py::repr(py::float_(x)); }

std::string repr_of(outcome const& o) {
  return aha::text("outcome(", number_repr(o.value), ", ", quoted(to_string(o.status)), ", ",
                   quoted(to_string(o.reason)), ")");
}

aha::reward::status status_named(py::handle value, argument where) {
  auto status = aha::reward::status::scored;
  set_option(status, value, where);
  return status;
}

aha::reward::reason reason_named(py::handle value, argument where) {
  if (!py::isinstance<py::str>(value)) wrong_type(where, "the name of a reason", kind_of_object(value));
  std::string const name = py::str(value);
  for (std::size_t k = 0; k < std::size(aha::reward::reasons); ++k) {
    if (aha::reward::reasons[k].name == name) return static_cast<aha::reward::reason>(k);
  }
  wrong_value(where, "the name of a reason (aha.reward.reasons)", aha_python::quoted(name));
}

bool same(double a, double b) { return a == b || (a != a && b != b); }

}  // namespace

void bind_outcomes(py::module_& m) {
  py::class_<outcome>(m, "outcome",
                      "One reward of one row: `value`, whether it is one (`status`), and why (`reason`, a word of\n"
                      "`aha.reward.reasons`). Only \"scored\" says that the value is a judgement of the text.")
      .def(py::init([](py::object const& value, py::object const& status, py::object const& reason) {
             return outcome(number_of(value, {"reward.outcome", "value"}, 0.0),
                            status_named(status, {"reward.outcome", "status"}),
                            reason_named(reason, {"reward.outcome", "reason"}));
           }),
           py::arg("value"), py::arg("status") = "scored", py::arg("reason") = "none",
           "__init__(self, value, status=\"scored\", reason=\"none\")\n--\n\n")
      .def_readonly("value", &outcome::value, "The reward; NaN where there is none.")
      .def_property_readonly(
          "status", [](outcome const& o) { return to_string(o.status); },
          "\"scored\", \"abstained\", \"no_answer\", \"gold_invalid\", \"budget\" or \"error\".")
      .def_property_readonly(
          "reason", [](outcome const& o) { return to_string(o.reason); }, "Why, in one word.")
      .def(
          "__eq__",
          [](outcome const& a, outcome const& b) {
            return same(a.value, b.value) && a.status == b.status && a.reason == b.reason;
          },
          py::is_operator())
      .def("__repr__", &repr_of)
      .def(py::pickle(
          [](outcome const& o) {
            return py::make_tuple(o.value, std::string(to_string(o.status)), std::string(to_string(o.reason)));
          },
          [](py::tuple const& t) {
            return outcome(t[0].cast<double>(), status_named(t[1], {"reward.outcome", "status"}),
                           reason_named(t[2], {"reward.outcome", "reason"}));
          }));
  py::class_<outcome_columns>(m, "outcomes", "Outcomes of many rows: arrays, and one `outcome` by index.")
      .def_property_readonly(
          "value",
          [](py::object const& self) { return array_over<double>(self.cast<outcome_columns const&>().value, self); },
          "float64: the rewards; NaN where there is none.")
      .def_property_readonly(
          "status",
          [](py::object const& self) {
            return array_over<std::uint8_t>(self.cast<outcome_columns const&>().status, self);
          },
          "uint8: indices into `aha.reward.statuses`.")
      .def_property_readonly(
          "reason",
          [](py::object const& self) {
            return array_over<std::uint16_t>(self.cast<outcome_columns const&>().reason, self);
          },
          "uint16: positions in `aha.reward.reasons`.")
      .def(
          "count_statuses", [](outcome_columns const& c) { return counts_of(c.status); },
          "count_statuses($self)\n--\n\nName of a status -> how many rows have it.")
      .def(
          "count_reasons", [](outcome_columns const& c) { return counts_of(c.reason); },
          "count_reasons($self)\n--\n\nName of a reason -> how many rows have it.")
      .def("__len__", &outcome_columns::size)
      .def("__getitem__", [](outcome_columns const& c, py::ssize_t i) { return c.at(index_in(i, c.size())); })
      .def("__repr__", [](outcome_columns const& c) {
        return aha::text("outcomes(", c.size(), " rows, ", std::string(py::str(counts_of(c.status))), ")");
      });
  py::list statuses;
  for (std::string_view const name : aha::enum_names<aha::reward::status>::values) statuses.append(std::string(name));
  m.attr("statuses") = py::tuple(statuses);
  py::dict reasons;
  for (auto const& row : aha::reward::reasons) reasons[py::str(std::string(row.name))] = std::string(row.sentence);
  m.attr("reasons") = reasons;
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Moments as a class.
#include <cmath>

#include "advantage_methods.hpp"
#include "bind.hpp"
#include "stats_record.hpp"

namespace aha_python {

std::optional<aha::moments> moments_of(py::handle value, argument where) {
  if (!value) return {};
  if (!py::isinstance<aha::moments>(value)) wrong_type(where, moments_text, kind_of_object(value));
  return value.cast<aha::moments>();
}

namespace {

aha::moments make_moments(py::args const& args, py::kwargs const& kwargs) {
  static key const count{"count"};
  static key const mean{"mean"};
  static key const m2{"m2"};
  call_arguments call("moments", args, kwargs);
  aha::moments r;
  auto const take = [&](key const& k) {
    py::handle const h = call.optional(k);
    return h && h.is_none() ? py::handle() : h;
  };
  r.count = integer_of(take(count), call.at(count), 0);
  r.mean = number_of(take(mean), call.at(mean), 0.0);
  r.m2 = number_of(take(m2), call.at(m2), 0.0);
  call.finish(count, mean, m2);
  if (r.count < 0) wrong_value(call.at(count), "a number >= 0", aha::to_text(r.count));
  if (!std::isfinite(r.mean)) wrong_value(call.at(mean), "a finite number", aha::to_text(r.mean));
  if (!(r.m2 >= 0.0) || std::isinf(r.m2)) wrong_value(call.at(m2), "a finite number >= 0", aha::to_text(r.m2));
  return r;
}

int ddof_of(std::int64_t ddof, char const* function) {
  if (ddof != 0 && ddof != 1) wrong_value({function, "ddof"}, "0 or 1", aha::to_text(ddof));
  return static_cast<int>(ddof);
}

}  // namespace

void bind_moments(py::module_& m) {
  py::class_<aha::moments> moments(
      m, "moments",

      "Count, mean and sum of squared deviations (m2) of a set of numbers. Each shard of a step has its own (measure,\n"
      "advantage_stats); merged over shards they are what whiten and batch scales take. Merging equal numbers keeps\n"
      "mean and m2 == 0 to the bit.");
  def_record(moments, "moments");
  moments.def(py::init(&make_moments), "__init__(self, count=0, mean=0.0, m2=0.0)\n--\n\n")
      .def_readonly("count", &aha::moments::count, "Numbers in the set.")
      .def_readonly("mean", &aha::moments::mean, "Their mean, 0 of an empty set.")
      .def_readonly("m2", &aha::moments::m2, "Sum of squared deviations from the mean.")
      .def(
          "push", [](aha::moments& self, double x) { self.push(x); }, py::arg("x"),
          "push($self, x)\n--\n\nAdds one number.")
      .def(
          "variance",
          [](aha::moments const& self, std::int64_t ddof) { return self.variance(ddof_of(ddof, "moments.variance")); },
          py::arg("ddof") = 1, "variance($self, ddof=1)\n--\n\nm2 / (count - ddof), 0 where that is undefined.")
      .def(
          "standard_deviation",
          [](aha::moments const& self, std::int64_t ddof) {
            return self.standard_deviation(ddof_of(ddof, "moments.standard_deviation"));
          },
          py::arg("ddof") = 1, "standard_deviation($self, ddof=1)\n--\n\nThe root of the variance.")
      .def("__repr__", [](aha::moments const& s) {
        return "moments(count=" + std::to_string(s.count) + ", mean=" + option_repr(s.mean) +
               ", m2=" + option_repr(s.m2) + ")";
      });
}

}  // namespace aha_python

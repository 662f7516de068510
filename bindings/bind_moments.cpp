// SPDX-License-Identifier: MIT
// Moments as a class, and how described options are read from keywords and shown.
#include <cmath>

#include "bind.hpp"
#include "options.hpp"
#include "stats_record.hpp"

namespace aha_python {

void set_option(aha::advantage::clip_range& to, py::handle value, argument where) {
  constexpr double none = std::numeric_limits<double>::infinity();
  if (value.is_none()) return;
  if (PyNumber_Check(value.ptr()) != 0) {
    to = aha::advantage::clip_range(number_of(value, where, none));
    return;
  }
  if (!(py::isinstance<py::tuple>(value) || py::isinstance<py::list>(value)) || py::len(value) != 2) {
    wrong_type(where, "a pair (low, high), a number or None", kind_of_object(value));
  }
  py::sequence const pair = py::reinterpret_borrow<py::sequence>(value);
  py::object const low = pair[0];
  py::object const high = pair[1];
  to = aha::advantage::clip_range(low.is_none() ? -none : number_of(low, where, none),
                                  high.is_none() ? none : number_of(high, where, none));
}

std::string option_repr(double x) { return py::repr(py::float_(x)); }
std::string option_repr(int x) { return std::to_string(x); }
std::string option_repr(bool x) { return x ? "True" : "False"; }
std::string option_repr(aha::advantage::clip_range const& c) {
  if (std::isinf(c.low) && std::isinf(c.high)) return "None";
  auto const end = [](double x) { return std::isinf(x) ? std::string("None") : option_repr(x); };
  return "(" + end(c.low) + ", " + end(c.high) + ")";
}

py::kwargs keywords_of(std::string const& repr) {
  py::module_ const ast = py::module_::import("ast");
  py::kwargs keywords;
  py::object const call = ast.attr("parse")(repr, py::arg("mode") = "eval").attr("body");
  for (py::handle const k : call.attr("keywords")) keywords[k.attr("arg")] = ast.attr("literal_eval")(k.attr("value"));
  return keywords;
}

std::optional<aha::moments> moments_of(py::handle value, argument where) {
  if (!value) return {};
  if (!py::isinstance<aha::moments>(value)) wrong_type(where, "aha.moments(...)", kind_of_object(value));
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

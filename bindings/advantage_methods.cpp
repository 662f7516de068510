// SPDX-License-Identifier: MIT
// Methods of advantages and whitening from keywords and as text; the names of baselines and scales come from the type lists.
#include "advantage_methods.hpp"

#include <aha/advantage/registry.hpp>
#include <cmath>

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

advantage::dynamic_group make_group_method(py::args const& args, py::kwargs const& kwargs) {
  static option_keys const keys{"baseline",  "scale",       "eps",       "ddof", "eps_at",
                                "singleton", "zero_spread", "flat_rest", "clip"};
  call_arguments call("advantage.group", args, kwargs);
  advantage::dynamic_group m;
  // None is refused: whoever means "none" would get the default.
  auto const chosen = [&](char const* keyword, auto list, std::string_view fallback) {
    py::handle const h = call.given(keys[keyword]);
    return h ? choice_of(h, call.at(keys[keyword]), names_in(list)) : std::string(fallback);
  };
  std::string const baseline = chosen("baseline", advantage::baselines{}, advantage::mean::name);
  std::string const scale = chosen("scale", advantage::scales{}, advantage::standard_deviation::name);
  aha::for_each_type(advantage::baselines{}, [&](auto tag) {
    using Baseline = typename decltype(tag)::type;
    if (baseline == Baseline::name) m.baseline = advantage::dynamic_baseline(Baseline{});
  });
  aha::for_each_type(advantage::scales{}, [&](auto tag) {
    using Scale = typename decltype(tag)::type;
    if (scale != Scale::name) return;
    Scale s;
    set_members(s, call, keys);
    refuse_members_of_others<Scale>(advantage::scales{}, call, keys, "scale");
    m.scale = advantage::dynamic_scale(s);
  });
  set_members(m, call, keys);
  call.finish(keys.all());
  aha::status const s = validate(m, "advantage.group");
  if (!s.ok()) throw py::value_error(s.message());
  return m;
}

std::string group_method_repr(advantage::dynamic_group const& m) {
  std::string const baseline =
      std::visit([](auto const& b) { return quoted(std::decay_t<decltype(b)>::name); }, m.baseline.choice);
  std::string const scale = std::visit(
      [](auto const& s) { return quoted(std::decay_t<decltype(s)>::name) + members_repr(s); }, m.scale.choice);
  return "advantage.group(baseline=" + baseline + ", scale=" + scale + members_repr(m) + ")";
}

whitening_method make_whitening(py::args const& args, py::kwargs const& kwargs) {
  static option_keys const keys{"scale", "eps", "ddof", "eps_at", "shift_mean", "singleton", "zero_spread", "clip"};
  call_arguments call("advantage.whitening", args, kwargs);
  py::handle const given = call.given(keys["scale"]);
  std::string const scale = given ? choice_of(given, call.at(keys["scale"]), names_in(advantage::whitening_scales{}))
                                  : std::string(advantage::standard_deviation::name);
  whitening_method m;
  aha::for_each_type(advantage::whitening_scales{}, [&](auto tag) {
    using Scale = typename decltype(tag)::type;
    if (scale != Scale::name) return;
    advantage::whitening<Scale> w;
    set_members(w.scale, call, keys);
    refuse_members_of_others<Scale>(advantage::whitening_scales{}, call, keys, "scale");
    set_members(w, call, keys);
    aha::status const s = validate(w, "advantage.whitening");
    if (!s.ok()) throw py::value_error(s.message());
    m.choice = w;
  });
  call.finish(keys.all());
  return m;
}

std::string whitening_repr(whitening_method const& m) {
  return std::visit(
      [](auto const& w) {
        return "advantage.whitening(scale=" + quoted(std::decay_t<decltype(w.scale)>::name) + members_repr(w.scale) +
               members_repr(w) + ")";
      },
      m.choice);
}

}  // namespace aha_python

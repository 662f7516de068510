// SPDX-License-Identifier: MIT
// advantages(...) and its method; the names of baselines and scales come from the type lists.
#include <aha/advantage/registry.hpp>
#include <aha/cpu/advantages.hpp>
#include <iterator>
#include <vector>

#include "bind.hpp"
#include "columns.hpp"

namespace aha_python {
namespace {

namespace adv = aha::advantage;

/// `advantage.group(...)`: checked names and numbers, turned into the typed method at the call.
struct group_method {
  std::string baseline{adv::mean::name};
  std::string scale{adv::standard_deviation::name};
  double eps = adv::standard_deviation{}.eps;
  std::int64_t ddof = adv::standard_deviation{}.ddof;
  adv::singleton singleton = adv::group<>{}.singleton;
  adv::zero_spread zero_spread = adv::group<>{}.zero_spread;
};

struct group_array {
  bool by_offsets = false;
  py::object values;
};

struct advantage_answer {
  py::object adv;
  aha::advantage_stats stats;
};

struct method_keys {
  key baseline{"baseline"}, scale{"scale"}, eps{"eps"}, ddof{"ddof"}, singleton{"singleton"},
      zero_spread{"zero_spread"};
};

std::string quoted(std::string_view s) { return "\"" + std::string(s) + "\""; }

/// The text that is given for a parameter, if it is one of `names`.
std::string choice_of(py::handle value, argument where, std::vector<std::string_view> const& names) {
  std::string legal;
  for (std::string_view const n : names) legal += (legal.empty() ? "one of " : ", ") + quoted(n);
  if (!py::isinstance<py::str>(value)) wrong_type(where, legal, kind_of_object(value));
  std::string const given = py::str(value);
  for (std::string_view const n : names) {
    if (n == given) return given;
  }
  wrong_value(where, legal, quoted(given));
}

template <class List>
std::vector<std::string_view> names_in(List list) {
  std::vector<std::string_view> names;
  aha::for_each_type(list, [&](auto tag) { names.push_back(decltype(tag)::type::name); });
  return names;
}

template <class E>
void set_choice(E& to, py::handle value, argument where) {
  if (!value) return;
  std::vector<std::string_view> const names(std::begin(aha::enum_names<E>::values),
                                            std::end(aha::enum_names<E>::values));
  std::string const given = choice_of(value, where, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == given) to = static_cast<E>(i);
  }
}

/// Calls f with the typed method.
template <class F>
void with_method(group_method const& m, F const& f) {
  aha::for_each_type(adv::baselines{}, [&](auto baseline) {
    using Baseline = typename decltype(baseline)::type;
    if (m.baseline != Baseline::name) return;
    aha::for_each_type(adv::scales{}, [&](auto scale) {
      using Scale = typename decltype(scale)::type;
      if (m.scale != Scale::name) return;
      Scale s;
      Scale::params([&](std::string_view name, auto member, auto const&, std::string_view) {
        using M = std::decay_t<decltype(s.*member)>;
        s.*member = name == "eps" ? static_cast<M>(m.eps) : static_cast<M>(m.ddof);
      });
      f(adv::group<Baseline, Scale>(Baseline{}, s, m.singleton, m.zero_spread));
    });
  });
}

group_method make_method(py::args const& args, py::kwargs const& kwargs) {
  static method_keys const k;
  call_arguments call("advantage.group", args, kwargs);
  group_method m;
  // None is refused: whoever means "none" would get the default.
  if (py::handle const h = call.given(k.baseline))
    m.baseline = choice_of(h, call.at(k.baseline), names_in(adv::baselines{}));
  if (py::handle const h = call.given(k.scale)) m.scale = choice_of(h, call.at(k.scale), names_in(adv::scales{}));
  py::handle const eps = call.given(k.eps);
  py::handle const ddof = call.given(k.ddof);
  m.eps = number_of(eps, call.at(k.eps), m.eps);
  m.ddof = integer_of(ddof, call.at(k.ddof), m.ddof);
  set_choice(m.singleton, call.given(k.singleton), call.at(k.singleton));
  set_choice(m.zero_spread, call.given(k.zero_spread), call.at(k.zero_spread));
  call.finish(k.baseline, k.scale, k.eps, k.ddof, k.singleton, k.zero_spread);
  if (m.scale == adv::no_scale::name) {
    for (auto const& [given, name] : {std::pair{eps, &k.eps}, std::pair{ddof, &k.ddof}}) {
      if (given) wrong_value(call.at(*name), "nothing where scale is \"none\"", "a number");
    }
  }
  with_method(m, [](auto const& method) {
    aha::status const s = adv::validate(method, "advantage.group");
    if (!s.ok()) throw py::value_error(s.message());
  });
  return m;
}

std::string repr_of(group_method const& m) {
  std::string s = "advantage.group(baseline=" + quoted(m.baseline) + ", scale=" + quoted(m.scale);
  if (m.scale != adv::no_scale::name) {
    s += ", eps=" + std::string(py::repr(py::float_(m.eps))) + ", ddof=" + std::to_string(m.ddof);
  }
  return s + ", singleton=" + quoted(aha::name_of(m.singleton)) +
         ", zero_spread=" + quoted(aha::name_of(m.zero_spread)) + ")";
}

group_array make_groups(py::args const& args, py::kwargs const& kwargs) {
  static key const k_ids{"ids"};
  static key const k_offsets{"offsets"};
  call_arguments call("groups", args, kwargs);
  py::handle const ids = call.keyword(k_ids);
  py::handle const offsets = call.keyword(k_offsets);
  call.finish(k_ids, k_offsets);
  if (!ids && !offsets) wrong_type(call.at(k_ids), "ids or offsets", "neither");
  if (ids && offsets) wrong_type(call.at(k_offsets), "ids or offsets", "both");
  return {static_cast<bool>(offsets), py::reinterpret_borrow<py::object>(ids ? ids : offsets)};
}

template <class T>
advantage_answer run(call_arguments& call, group_method const& method, array_view const& reward,
                     group_array const& groups) {
  static key const k_valid{"valid"};
  static key const k_adv{"adv"};
  static key const k_threads{"threads"};
  static key const k_reward{"reward"};
  std::vector<array_view> owners;
  argument const at_index{"advantages", groups.by_offsets ? "offsets" : "ids"};
  owners.push_back(view_of(groups.values, at_index));
  aha::index_view<> const index = index_of(owners.back(), at_index);
  aha::groups<> const by = groups.by_offsets ? aha::groups<>::by_offsets(index) : aha::groups<>::by_id(index);
  aha::mask_view<> valid;
  if (py::handle const given = call.keyword(k_valid)) {
    owners.push_back(view_of(given, call.at(k_valid)));
    valid = mask_of(owners.back(), call.at(k_valid));
  }
  py::handle const buffer = call.keyword(k_adv);
  aha::exec::cpu const exec{threads_of(call.keyword(k_threads), call.at(k_threads))};
  call.finish(k_valid, k_adv, k_threads);
  require_rows(reward, call.at(k_reward), 1);
  advantage_answer answer;
  answer.adv = buffer ? py::reinterpret_borrow<py::object>(buffer)
                      : new_array(reward, dtype_of<T>(), reward.shape.data(), 1, call.at(k_adv));
  array_view const to = view_of(answer.adv, call.at(k_adv));
  require_rows(to, call.at(k_adv), 1);
  aha::column<T> const out = output_of<T>(to, call.at(k_adv), "reward");
  aha::span<T const> const from(static_cast<T const*>(reward.data), reward.shape[0]);
  aha::span<T> const write(out.data, out.width);
  py::gil_scoped_release const unlocked;
  with_method(method, [&](auto const& m) { answer.stats = aha::advantages(exec, m, from, by, write, valid); });
  return answer;
}

advantage_answer advantages(py::args const& args, py::kwargs const& kwargs) {
  static key const k_method{"method"};
  static key const k_reward{"reward"};
  static key const k_groups{"groups"};
  call_arguments call("advantages", args, kwargs);
  py::handle const method = call.required(k_method);
  if (!py::isinstance<group_method>(method))
    wrong_type(call.at(k_method), "aha.advantage.group(...)", kind_of_object(method));
  array_view const reward = view_of(call.required(k_reward), call.at(k_reward));
  py::handle const groups = call.required(k_groups);
  if (!py::isinstance<group_array>(groups)) {
    wrong_type(call.at(k_groups), "aha.groups(ids=...) or aha.groups(offsets=...)", kind_of_object(groups));
  }
  group_method const& m = method.cast<group_method const&>();
  group_array const& g = groups.cast<group_array const&>();
  if (reward.type == dtype::f64) return run<double>(call, m, reward, g);
  if (reward.type != dtype::f32) wrong_type(call.at(k_reward), "float32 or float64", name_of(reward));
  return run<float>(call, m, reward, g);
}

}  // namespace

void bind_advantage(py::module_& m) {
  py::class_<group_method>(
      m, "advantage_group",

      "Group-relative advantage (reward - baseline) / scale over the valid rewards of a group.\n\n"
      "baseline: \"mean\" (GRPO, arXiv:2402.03300), \"leave_one_out\" (RLOO, arXiv:2402.14740), \"none\".\n"
      "scale: \"std\" (divides by the standard deviation with ddof, plus eps), \"none\" (Dr. GRPO, arXiv:2503.20783).\n"
      "singleton: what a group with one valid reward gets, \"zero\" or \"keep_reward\".\n"
      "zero_spread: what equal rewards get where the scale divides, \"zero\" or \"unscaled\"; exactly 0 under a "
      "centring\n"
      "baseline either way. A NaN reward is invalid: in no statistic, advantage exactly 0.")
      .def(py::init(&make_method),
           "__init__(self, *, baseline=\"mean\", scale=\"std\", eps=1e-06, ddof=1, singleton=\"zero\", "
           "zero_spread=\"zero\")\n--\n\n")
      .def("__repr__", &repr_of)
      .def(
          "__eq__", [](group_method const& a, group_method const& b) { return repr_of(a) == repr_of(b); },
          py::is_operator())
      .def("__hash__", [](group_method const& a) { return py::hash(py::str(repr_of(a))); });

  py::class_<group_array>(
      m, "groups",

      "Which rewards belong together. ids [N]: int64 or int32, any values in any order, equal ids are one\n"
      "group. offsets [G + 1]: group g is the rows [offsets[g], offsets[g + 1]).")
      .def(py::init(&make_groups), "__init__(self, *, ids=None, offsets=None)\n--\n\n")
      .def_property_readonly(
          "ids", [](group_array const& g) { return g.by_offsets ? py::object(py::none()) : g.values; },
          "Group ids, or None.")
      .def_property_readonly(
          "offsets", [](group_array const& g) { return g.by_offsets ? g.values : py::object(py::none()); },
          "Offsets, or None.");

  py::class_<aha::advantage_stats>(m, "advantage_stats", "What advantages(...) saw.")
      .def_readonly("groups", &aha::advantage_stats::groups, "Groups.")
      .def_readonly("rewards", &aha::advantage_stats::rewards, "Rewards, invalid ones included.")
      .def_readonly("invalid", &aha::advantage_stats::invalid, "NaN or masked rewards: advantage exactly 0.")
      .def_readonly("empty", &aha::advantage_stats::empty, "Groups without a valid reward.")
      .def_readonly("singletons", &aha::advantage_stats::singletons, "Groups with one valid reward.")
      .def_readonly("zero_spread", &aha::advantage_stats::zero_spread,
                    "Groups of two or more valid rewards, all equal.")
      .def_readonly("mean", &aha::advantage_stats::mean, "Mean of all valid rewards.")
      .def_readonly("std", &aha::advantage_stats::std, "Their sample standard deviation.")
      .def(
          "to_dict",
          [](aha::advantage_stats const& s) {
            using namespace py::literals;
            return py::dict("groups"_a = s.groups, "rewards"_a = s.rewards, "invalid"_a = s.invalid,
                            "empty"_a = s.empty, "singletons"_a = s.singletons, "zero_spread"_a = s.zero_spread,
                            "mean"_a = s.mean, "std"_a = s.std);
          },
          "to_dict($self)\n--\n\nAll of it by name.");

  py::class_<advantage_answer>(m, "advantage_result", "What advantages(...) returns.")
      .def_readonly("adv", &advantage_answer::adv, "Advantages [N].")
      .def_readonly("stats", &advantage_answer::stats, "What was seen.");

  m.def("advantages", &advantages,
        "advantages(method, reward, groups, *, valid=None, adv=None, threads=0)\n--\n\n"
        "Advantages [N] of rewards [N] (float32 or float64) within their groups, by method, an "
        "aha.advantage.group(...).\n\n"
        "groups: aha.groups(ids=...) or aha.groups(offsets=...). valid: [N] mask; invalid rewards (and NaN) are in no "
        "statistic\n"
        "and get exactly 0. adv: a buffer to write to. Statistics are in double; the order of rows changes no bit.");
}

}  // namespace aha_python

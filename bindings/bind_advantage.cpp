// SPDX-License-Identifier: MIT
// advantages(...), its method and its groups as classes.
#include <aha/cpu/advantages.hpp>

#include "advantages_call.hpp"
#include "bind.hpp"
#include "device_dispatch.hpp"
#include "stats_record.hpp"

namespace aha_python {
namespace {

namespace adv = aha::advantage;

struct advantage_answer {
  py::object adv;
  aha::advantage_stats stats;
};

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
advantage_answer run(call_arguments& call, adv::dynamic_group const& method, array_view const& reward) {
  advantages_call<T> a(call, reward);
  advantage_answer answer;
  {
    py::gil_scoped_release const unlocked;
    answer.stats = aha::advantages(aha::exec::cpu{a.threads}, method, a.reward, a.by, a.adv, a.valid, a.batch);
  }
  answer.adv = a.finished();
  return answer;
}

py::object advantages(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("advantages", args, kwargs);
  advantages_head const head(call);
  if (is_on_cuda(head.reward)) return on_cuda("advantages", false, args, kwargs);
  argument const where = call.at(advantages_keys::get().reward);
  array_view const reward = view_of(head.reward, where);
  return with_type(reward, where, [&](auto zero) { return py::cast(run<decltype(zero)>(call, head.method, reward)); });
}

}  // namespace

adv::dynamic_group group_method_of(py::handle value, argument where) {
  if (!py::isinstance<adv::dynamic_group>(value)) wrong_type(where, group_method_text, kind_of_object(value));
  return value.cast<adv::dynamic_group const&>();
}
group_array groups_of(py::handle value, argument where) {
  if (!py::isinstance<group_array>(value)) wrong_type(where, groups_text, kind_of_object(value));
  return value.cast<group_array const&>();
}

void bind_advantage(py::module_& m) {
  py::class_<adv::dynamic_group>(
      m, "advantage_group",

      "Group-relative advantage (reward - baseline) / scale over the valid rewards of a group.\n\n"
      "baseline: \"mean\" (GRPO, arXiv:2402.03300), \"leave_one_out\" (RLOO, arXiv:2402.14740), \"none\".\n"
      "scale: \"std\" (of the group), \"leave_one_out\" (of the siblings), \"batch\" (of all valid rewards,\n"
      "arXiv:2508.08221), \"batch_centred\" (of all of them minus their group's mean), \"none\" (Dr. GRPO,\n"
      "arXiv:2503.20783).\n"
      "eps, ddof, eps_at: the divisor is sqrt(m2 / (n - ddof)) + eps (\"std\"), eps added to the \"variance\", or eps\n"
      "its \"floor\".\n"
      "singleton: what a group with one valid reward gets, \"zero\" or \"keep_reward\".\n"
      "zero_spread: what equal rewards get where the scale divides, \"zero\" or \"unscaled\"; exactly 0 under a\n"
      "centring baseline either way. flat_rest: what a reward with equal siblings gets under scale\n"
      "\"leave_one_out\", \"unscaled\" or \"zero\".\n"
      "clip: ends of the advantages, (low, high) with low <= 0 <= high, or one number for both sides.\n"
      "A NaN reward is invalid: in no statistic, advantage exactly 0.")
      .def(py::init(&make_group_method),
           "__init__(self, *, baseline=\"mean\", scale=\"std\", eps=1e-06, ddof=1, eps_at=\"std\", singleton=\"zero\", "
           "zero_spread=\"zero\", flat_rest=\"unscaled\", clip=None)\n--\n\n")
      .def("__repr__", &group_method_repr)
      .def(
          "__eq__",
          [](adv::dynamic_group const& a, adv::dynamic_group const& b) {
            return group_method_repr(a) == group_method_repr(b);
          },
          py::is_operator())
      .def("__hash__", [](adv::dynamic_group const& a) { return py::hash(py::str(group_method_repr(a))); })
      .def(py::pickle(&group_method_repr,
                      [](std::string const& text) { return make_group_method({}, keywords_of(text)); }));

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
          "Offsets, or None.")
      .def(py::pickle([](group_array const& g) { return py::make_tuple(g.by_offsets, g.values); },
                      [](py::tuple const& t) {
                        return group_array{t[0].cast<bool>(), t[1]};
                      }));

  py::class_<aha::advantage_stats> stats(m, "advantage_stats", "What advantages(...) saw; mergeable over shards.");
  def_record(stats, "advantage_stats", "No group may be in both.");
  stats.def("__repr__",
            [](py::object const& s) { return "advantage_stats(" + std::string(py::repr(s.attr("to_dict")())) + ")"; });
  stats.def_readonly("groups", &aha::advantage_stats::groups, "Groups.")
      .def_readonly("rewards", &aha::advantage_stats::rewards, "Rewards, invalid ones included.")
      .def_readonly("invalid", &aha::advantage_stats::invalid, "NaN or masked rewards: advantage exactly 0.")
      .def_readonly("empty", &aha::advantage_stats::empty, "Groups without a valid reward.")
      .def_readonly("singletons", &aha::advantage_stats::singletons, "Groups with one valid reward.")
      .def_readonly("zero_spread", &aha::advantage_stats::zero_spread,
                    "Groups of two or more valid rewards, all equal.")
      .def_property_readonly("zero_spread_fraction", &aha::advantage_stats::zero_spread_fraction,
                             "zero_spread / groups.")
      .def_readonly("clipped", &aha::advantage_stats::clipped, "Advantages that the clip changed.")
      .def_readonly("mean", &aha::advantage_stats::mean, "Mean of all valid rewards.")
      .def_readonly("std", &aha::advantage_stats::std, "Their sample standard deviation.")
      .def_readonly("low", &aha::advantage_stats::low, "The smallest of them.")
      .def_readonly("high", &aha::advantage_stats::high, "The largest of them.")
      .def_readonly("reward", &aha::advantage_stats::reward,
                    "Their moments; merged over shards, what scale \"batch\" takes as batch=.")
      .def_readonly("centred", &aha::advantage_stats::centred,
                    "Moments of rewards minus their group's mean; what scale \"batch_centred\" takes as batch=.")
      .def(
          "to_dict",
          [](aha::advantage_stats const& s) {
            using namespace py::literals;
            return py::dict("groups"_a = s.groups, "rewards"_a = s.rewards, "invalid"_a = s.invalid,
                            "empty"_a = s.empty, "singletons"_a = s.singletons, "zero_spread"_a = s.zero_spread,
                            "zero_spread_fraction"_a = s.zero_spread_fraction(), "clipped"_a = s.clipped,
                            "mean"_a = s.mean, "std"_a = s.std, "low"_a = s.low, "high"_a = s.high);
          },
          "to_dict($self)\n--\n\nAll of it by name.");

  py::class_<advantage_answer>(m, "advantage_result", "What advantages(...) returns.")
      .def_readonly("adv", &advantage_answer::adv, "Advantages [N].")
      .def_readonly("stats", &advantage_answer::stats, "What was seen.")
      .def(py::pickle([](advantage_answer const& r) { return py::make_tuple(r.adv, r.stats); },
                      [](py::tuple const& t) {
                        return advantage_answer{t[0], t[1].cast<aha::advantage_stats>()};
                      }));

  m.def("advantages", &advantages,
        "advantages(method, reward, groups, *, valid=None, batch=None, adv=None, threads=0)\n--\n\n"
        "Advantages [N] of rewards [N] (float32 or float64) within their groups, by method, an "
        "aha.advantage.group(...).\n\n"
        "groups: aha.groups(ids=...) or aha.groups(offsets=...). valid: [N] mask; invalid rewards (and NaN) are in no "
        "statistic\n"
        "and get exactly 0. batch: moments of the whole step, merged over its shards, for the scales \"batch\" and\n"
        "\"batch_centred\"; absent where this call has all groups. adv: a buffer to write to.\n"
        "Statistics are in double; the order of rows changes no bit.");
}

}  // namespace aha_python

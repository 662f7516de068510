// SPDX-License-Identifier: MIT
// Evaluation of expressions over columns, and what was seen of every component.
#include <pybind11/numpy.h>

#include <aha/core/parallel.hpp>
#include <aha/reward/evaluate.hpp>
#include <deque>
#include <memory>

#include "../array_place.hpp"
#include "../stats_record.hpp"
#include "bind.hpp"
#include "expressions.hpp"
#include "reward_columns.hpp"

namespace aha_python {
namespace {

namespace reward = aha::reward;

constexpr char const* evaluate_name = "reward::evaluate";

option_keys const& policy_keys() {
  static option_keys const keys{"abstained", "no_answer", "gold_invalid", "budget", "error", "value"};
  return keys;
}

reward::missing_policy make_policy(py::args const& args, py::kwargs const& kwargs) {
  static key const k_all{"all"};
  call_arguments call("reward::missing_policy", args, kwargs);
  reward::missing_policy policy;
  if (py::handle const all = call.optional(k_all)) {
    auto every = reward::missing::drop_row;
    set_option(every, all, call.at(k_all));
    policy = reward::missing_policy(every);
  }
  set_members(policy, call, policy_keys());
  call.finish(policy_keys().all());
  if (aha::status const bad = aha::check_members("reward::missing_policy", policy); !bad.ok()) {
    throw py::value_error(std::string(bad.message()));
  }
  return policy;
}

std::string policy_repr(reward::missing_policy const& p) { return "missing_policy(" + members_repr(p).substr(2) + ")"; }

/// A policy, the name of one for every status, or the default.
reward::missing_policy policy_of(py::handle value, char const* function) {
  argument const where{function, "missing"};
  if (value.is_none()) return {};
  if (py::isinstance<reward::missing_policy>(value)) return value.cast<reward::missing_policy const&>();
  if (!py::isinstance<py::str>(value))
    wrong_type(where, "missing_policy(...) or the name of a policy", kind_of_object(value));
  auto all = reward::missing::drop_row;
  set_option(all, value, where);
  return reward::missing_policy(all);
}

/// The rows of one call, with everything that its views look into.
struct python_table {
  std::deque<reward_column> columns;
  std::unique_ptr<group_ids> index;
  reward::table rows;
  std::int64_t n = 0;

  python_table(char const* function, py::list const& named, py::handle ids, py::handle offsets) {
    for (py::handle const entry : named) {
      auto const pair = py::reinterpret_borrow<py::tuple>(entry);
      std::string const name = pair[0].is_none() ? std::string() : std::string(py::str(pair[0]));
      columns.emplace_back(pair[1], name, function);
      rows.columns.push_back(columns.back().view());
    }
    bool const by_id = !ids.is_none();
    if (by_id || !offsets.is_none()) {
      index = std::make_unique<group_ids>(by_id ? ids : offsets, argument{function, by_id ? "groups" : "offsets"});
      rows.by = by_id ? aha::groups<>::by_id(index->view()) : aha::groups<>::by_offsets(index->view());
    }
    n = columns.empty() ? (by_id ? index->view().size() : 0) : columns.front().size();
  }
  /// The first array among the columns: results are of its kind.
  array_view const* leading() const {
    for (reward_column const& c : columns) {
      if (c.source() != nullptr) return c.source();
    }
    return nullptr;
  }
  reward_column const* find(reward::dynamic_node const& node) const {
    if (node.index >= 0) {
      auto const k = static_cast<std::size_t>(node.index);
      return k < columns.size() ? &columns[k] : nullptr;
    }
    for (reward_column const& c : columns) {
      if (c.name() == node.name) return &c;
    }
    return nullptr;
  }
};

/// Lengths that know their unit must be read in it.
void check_units_of(char const* function, reward_expression const& e, python_table const& t) {
  for (reward::dynamic_node const& node : e.form.nodes()) {
    if (node.type != reward::dynamic_node::kind::column) continue;
    reward_column const* const c = t.find(node);
    if (c == nullptr || !c->has_unit() || c->unit() == node.unit) continue;
    std::string const place = node.index >= 0 ? aha::text("columns[", node.index, "]")
                                              : aha::text("columns[", aha_python::quoted(node.name), "]");
    wrong_value({function, place.c_str()}, aha::text(aha::name_of(node.unit), ", as the expression reads it"),
                aha::name_of(c->unit()));
  }
}

/// A new array of N entries like the leading one.
template <class T>
written_array results_like(array_view const* like, dtype type, std::int64_t n, char const* name) {
  argument const where{evaluate_name, name};
  bool const numpys = like == nullptr || (like->from == origin::numpy && !like->from_dlpack);
  if (!numpys) return new_array(*like, type, &n, 1, where);
  return buffer_of(py::array_t<T>(static_cast<py::ssize_t>(n)), where);
}

py::list numbers_of(std::vector<reward::component_numbers> const& components) {
  py::list all;
  for (reward::component_numbers const& c : components) all.append(py::cast(c));
  return all;
}

py::tuple evaluate(reward_expression const& e, py::object const& raw, py::list const& columns, py::object const& ids,
                   py::object const& offsets, double step, py::list const& running, py::object const& missing,
                   int threads) {
  python_table t(evaluate_name, columns, ids, offsets);
  check_units_of(evaluate_name, e, t);
  t.rows.step = step;
  t.rows.missing = policy_of(missing, evaluate_name);
  for (py::handle const m : running) {
    auto const numbers = py::reinterpret_borrow<py::tuple>(m);
    aha::moments one;
    one.count = numbers[0].cast<std::int64_t>();
    one.mean = numbers[1].cast<double>();
    one.m2 = numbers[2].cast<double>();
    t.rows.running.push_back(one);
  }
  written_array shaped = results_like<double>(t.leading(), dtype::f64, t.n, "reward");
  written_array statuses = results_like<std::uint8_t>(t.leading(), dtype::u8, t.n, "status");
  written_array raws;
  reward::evaluation_outputs out;
  out.reward = {static_cast<double*>(shaped.view.data), t.n};
  out.status = {static_cast<reward::status*>(statuses.view.data), t.n};
  reward_expression const* const beside = raw.is_none() ? nullptr : &raw.cast<reward_expression const&>();
  if (beside != nullptr) {
    check_units_of(evaluate_name, *beside, t);
    raws = results_like<double>(t.leading(), dtype::f64, t.n, "raw");
    out.raw = {static_cast<double*>(raws.view.data), t.n};
  }
  reward::evaluation seen;
  std::vector<reward::component_numbers> components;
  {
    py::gil_scoped_release const unlocked;
    aha::thread_executor const exec{threads};
    if (beside != nullptr) {
      seen = reward::evaluate(exec, reward::shaped_and_raw{e.form, beside->form}, t.rows, out);
    } else {
      seen = reward::evaluate(exec, e.form, t.rows, out);
    }
    components = reward::report_components(exec, t.rows).components;
  }
  py::list running_seen;
  for (aha::moments const& m : seen.seen) running_seen.append(py::make_tuple(m.count, m.mean, m.m2));
  return py::make_tuple(handed_over(std::move(shaped.object)), handed_over(std::move(statuses.object)),
                        beside == nullptr ? py::none() : handed_over(std::move(raws.object)), numbers_of(components),
                        seen.reward, beside == nullptr ? py::object(py::none()) : py::cast(seen.raw), running_seen);
}

py::list report(py::list const& columns, py::object const& ids, py::object const& offsets, int threads) {
  python_table const t("reward::report_components", columns, ids, offsets);
  std::vector<reward::component_numbers> components;
  {
    py::gil_scoped_release const unlocked;
    components = reward::report_components(aha::thread_executor{threads}, t.rows).components;
  }
  return numbers_of(components);
}

/// (whether groups are needed, how many running moments).
py::tuple needs_of(reward_expression const& e) {
  auto const needs = reward::dynamic_evaluation<reward::reward_engine<aha::thread_executor>>::needs(e.form);
  return py::make_tuple(needs.groups, needs.running);
}

/// Outcomes from any column, with statuses of their own.
outcome_columns make_outcomes(py::handle value, py::handle status) {
  char const* const me = "reward::outcomes";
  reward_column const column(value, "value", me);
  reward::component const from = column.view();
  outcome_columns made(static_cast<std::size_t>(column.size()));
  std::vector<py::object> given;
  argument const where{me, "status"};
  if (!status.is_none()) given = entries_of(status, where, "a list of statuses");
  if (!status.is_none() && given.size() != made.size()) {
    wrong_value(where, aha::text(made.size(), " statuses"), aha::text(given.size()));
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    double const x = from.value(static_cast<std::int64_t>(i));
    auto s = from.status(static_cast<std::int64_t>(i));
    if (s == reward::status::scored && x != x) s = reward::status::abstained;
    if (!status.is_none() && py::isinstance<py::str>(given[i])) {
      set_option(s, given[i], where);
    } else if (!status.is_none()) {
      std::int64_t const code = integer_of(given[i], where, 0);
      if (code < 0 || code >= reward::status_count) {
        wrong_value(where, aha::text("a status from 0 to ", reward::status_count - 1), aha::text(code, " at row ", i));
      }
      s = static_cast<reward::status>(code);
    }
    made.set(i, {x, s});
  }
  return made;
}

}  // namespace

void bind_expression_evaluate(py::module_& m, py::object const& outcomes) {
  using reward::component_numbers;
  auto columns = py::reinterpret_borrow<py::class_<outcome_columns>>(outcomes);
  columns.def(py::init(&make_outcomes), py::arg("value"), py::arg("status") = py::none(),
              "__init__(self, value, status=None)\n--\n\n"
              "value: an array, or a list of numbers, None and outcomes; status: names or indices, one a row; without\n"
              "them a value is scored, None and NaN are abstained.");
  py::class_<reward::missing_policy> policy(
      m, "missing_policy",
      "What a component without a value does to its row, by status: \"drop_row\", \"drop_component\" (what is left is "
      "added\n"
      "up), \"renormalize\" (the same, with the weight of all), \"value\" (it counts as `value`) or \"own_value\" (as "
      "the\n"
      "verifier valued it). missing_policy(\"drop_component\") is one for every status.");
  policy
      .def(py::init(&make_policy),
           "__init__(self, all=None, *, abstained=\"drop_row\", no_answer=\"own_value\", gold_invalid=\"drop_row\", "
           "budget=\"own_value\", error=\"drop_row\", value=0.0)\n--\n\n")
      .def("__repr__", &policy_repr)
      .def(
          "__eq__",
          [](reward::missing_policy const& a, reward::missing_policy const& b) {
            return policy_repr(a) == policy_repr(b);
          },
          py::is_operator())
      .def("__hash__", [](reward::missing_policy const& p) { return py::hash(py::str(policy_repr(p))); })
      .def(py::pickle(
          [](reward::missing_policy const& p) { return py::make_tuple(policy_repr(p)); },
          [](py::tuple const& t) { return make_policy(py::args(), keywords_of(t[0].cast<std::string>())); }));
  reward::missing_policy::params([&](std::string_view name, auto member, aha::range const&, std::string_view what) {
    policy.def_property_readonly(
        name.data(),
        [member](reward::missing_policy const& p) {
          if constexpr (std::is_enum_v<std::decay_t<decltype(p.*member)>>) {
            return py::str(std::string(aha::name_of(p.*member)));
          } else {
            return py::float_(p.*member);
          }
        },
        std::string(what).c_str());
  });
  py::class_<component_numbers> numbers(
      m, "component_numbers",
      "One component, or a reward, over a batch: rows by status, moments and ends of the scored rows, groups without\n"
      "spread. Merges over shards and ranks.");
  def_record(numbers, "reward.component_numbers", "No group may be in both.");
  numbers.def_readonly("rows", &component_numbers::rows, "Rows of the batch.")
      .def_property_readonly(
          "scored", [](component_numbers const& c) { return c.scored.count; }, "Rows with a value.")
      .def_property_readonly("mean", &component_numbers::mean, "Mean of the scored rows, 0 without one.")
      .def_property_readonly("std", &component_numbers::std, "Their sample standard deviation.")
      .def_readonly("min", &component_numbers::low, "Smallest scored value, 0 without one.")
      .def_readonly("max", &component_numbers::high, "Largest.")
      .def_property_readonly("coverage", &component_numbers::coverage, "Scored rows over rows.")
      .def_readonly("groups", &component_numbers::groups, "Groups of the batch, 0 where it has none.")
      .def_readonly("empty", &component_numbers::empty, "Groups without a scored value.")
      .def_readonly("singletons", &component_numbers::singletons, "Groups with one.")
      .def_readonly("zero_spread", &component_numbers::zero_spread, "Groups of two or more scored values, all equal.")
      .def_property_readonly("zero_spread_fraction", &component_numbers::zero_spread_fraction,
                             "Groups of zero spread over groups: from these a group-relative method learns nothing.")
      .def_property_readonly(
          "statuses",
          [](component_numbers const& c) {
            py::dict all;
            for (int s = 0; s < reward::status_count; ++s) {
              if (c.by_status[s] > 0) {
                all[py::str(std::string(to_string(static_cast<reward::status>(s))))] = c.by_status[s];
              }
            }
            return all;
          },
          "Name of a status -> how many rows have it.")
      .def("__repr__", [](component_numbers const& c) {
        return aha::text("component_numbers(rows=", c.rows, ", mean=", c.mean(), ", std=", c.std(), ", min=", c.low,
                         ", max=", c.high, ", coverage=", c.coverage(), ")");
      });
  m.def("_evaluate", &evaluate);
  m.def("_report", &report);
  m.def("_needs", &needs_of);
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// The operations of the registry as functions: names, numbers, defaults and texts are those of their descriptions.
#include <deque>

#include "expressions.hpp"
#include "text_call.hpp"

namespace aha_python {
namespace {

namespace reward = aha::reward;

/// One operation as Python calls it.
struct operation_entry {
  std::string name;
  std::string function;  ///< in error texts
  std::string signature;
  std::string doc;
  int arguments = 0;
  bool takes_points = false;
  std::vector<key> operands;
  std::vector<key> numbers;
};

/// What the operands are called, as in compose.hpp; of operations that are not here x, y, z.
struct operand_names {
  std::string_view operation;
  char const* names[3];
};
constexpr operand_names named_operands[] = {
    {"gate", {"condition", "x"}},
    {"where", {"condition", "x", "y"}},
    {"lexicographic", {"model", "correct"}},
    {"override_with", {"x", "condition"}},
    {"stop_properly", {"x", "truncated"}},
    {"overlong", {"length"}},
    {"cosine", {"length", "correct"}},
    {"clamped_cosine", {"length", "correct"}},
    {"linear_length", {"length"}},
    {"target_length", {"length"}},
    {"kimi", {"length", "correct"}},
};
constexpr operand_names other_operands = {"", {"x", "y", "z"}};

std::string default_text(double x) { return aha::to_text(x); }

template <class Operation>
operation_entry entry_of() {
  operation_entry e;
  e.name = Operation::name;
  e.function = reward::name_in_errors(Operation::name);
  e.arguments = Operation::arguments;
  operand_names const* names = &other_operands;
  for (operand_names const& n : named_operands) {
    if (n.operation == Operation::name) names = &n;
  }
  std::string parameters = e.arguments == reward::any_count ? "*x" : "";
  auto const parameter = [&](std::string const& text) { parameters += (parameters.empty() ? "" : ", ") + text; };
  for (int k = 0; k < e.arguments; ++k) {
    e.operands.push_back(key_named(names->names[k]));
    parameter(names->names[k]);
  }
  std::string texts;
  Operation const fresh{};
  Operation::params([&](std::string_view name, auto member, aha::range const& legal, std::string_view what) {
    texts += aha::text("\n", name, ": ", what, "; ", legal.text, ".");
    if constexpr (std::is_same_v<std::decay_t<decltype(fresh.*member)>, reward::knots>) {
      e.takes_points = true;
      parameter("*" + std::string(name));
    } else {
      e.numbers.push_back(key_named(name.data()));  // a literal
      parameter(aha::text(name, "=", default_text(static_cast<double>(fresh.*member))));
    }
  });
  e.signature = aha::text(e.name, "(", parameters, ")");
  e.doc = aha::text(Operation::formula, Operation::paper.empty() ? "" : " (arXiv:", Operation::paper,
                    Operation::paper.empty() ? "" : ")", texts.empty() ? "" : "\n", texts);
  return e;
}

std::deque<operation_entry> const& entries() {
  static std::deque<operation_entry> const all = [] {
    std::deque<operation_entry> found;
    aha::for_each_type(reward::operations{},
                       [&](auto tag) { found.push_back(entry_of<typename decltype(tag)::type>()); });
    return found;
  }();
  return all;
}

/// A number of an operation on lengths may carry its unit, which must be the length's.
template <class Unit>
bool limit_in(py::handle value, reward::unit_kind unit, argument where, double& to) {
  if (!py::isinstance<length_value<Unit>>(value)) return false;
  if (unit != reward::kind_of_unit<Unit>) {
    wrong_value(where, aha::text("the length's unit ", aha::name_of(unit)), Unit::name);
  }
  auto const& n = value.cast<length_value<Unit> const&>();
  if (n.many) wrong_value(where, "one length", aha::text(n.counts.size()));
  to = static_cast<double>(n.counts[0]);
  return true;
}

reward::operation_number number_in(key const& name, py::handle value, reward::unit_kind unit, argument where) {
  reward::operation_number n;
  n.name = name.text;
  if (limit_in<reward::tokens>(value, unit, where, n.value)) return n;
  if (limit_in<reward::characters>(value, unit, where, n.value)) return n;
  n.value = number_of(value, where, 0.0);
  return n;
}

bool is_pair(py::handle value) {
  return PySequence_Check(value.ptr()) != 0 && !PyUnicode_Check(value.ptr()) && PySequence_Size(value.ptr()) == 2;
}

/// Pairs of numbers, one an argument or all in a list.
std::vector<reward::knot> points_in(std::vector<py::object> given, argument where) {
  char const* const expected = "pairs of numbers";
  bool const in_a_list = given.size() == 1 && PySequence_Check(given[0].ptr()) != 0 && !is_text(given[0]) &&
                         (PySequence_Size(given[0].ptr()) == 0 || !PyNumber_Check(given[0][py::int_(0)].ptr()));
  if (in_a_list) given = entries_of(py::object(given[0]), where, expected);
  std::vector<reward::knot> points;
  for (py::object const& p : given) {
    if (!is_pair(p)) wrong_type(where, expected, kind_of_object(p));
    points.push_back({number_of(p[py::int_(0)], where, 0.0), number_of(p[py::int_(1)], where, 0.0)});
  }
  return points;
}

reward_expression call_operation(operation_entry const& e, py::args const& args, py::kwargs const& kwargs) {
  static key const k_points{"points"};
  reward_expression made;
  std::vector<reward::dynamic_expression> operands;
  auto const operand = [&](py::handle value, argument where) {
    reward_expression const x = reward_operand(value, where);
    made.add_functions(x, where);
    operands.push_back(x.form);
  };
  std::vector<reward::operation_number> numbers;
  std::vector<reward::knot> points;
  if (e.arguments == reward::any_count) {
    std::size_t k = 0;
    for (py::handle const x : args) operand(x, {e.function.c_str(), aha::text("argument ", ++k).c_str()});
    if (!kwargs.empty()) {
      std::string const name = py::str(kwargs.begin()->first);
      wrong_type({e.function.c_str(), name.c_str()}, "no such argument", "one");
    }
  } else {
    // Points are all that is left by position, so they are taken apart before.
    std::size_t const by_position = e.operands.size() + (e.takes_points ? 0 : e.numbers.size());
    std::size_t const own = e.takes_points && args.size() > by_position ? by_position : args.size();
    auto const own_args =
        py::reinterpret_steal<py::args>(PyTuple_GetSlice(args.ptr(), 0, static_cast<py::ssize_t>(own)));
    call_arguments call(e.function.c_str(), own_args, kwargs);
    for (key const& name : e.operands) operand(call.required(name), call.at(name));
    reward::unit_kind const unit = operands.empty() ? reward::unit_kind::number : operands[0].unit();
    for (key const& name : e.numbers) {
      if (py::handle const x = call.optional(name)) numbers.push_back(number_in(name, x, unit, call.at(name)));
    }
    std::vector<key> known = e.operands;
    known.insert(known.end(), e.numbers.begin(), e.numbers.end());
    if (e.takes_points) {
      known.push_back(k_points);
      std::vector<py::object> given;
      for (std::size_t k = own; k < args.size(); ++k) given.push_back(args[k]);
      if (py::handle const p = call.keyword(k_points)) {
        if (!given.empty()) wrong_type(call.at(k_points), "one value", "one by position and one by name");
        given.push_back(py::reinterpret_borrow<py::object>(p));
      }
      points = points_in(std::move(given), call.at(k_points));
      if (points.empty()) wrong_type(call.at(k_points), "pairs of numbers", "none");
    }
    call.finish(known);
  }
  made.form = reward::call(e.name, operands, numbers, points);
  return made;
}

/// (name, signature, text, formula and numbers) of one operation, for `operations`.
py::tuple row_of(operation_entry const& e) {
  py::list operands;
  py::list numbers;
  for (key const& k : e.operands) operands.append(k.text);
  for (key const& k : e.numbers) numbers.append(k.text);
  return py::make_tuple(e.signature, e.doc, py::tuple(operands), py::tuple(numbers));
}

}  // namespace

void bind_operations(py::module_& m) {
  py::dict table;
  for (operation_entry const& e : entries()) {
    table[py::str(e.name)] = row_of(e);
    std::string const doc = aha::text(e.signature, "\n--\n\n", e.doc);
    m.def(
        e.name.c_str(),
        [&e](py::args const& args, py::kwargs const& kwargs) { return call_operation(e, args, kwargs); }, doc.c_str());
  }
  m.attr("_operations") = table;
}

}  // namespace aha_python

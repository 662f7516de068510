// SPDX-License-Identifier: MIT
// Expressions of rewards: columns, operators, text.
#include "bind.hpp"
#include "expressions.hpp"

namespace aha_python {

namespace {

namespace reward = aha::reward;
using form = reward::dynamic_expression;

/// What an operator takes beside an expression; anything else is somebody else's to answer.
bool is_operand(py::handle value) {
  return py::isinstance<reward_expression>(value) || PyNumber_Check(value.ptr()) != 0;
}

/// f(a, b) of two operands, `NotImplemented` where one is none.
template <class F>
py::object combine(py::handle a, py::handle b, F const& f) {
  if (!is_operand(a) || !is_operand(b)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
  argument const where{"reward::expression", "operand"};
  reward_expression left = reward_operand(a, where);
  reward_expression const right = reward_operand(b, where);
  left.add_functions(right, where);
  left.form = f(std::move(left.form), right.form);
  return py::cast(std::move(left));
}

form plus(form a, form b) { return std::move(a) + std::move(b); }
form minus(form a, form b) { return std::move(a) - std::move(b); }
form times(form a, form b) { return std::move(a) * std::move(b); }

reward_expression divided(reward_expression a, py::handle by) {
  argument const where{"reward::expression", "divisor"};
  if (py::isinstance<reward_expression>(by))
    wrong_type(where, "a number (ratio(x, y) divides columns)", "an expression");
  double const x = number_of(by, where, 0.0);
  if (x == 0.0 || x != x) wrong_value(where, "a number other than 0", aha::text(x));
  a.form = std::move(a.form) / x;
  return a;
}

reward::unit_kind unit_named(py::handle value, argument where) {
  auto unit = reward::unit_kind::number;
  if (value) set_option(unit, value, where);
  return unit;
}

reward_expression column(py::args const& args, py::kwargs const& kwargs) {
  static key const k_name{"name"};
  static key const k_unit{"unit"};
  static key const k_function{"_function"};
  call_arguments call("reward::column", args, kwargs);
  py::handle const name = call.required(k_name);
  reward::unit_kind const unit = unit_named(call.optional(k_unit), call.at(k_unit));
  py::handle const function = call.keyword(k_function);
  call.finish(k_name, k_unit, k_function);
  reward_expression e;
  if (py::isinstance<py::str>(name)) {
    std::string const text = py::str(name);
    e.form = form::column(std::string_view(text), unit);
    if (function) e.functions.emplace(text, py::reinterpret_borrow<py::object>(function));
    return e;
  }
  if (PyIndex_Check(name.ptr()) == 0) wrong_type(call.at(k_name), "a name or an index", kind_of_object(name));
  std::int64_t const index = integer_of(name, call.at(k_name), 0);
  if (index < 0 || index > 1000000) wrong_value(call.at(k_name), "an index from 0 to 1000000", aha::text(index));
  e.form = form::column(static_cast<int>(index), unit);
  return e;
}

reward_expression parse(py::args const& args, py::kwargs const& kwargs) {
  static key const k_text{"text"};
  call_arguments call("reward::parse", args, kwargs);
  py::handle const text = call.required(k_text);
  call.finish(k_text);
  if (!py::isinstance<py::str>(text)) wrong_type(call.at(k_text), "a str", kind_of_object(text));
  std::string const source = py::str(text);
  return {reward::parse(source), {}};
}

/// Names or indices of the columns in the order of their first use.
py::tuple columns_of(reward_expression const& e) {
  py::list found;
  for (reward::dynamic_node const& n : e.form.nodes()) {
    if (n.type != reward::dynamic_node::kind::column) continue;
    py::object const name = n.index >= 0 ? py::object(py::int_(n.index)) : py::object(py::str(n.name));
    if (!found.contains(name)) found.append(name);
  }
  return py::tuple(found);
}

py::dict functions_of(reward_expression const& e) {
  py::dict all;
  for (auto const& [name, function] : e.functions) all[py::str(name)] = function;
  return all;
}

bool same(reward_expression const& a, reward_expression const& b) {
  if (a.functions.size() != b.functions.size() || a.text() != b.text()) return false;
  for (auto const& [name, function] : a.functions) {
    auto const other = b.functions.find(name);
    if (other == b.functions.end() || !other->second.equal(function)) return false;
  }
  return true;
}

reward_expression unpickled(py::tuple const& t) {
  reward_expression e{reward::parse(t[0].cast<std::string>()), {}};
  for (auto const& [name, function] : t[1].cast<py::dict>()) {
    e.functions.emplace(name.cast<std::string>(), py::reinterpret_borrow<py::object>(function));
  }
  return e;
}

}  // namespace

void reward_expression::add_functions(reward_expression const& other, argument where) {
  for (auto const& [name, function] : other.functions) {
    auto const [known, added] = functions.emplace(name, function);
    if (!added && !known->second.equal(function)) {
      wrong_value(where, aha::text("one function named ", aha_python::quoted(name)), "two");
    }
  }
}

reward_expression reward_operand(py::handle value, argument where) {
  if (py::isinstance<reward_expression>(value)) return value.cast<reward_expression const&>();
  if (PyNumber_Check(value.ptr()) == 0) wrong_type(where, "an expression or a number", kind_of_object(value));
  double const x = number_of(value, where, 0.0);
  if (!reward::finite_number.contains(x)) wrong_value(where, reward::finite_number.text, aha::to_text(x));
  return {form(x), {}};
}

void bind_expression(py::module_& m) {
  py::class_<reward_expression> expression(
      m, "expression",
      "A reward made of columns: `column`, `parse` and the operations give expressions, + - * and / by a number "
      "combine\n"
      "them. str() writes what parse reads. Immutable; equal texts over the same functions are equal.");
  expression
      .def(
          "__add__", [](py::handle a, py::handle b) { return combine(a, b, &plus); }, py::is_operator())
      .def(
          "__radd__", [](py::handle a, py::handle b) { return combine(b, a, &plus); }, py::is_operator())
      .def(
          "__sub__", [](py::handle a, py::handle b) { return combine(a, b, &minus); }, py::is_operator())
      .def(
          "__rsub__", [](py::handle a, py::handle b) { return combine(b, a, &minus); }, py::is_operator())
      .def(
          "__mul__", [](py::handle a, py::handle b) { return combine(a, b, &times); }, py::is_operator())
      .def(
          "__rmul__", [](py::handle a, py::handle b) { return combine(b, a, &times); }, py::is_operator())
      .def(
          "__truediv__",
          [](reward_expression const& a, py::handle by) -> py::object {
            if (!is_operand(by)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
            return py::cast(divided(a, by));
          },
          py::is_operator())
      .def("__neg__",
           [](reward_expression e) {
             e.form = -std::move(e.form);
             return e;
           })
      .def("__pos__", [](reward_expression const& e) { return e; })
      .def("__abs__",
           [](reward_expression e) {
             e.form = form::apply(reward::operation::abs{}, {e.form});
             return e;
           })
      .def("__bool__",
           [](reward_expression const&) -> bool {
             wrong_type({"reward::expression", "truth value"}, "gate(a, b), where(a, x, y) or a * b",
                        "and, or, not or if");
           })
      .def("__eq__", &same, py::is_operator())
      .def("__hash__", [](reward_expression const& e) { return py::hash(py::str(e.text())); })
      .def("__str__", &reward_expression::text)
      .def("__repr__",
           [](reward_expression const& e) {
             return aha::text("reward.parse(", std::string(py::repr(py::str(e.text()))), ")");
           })
      .def_property_readonly("columns", &columns_of,
                             "Names (or indices) of the columns, in the order of their first use.")
      .def_property_readonly("functions", &functions_of, "The user's own functions among the columns, by name.")
      .def_property_readonly(
          "unit", [](reward_expression const& e) { return std::string(aha::name_of(e.form.unit())); },
          "\"number\", \"tokens\" or \"characters\".")
      .def(
          py::pickle([](reward_expression const& e) { return py::make_tuple(e.text(), functions_of(e)); }, &unpickled));
  // NumPy's arrays and numbers leave the operators to the expression.
  expression.attr("__array_ufunc__") = py::none();
  m.def("column", &column,
        "column(name, unit=\"number\")\n--\n\n"
        "The component with this name, or at this index of a list of columns. unit: \"number\", or \"tokens\" or\n"
        "\"characters\" of a length, which meets numbers only through operations that say so.");
  m.def("parse", &parse,
        "parse(text)\n--\n\n"
        "The expression that str() has written, for example \"gate(format, correct) + 0.1 * format\". Lengths are\n"
        "written with their unit: overlong(tokens(length), 8192, 2048). Nothing but this grammar is read.");
  bind_operations(m);
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Expressions and objectives: operators, text, pickles.
#include <aha/loss/parse.hpp>

#include "arguments.hpp"
#include "bind.hpp"

namespace aha_python {
namespace {

using aha::dynamic_expression;
using aha::dynamic_objective;

struct weight_mark {};
struct keep_mark {};

/// `token_mean(x, total=None)` and its siblings.
dynamic_objective make_part(char const* function, aha::aggregate a, bool with_total, py::args const& args,
                            py::kwargs const& kwargs) {
  static key const k_x{"x"};
  static key const k_total{"total"};
  call_arguments call(function, args, kwargs);
  py::handle const x = call.required(k_x);
  if (with_total) {
    py::handle const total = call.optional(k_total);
    a.total = number_of(total && total.is_none() ? py::handle() : total, call.at(k_total), aha::no_total);
    call.finish(k_x, k_total);
  } else {
    call.finish(k_x);
  }
  if (!py::isinstance<dynamic_expression>(x)) {
    wrong_type(call.at(k_x), "an expression such as clip(0.2, 0.2) + 0.04 * kl(\"k3\")", kind_of_object(x));
  }
  dynamic_objective o(a, x.cast<dynamic_expression const&>());
  aha::status const s = aha::check_objective(function, o);
  if (!s.ok()) throw py::value_error(s.message());
  return o;
}

void def_part(py::module_& m, aha::aggregation kind, char const* doc) {
  std::string_view const name = aha::name_of(kind);
  bool const with_total = aha::total_of(kind) != nullptr;
  m.def(
      name.data(),
      [kind, name, with_total](py::args const& a, py::kwargs const& k) {
        return make_part(name.data(), {kind, 0, aha::no_total}, with_total, a, k);
      },
      doc);
}

template <class X>
X read(std::string const& text) {
  if constexpr (std::is_same_v<X, dynamic_objective>) {
    return aha::parse(text);
  } else {
    return aha::parse_expression(text);
  }
}

template <class X>
void def_reader(py::module_& m, char const* name, char const* doc) {
  m.def(
      name,
      [name](py::args const& args, py::kwargs const& kwargs) {
        static key const k_text{"text"};
        call_arguments call(name, args, kwargs);
        py::handle const text = call.required(k_text);
        call.finish(k_text);
        if (!py::isinstance<py::str>(text)) wrong_type(call.at(k_text), "a string", kind_of_object(text));
        return read<X>(text.cast<std::string>());
      },
      doc);
}

/// What expressions and objectives share.
template <class X>
void def_algebra(py::class_<X>& c) {
  c.def(
       "__add__", [](X const& a, X const& b) { return a + b; }, py::is_operator())
      .def(
          "__sub__", [](X const& a, X const& b) { return a - b; }, py::is_operator())
      .def(
          "__neg__", [](X const& a) { return -a; }, py::is_operator())
      .def(
          "__rmul__", [](X const& a, double by) { return by * a; }, py::is_operator())
      .def("__repr__", [](X const& a) { return aha::to_string(a); })
      .def(
          "__eq__", [](X const& a, X const& b) { return aha::to_string(a) == aha::to_string(b); }, py::is_operator())
      .def("__hash__", [](X const& a) { return py::hash(py::str(aha::to_string(a))); })
      .def(py::pickle([](X const& a) { return aha::to_string(a); },
                      [](std::string const& text) { return read<X>(text); }));
  // NumPy's numbers would otherwise try to make an array of the expression.
  c.attr("__array_ufunc__") = py::none();
}

}  // namespace

void bind_objective(py::module_& m) {
  py::class_<dynamic_expression> expression(
      m, "expression", "A sum of terms, one value a token. Composes by +, -, number *, weight * and keep *.");
  def_algebra(expression);
  py::class_<dynamic_objective> objective(
      m, "objective",
      "A sum of parts: coefficient * aggregate(expression). Its repr reads as the expression; parse reads it back.");
  def_algebra(objective);

  py::class_<weight_mark>(m, "weight_factor", "The type of weight.")
      .def(
          "__mul__", [](weight_mark, dynamic_expression const& e) { return aha::weight * e; }, py::is_operator())
      .def("__repr__", [](weight_mark) { return "weight"; })
      .def("__reduce__", [](weight_mark) { return "weight"; });  // the one object, wherever it is unpickled
  py::class_<keep_mark>(m, "keep_factor", "The type of keep.")
      .def(
          "__mul__", [](keep_mark, dynamic_expression const& e) { return aha::keep * e; }, py::is_operator())
      .def("__repr__", [](keep_mark) { return "keep"; })
      .def("__reduce__", [](keep_mark) { return "keep"; });
  m.attr("weight") = weight_mark{};
  m.attr("keep") = keep_mark{};

  def_part(
      m, aha::aggregation::token_mean,
      "token_mean(x, total=None)\n--\n\nMean over all tokens of the step (DAPO, arXiv:2503.14476): weight 1 / tokens.\n"
      "total: this part's own token count, instead of totals.tokens.");
  def_part(
      m, aha::aggregation::sequence_mean,
      "sequence_mean(x, total=None)\n--\n\nMean over sequences of their token means (GRPO, arXiv:2402.03300): weight\n"
      "1 / (n_i sequences). total: this part's own sequence count, instead of totals.sequences.");
  def_part(m, aha::aggregation::sequence_sum,
           "sequence_sum(x, total=None)\n--\n\nMean over sequences of their token sums: weight 1 / sequences.\n"
           "total: this part's own sequence count, instead of totals.sequences.");
  def_part(m, aha::aggregation::prompt_mean,
           "prompt_mean(x, total=None)\n--\n\nMean over prompts of the token means of their groups: weight 1 / (p_i "
           "prompts),\n"
           "p_i the column prompt_tokens, the tokens of the sequence's prompt group over the whole step.\n"
           "total: this part's own prompt count, instead of totals.prompts.");
  def_part(m, aha::aggregation::positive_mean,
           "positive_mean(x, total=None)\n--\n\nSum over tokens / tokens of positive examples (VAPO's likelihood of "
           "correct\n"
           "samples, arXiv:2504.05118); keep says which tokens those are: positive_mean(keep * given()).\n"
           "total: this part's own count, instead of totals.positives.");
  def_part(m, aha::aggregation::token_sum, "token_sum(x)\n--\n\nSum over all tokens, without a denominator: weight 1.");

  py::class_<aha::constant_length>(
      m, "constant_length",
      "constant_length(n)(x, total=None): mean over sequences of token\n"
      "sums divided by a constant n (Dr. GRPO, arXiv:2503.20783): weight 1 / (n sequences).")
      .def(py::init([](py::args const& args, py::kwargs const& kwargs) {
             static key const k_n{"n"};
             call_arguments call("constant_length", args, kwargs);
             py::handle const value = call.required(k_n);
             call.finish(k_n);
             double const n = number_of(value, call.at(k_n), 0);
             if (!(n > 0) || std::isinf(n)) wrong_value(call.at(k_n), "a number > 0", aha::to_text(n));
             return aha::constant_length(n);
           }),
           "__init__(self, n)\n--\n\n")
      .def_readonly("n", &aha::constant_length::n, "The length that token sums are divided by.")
      .def(
          "__call__",
          [](aha::constant_length const& c, py::args const& a, py::kwargs const& k) {
            return make_part("constant_length", {aha::aggregation::constant_length, c.n, aha::no_total}, true, a, k);
          },
          "__call__($self, x, total=None)\n--\n\nThe part; total is its own sequence count, instead of "
          "totals.sequences.")
      .def("__repr__",
           [](aha::constant_length const& c) {
             return "constant_length(" + std::string(py::repr(py::float_(c.n))) + ")";
           })
      .def(
          "__eq__", [](aha::constant_length const& a, aha::constant_length const& b) { return a.n == b.n; },
          py::is_operator())
      .def("__hash__", [](aha::constant_length const& c) { return py::hash(py::float_(c.n)); })
      .def(py::pickle([](aha::constant_length const& c) { return py::float_(c.n); },
                      [](py::float_ const& n) { return aha::constant_length(static_cast<double>(n)); }));

  def_reader<dynamic_objective>(
      m, "parse", "parse(text)\n--\n\nThe objective whose repr is text. Nothing but that grammar is evaluated.");
  def_reader<dynamic_expression>(
      m, "parse_expression",
      "parse_expression(text)\n--\n\nThe expression (terms without an aggregate) whose repr is text.");
}

}  // namespace aha_python

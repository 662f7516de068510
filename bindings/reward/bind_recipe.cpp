// SPDX-License-Identifier: MIT
// Recipes of rewards.
#include <aha/recipe/r1_rewards.hpp>

#include "bind.hpp"
#include "expressions.hpp"
#include "texts.hpp"

namespace aha_python {
namespace {

namespace recipe = aha::recipe;
using form = aha::reward::dynamic_expression;

/// f(operands by name) as a recipe of Python: its arguments are expressions or numbers, by position or by name.
template <class F, std::size_t N>
reward_expression of_operands(char const* function, char const* const (&names)[N], py::args const& args,
                              py::kwargs const& kwargs, F const& f) {
  call_arguments call(function, args, kwargs);
  reward_expression made;
  std::vector<form> x;
  std::vector<key> known;
  for (char const* const name : names) known.emplace_back(name);
  for (key const& name : known) {
    reward_expression const one = reward_operand(call.required(name), call.at(name));
    made.add_functions(one, call.at(name));
    x.push_back(one.form);
  }
  call.finish(known);
  made.form = f(x);
  return made;
}

/// The end of a text as a text of its own kind.
py::object tail_of(py::handle given, std::string_view tail) {
  if (PyBytes_Check(given.ptr()) != 0) return py::bytes(tail.data(), tail.size());
  PyObject* const text = PyUnicode_DecodeUTF8(tail.data(), static_cast<Py_ssize_t>(tail.size()), "surrogatepass");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(text);
}

py::object judged_text(py::args const& args, py::kwargs const& kwargs) {
  static key const k_judge{"judge"};
  static key const k_response{"response"};
  static key const k_end{"end_of_reasoning"};
  call_arguments call("recipe::r1_judged_text", args, kwargs);
  auto judge = recipe::r1_judge::helpful;
  set_option(judge, call.required(k_judge), call.at(k_judge));
  py::handle const given = call.required(k_response);
  py::handle const end = call.optional(k_end);
  text_view const tag = end ? text_of(end, call.at(k_end)) : text_view{"</think>", {}};
  call.finish(k_judge, k_response, k_end);
  auto const judged = [&](py::handle one) {
    text_view const response = text_of(one, call.at(k_response));
    return tail_of(one, recipe::r1_judged_text(judge, response.text, tag.text));
  };
  if (is_text(given)) return judged(given);
  py::list all;
  for (py::object const& one : entries_of(given, call.at(k_response), "a text or a list of texts"))
    all.append(judged(one));
  return std::move(all);
}

}  // namespace

void bind_recipe(py::module_& m) {
  m.def(
      "r1_rule",
      [](py::args const& args, py::kwargs const& kwargs) {
        return of_operands("recipe::r1_rule", {"accuracy", "format"}, args, kwargs,
                           [](std::vector<form> const& x) { return recipe::r1_rule(x[0], x[1]); });
      },
      "r1_rule(accuracy, format)\n--\n\n"
      "DeepSeek-R1's rule-based reward, arXiv:2501.12948 v2 eq. 8: accuracy and format with equal weight.");
  m.def(
      "r1_general",
      [](py::args const& args, py::kwargs const& kwargs) {
        return of_operands("recipe::r1_general", {"model", "format"}, args, kwargs,
                           [](std::vector<form> const& x) { return recipe::r1_general(x[0], x[1]); });
      },
      "r1_general(model, format)\n--\n\n"
      "DeepSeek-R1's reward of general rows, arXiv:2501.12948 v2 eq. 10: reward model and format.");
  m.def(
      "r1_model",
      [](py::args const& args, py::kwargs const& kwargs) {
        return of_operands("recipe::r1_model", {"is_harmless", "helpful", "harmless"}, args, kwargs,
                           [](std::vector<form> const& x) { return recipe::r1_model(x[0], x[1], x[2]); });
      },
      "r1_model(is_harmless, helpful, harmless)\n--\n\n"
      "The reward model's column of general rows: harmlessness where a row asks for it, else helpfulness.");
  m.def(
      "r1_final",
      [](py::args const& args, py::kwargs const& kwargs) {
        return of_operands("recipe::r1_final", {"is_reasoning", "accuracy", "format", "model", "language"}, args,
                           kwargs,
                           [](std::vector<form> const& x) { return recipe::r1_final(x[0], x[1], x[2], x[3], x[4]); });
      },
      "r1_final(is_reasoning, accuracy, format, model, language)\n--\n\n"
      "DeepSeek-R1's last stage, arXiv:2501.12948 v2 eqs. 8 to 10: the rule's reward for rows with a verifiable "
      "answer, the\n"
      "reward model's for all others, and language consistency for both, 0 where it abstains.");
  m.def("r1_judged_text", &judged_text,
        "r1_judged_text(judge, response, end_of_reasoning=\"</think>\")\n--\n\n"
        "What a reward model is shown, of one response or of a list: \"helpful\" the answer alone, which is what "
        "follows\n"
        "the reasoning's end (nothing where it never ends), \"harmless\" the whole response.");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Named rewards: of one gold and response, or of many.
#include <aha/reward/code.hpp>
#include <aha/reward/task/registry.hpp>

#include "bind.hpp"
#include "math_options.hpp"
#include "outcomes.hpp"
#include "text_call.hpp"

AHA_NAMESPACE_BEGIN
template <>
struct enum_names<reward::task::simplerl_rule> {
  static constexpr std::string_view values[] = {"mix", "independent"};
};
AHA_NAMESPACE_END

namespace aha_python {
namespace {

namespace task = aha::reward::task;
using aha::reward::outcome;
using aha::reward::math::verify_options;

/// A call `name(gold, response, ..., *, threads=0)`: two texts give an outcome, a list of responses gives outcomes, with one
/// gold for all or one a row.
class pair_call {
 public:
  pair_call(char const* function, char const* gold, py::args const& args, py::kwargs const& kwargs)
      : call_(function, args, kwargs),
        k_gold_(key_named(gold)),
        k_response_(key_named("response")),
        gold_(call_.required(k_gold_)),
        response_(call_.required(k_response_)) {
    known_ = {k_gold_, k_response_, key_named("threads")};
  }
  py::handle option(char const* name) {
    known_.push_back(key_named(name));
    return call_.optional(known_.back());
  }
  argument at(char const* name) const { return call_.at(key_named(name)); }
  void finish() { call_.finish(known_); }
  verify_options finish_with_verifier() { return math_options(call_, known_); }

  /// f(gold, response) -> outcome.
  template <class F>
  py::object each(F const& f) {
    int const threads = threads_of(call_.given(key_named("threads")), at("threads"));
    argument const at_gold = call_.at(k_gold_);
    if (is_text(response_)) {
      text_view const gold = text_of(gold_, at_gold);
      text_view const response = text_of(response_, call_.at(k_response_));
      outcome found;
      {
        py::gil_scoped_release const released;
        found = f(gold.text, response.text);
      }
      return py::cast(found);
    }
    text_list const responses(response_, call_.at(k_response_));
    bool const shared = is_text(gold_);
    text_view const one = shared ? text_of(gold_, at_gold) : text_view{};
    text_list const golds(shared ? py::object(py::tuple()) : py::reinterpret_borrow<py::object>(gold_), at_gold);
    if (!shared && golds.size() != responses.size()) {
      wrong_value(at_gold, aha::text("one, or ", responses.size(), " (one a row)"), aha::text(golds.size()));
    }
    outcome_columns found(responses.size());
    for_each_row(responses.size(), threads,
                 [&](std::size_t i) { found.set(i, f(shared ? one.text : golds[i], responses[i])); });
    return py::cast(std::move(found));
  }

 private:
  call_arguments call_;
  key const& k_gold_;
  key const& k_response_;
  py::handle gold_;
  py::handle response_;
  std::vector<key> known_;
};

/// A named reward that takes the verifier's keywords.
template <class F>
void def_verified(py::module_& m, char const* name, char const* head, char const* says, F f) {
  static std::deque<std::string> texts;  // signatures live as long as the module
  texts.push_back("reward.task." + std::string(name));
  char const* const function = texts.back().c_str();
  texts.push_back(math_signature(head, ", threads=0") + says);
  def_call(m, name, texts.back().c_str(), [f, function](py::args const& args, py::kwargs const& kwargs) {
    pair_call c(function, "gold", args, kwargs);
    return f(c);
  });
}
template <class F>
auto verified(F f) {
  return [f](pair_call& c) {
    verify_options const options = c.finish_with_verifier();
    return c.each([&](std::string_view gold, std::string_view response) { return f(gold, response, options); });
  };
}

void bind_verified(py::module_& m) {
  def_verified(m, "gsm8k", "gsm8k(gold, response",
               "1 where the final answer is the gold's number; the gold is a number or a solution that ends in ####.",
               verified([](auto g, auto r, verify_options const& o) { return task::gsm8k(g, r, o); }));
  def_verified(
      m, "competition", "competition(gold, response",
      "1 where the final answer equals the gold as mathematics; the gold is an answer or a solution with its box.",
      verified([](auto g, auto r, verify_options const& o) { return task::competition(g, r, o); }));
  def_verified(m, "aime", "aime(gold, response",
               "1 where the final answer is the gold, a whole number from 0 to 999, written as digits.",
               verified([](auto g, auto r, verify_options const& o) { return task::aime(g, r, o); }));
  def_verified(m, "multiplication", "multiplication(gold, response",
               "1 where the final answer is the product, written as digits: repeating the question is wrong.",
               verified([](auto g, auto r, verify_options const& o) { return task::multiplication(g, r, o); }));
  def_verified(m, "simplerl", "simplerl(gold, response, rule=\"mix\"",
               "\"mix\": 1 right, -0.5 wrong, -1 without a box; \"independent\": 1 or 0.5 right with or without a box, "
               "-0.5 or -1 "
               "wrong.",
               [](pair_call& c) {
                 task::simplerl_rule rule = task::simplerl_rule::mix;
                 if (py::handle const h = c.option("rule")) set_option(rule, h, c.at("rule"));
                 verify_options const options = c.finish_with_verifier();
                 return c.each([&](auto g, auto r) { return task::simplerl(g, r, rule, options); });
               });
}

py::object multiple_choice(py::args const& args, py::kwargs const& kwargs) {
  pair_call c("reward.task.multiple_choice", "gold", args, kwargs);
  task::choice_rules rules;
  std::int64_t const count = integer_of(c.option("count"), c.at("count"), rules.count);
  if (count < 1 || count > 26) wrong_value(c.at("count"), "an integer from 1 to 26", aha::text(count));
  rules.count = static_cast<int>(count);
  if (py::handle const texts = c.option("texts")) {
    text_list const options(texts, c.at("texts"));
    if (options.size() > 26) wrong_value(c.at("texts"), "at most 26 options", aha::text(options.size()));
    for (std::size_t k = 0; k < options.size(); ++k) rules.texts.emplace_back(options[k]);
  }
  c.finish();
  return c.each([&](auto g, auto r) { return task::multiple_choice(g, r, rules); });
}

py::object countdown(py::args const& args, py::kwargs const& kwargs) {
  pair_call c("reward.task.countdown", "problem", args, kwargs);
  task::countdown_rules rules;
  rules.use_all = flag_of(c.option("use_all"), c.at("use_all"), rules.use_all);
  rules.format_score = number_of(c.option("format_score"), c.at("format_score"), rules.format_score);
  if (rules.format_score != rules.format_score) wrong_value(c.at("format_score"), "a number", "nan");
  c.finish();
  return c.each([&](auto g, auto r) { return task::countdown(g, r, rules); });
}

py::object by_name(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("reward.task.by_name", args, kwargs);
  text_view const name = text_of(call.required(key_named("name")), call.at(key_named("name")));
  task::named_reward const* const reward = task::reward_named(name.text);
  py::tuple const rest =
      args.empty() ? py::tuple(0) : py::tuple(args[py::slice(1, static_cast<py::ssize_t>(args.size()), 1)]);
  py::kwargs others;
  for (auto const& [k, v] : kwargs) {
    if (std::string(py::str(k)) != "name") others[k] = v;
  }
  pair_call c("reward.task.by_name", "gold", py::args(rest), others);
  c.finish();
  return c.each(reward->judge);
}

py::object code(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("reward.task.code", args, kwargs);
  std::vector<key> known{key_named("tests")};
  aha::reward::code_shaping shaping;
  aha::reward::code_state state = aha::reward::code_state::ran;
  std::vector<double> scores;
  py::handle const tests = call.required(known[0]);
  auto const option = [&](char const* name) {
    known.push_back(key_named(name));
    return call.given(known.back());
  };
  auto const number = [&](char const* name, double& to) { to = number_of(option(name), call.at(key_named(name)), to); };
  if (py::handle const h = option("score")) set_option(shaping.score, h, call.at(key_named("score")));
  if (py::handle const h = option("state")) set_option(state, h, call.at(key_named("state")));
  number("threshold", shaping.threshold);
  number("full_weight", shaping.full_weight);
  number("fraction_weight", shaping.fraction_weight);
  number("no_code", shaping.no_code);
  number("compile_error", shaping.compile_error);
  call.finish(known);
  for (py::object const& x : entries_of(tests, call.at(known[0]), "a list of scores from 0 to 1"))
    scores.push_back(number_of(x, call.at(known[0]), 0.0));
  return py::cast(aha::reward::code_reward(aha::span<double const>(scores), shaping, state));
}

}  // namespace

void bind_task(py::module_& m) {
  bind_verified(m);
  def_call(m, "multiple_choice",
           "multiple_choice(gold, response, count=4, texts=(), *, threads=0)\n--\n\n"
           "1 where the response chooses the gold's letter and no other; with `texts`, an answer by an option's text "
           "counts.",
           multiple_choice);
  def_call(m, "countdown",
           "countdown(problem, response, use_all=True, format_score=0.0, *, threads=0)\n--\n\n"
           "1 where the answer is an expression of the numbers with the target's exact value. A problem is a text: "
           "\"24: 4 6 8\", or\na dict of target and numbers as text.",
           countdown);
  def_call(m, "by_name",
           "by_name(name, gold, response, *, threads=0)\n--\n\n"
           "The reward of a name of `named`, or of a data set of `data_sources`, with its defaults.",
           by_name);
  def_call(
      m, "code",
      "code(tests, *, score=\"fraction\", threshold=0.0, full_weight=1.0, fraction_weight=0.1, no_code=0.0, "
      "compile_error=0.0, state=\"ran\")\n--\n\n"
      "The reward of an answer's code from the scores of its tests, which the host has run: \"binary\", \"fraction\", "
      "\"weighted\", \"minimum\".",
      code);
  py::dict named;
  for (task::named_reward const& r : task::named_rewards) named[py::str(std::string(r.name))] = std::string(r.says);
  m.attr("named") = named;
  py::dict sources;
  for (task::data_source_row const& row : task::data_sources)
    sources[py::str(std::string(row.source))] = std::string(row.reward);
  m.attr("data_sources") = sources;
}

}  // namespace aha_python

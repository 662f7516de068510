// SPDX-License-Identifier: MIT
//
// aha_math_cli verify|parse|extract|time|throughput [--threads N]
//
// The math verifier behind JSON lines: a request a line on stdin, an answer a line on stdout, in order. A request is
//   {"gold": .., "response": ..}   extracted from the response; {"gold": .., "answer": ..}: both are answers already
//   {"answer": ..}                 for parse;  {"response": ..} for extract
// and may carry "options" (the members of the options by name; an unknown one is an error) and, for text that is no UTF-8, "response_hex". `time` adds the median of five calls, `throughput` prints one line of
// sums. --threads 0: all cores.
#include <aha/reward/math/math.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using json = nlohmann::json;
namespace math = aha::reward::math;
using clock_type = std::chrono::steady_clock;

std::string text_of(json const& request, std::string const& name) {
  auto const hex = request.find(name + "_hex");
  if (hex == request.end()) return request.at(name).get<std::string>();
  std::string const digits = hex->get<std::string>();
  std::string text;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    text.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return text;
}
bool has(json const& request, std::string const& name) {
  return request.contains(name) || request.contains(name + "_hex");
}

template <class E>
E choice(json const& value, std::vector<std::pair<char const*, E>> const& names) {
  for (auto const& [name, e] : names)
    if (value == name) return e;
  throw std::invalid_argument("no such choice: " + value.dump());
}

/// Sets the members that `options` names; a name that there is not is an error, never ignored.
void apply(json const& options, math::verify_options& to) {
  auto& x = to.extract;
  for (auto const& [name, value] : options.items()) {
    if (name == "hope_priority")
      value.get_to(x.hope_priority);
    else if (name == "boxed_priority")
      value.get_to(x.boxed_priority);
    else if (name == "hash_priority")
      value.get_to(x.hash_priority);
    else if (name == "final_answer_priority")
      value.get_to(x.final_answer_priority);
    else if (name == "answer_priority")
      value.get_to(x.answer_priority);
    else if (name == "whole_priority")
      value.get_to(x.whole_priority);
    else if (name == "formula_priority")
      value.get_to(x.formula_priority);
    else if (name == "number_priority")
      value.get_to(x.number_priority);
    else if (name == "several")
      x.several = choice<math::several>(value, {{"last", math::several::last},
                                                {"first", math::several::first},
                                                {"all_agree", math::several::all_agree},
                                                {"any", math::several::any}});
    else if (name == "latex")
      value.get_to(x.latex);
    else if (name == "expression")
      value.get_to(x.expression);
    else if (name == "answer_tag")
      value.get_to(x.answer_tag);
    else if (name == "after_think")
      value.get_to(x.after_think);
    else if (name == "choices")
      value.get_to(x.choices);
    else if (name == "lowercase")
      value.get_to(x.lowercase);
    else if (name == "malformed_operators")
      value.get_to(to.parse.malformed_operators);
    else if (name == "decimal_comma")
      value.get_to(to.parse.decimal_comma);
    else if (name == "max_depth")
      value.get_to(to.parse.max_depth);
    else if (name == "budget")
      to.parse.limit = math::step_limit{value.get<std::uint64_t>(), 0};
    else if (name == "float_rounding")
      value.get_to(to.float_rounding);
    else if (name == "numeric_precision")
      value.get_to(to.numeric_precision);
    else if (name == "rounding")
      to.rounding = choice<math::rounding_rule>(
          value, {{"scaled", math::rounding_rule::scaled}, {"decimals", math::rounding_rule::decimals}});
    else if (name == "absolute")
      value.get_to(to.absolute);
    else if (name == "relative")
      value.get_to(to.relative);
    else if (name == "percent")
      to.percent = choice<math::percent_policy>(
          value, {{"either", math::percent_policy::either}, {"value", math::percent_policy::value}});
    else if (name == "strict")
      value.get_to(to.strict);
    else if (name == "allow_set_relation")
      value.get_to(to.allow_set_relation);
    else if (name == "units_matter")
      value.get_to(to.units_matter);
    else if (name == "explain")
      value.get_to(to.explain);
    else
      throw std::invalid_argument("no option is called " + name);
  }
}

/// What a request asks for, read once, so that timing is about the verifier alone.
struct query {
  std::string gold, text;
  bool is_response = false;
  math::verify_options options;
};

query read(json const& request) {
  query q;
  q.is_response = has(request, "response");
  if (has(request, "gold")) q.gold = text_of(request, "gold");
  q.text = text_of(request, q.is_response ? "response" : "answer");
  if (request.contains("options")) apply(request["options"], q.options);
  return q;
}

math::verdict judge(query const& q) {
  return q.is_response ? math::verify(q.gold, q.text, q.options) : math::verify_answer(q.gold, q.text, q.options);
}

template <class F>
void for_each(std::vector<query> const& queries, int threads, F const& f) {
  std::atomic<std::size_t> next{0};
  auto const drain = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < queries.size();) f(queries[i], i);
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(drain);
  drain();
  for (auto& thread : others) thread.join();
}

json to_json(math::verdict const& v) {
  json out{{"equal", v.equal}, {"status", to_string(v.status)}, {"reason", to_string(v.reason)}, {"steps", v.steps}};
  if (!v.explanation.empty()) out["explanation"] = v.explanation;
  return out;
}

json timed(query const& q) {
  std::vector<std::int64_t> samples;
  math::verdict last;
  for (int i = 0; i < 5; ++i) {
    auto const began = clock_type::now();
    last = judge(q);
    samples.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(clock_type::now() - began).count());
  }
  std::nth_element(samples.begin(), samples.begin() + 2, samples.end());
  json out = to_json(last);
  out["nanoseconds"] = samples[2];
  return out;
}

json parsed(query const& q) {
  math::parsed const p = math::parse(q.text, q.options.parse);
  return {{"kind", std::string(to_string(p.kind()))}, {"normal", to_string(p)}, {"steps", p.steps}};
}

json extracted(query const& q) {
  math::extraction const e = math::extract(q.text, q.options.extract);
  json candidates = json::array();
  for (auto const& c : e.candidates)
    candidates.push_back({{"text", q.text.substr(c.where.begin, c.where.end - c.where.begin)},
                          {"begin", c.where.begin},
                          {"parts", c.count},
                          {"kind", to_string(c.kind)},
                          {"priority", c.priority}});
  return {{"candidates", candidates}};
}

json answer(std::string const& command, query const& q) {
  if (command == "verify") return to_json(judge(q));
  if (command == "time") return timed(q);
  if (command == "parse") return parsed(q);
  if (command == "extract") return extracted(q);
  throw std::invalid_argument("expected verify, parse, extract, time or throughput, got " + command);
}

/// Verdicts of all queries again and again for half a second at least: the sums, and rows and bytes a second.
json throughput(std::vector<query> const& queries, int threads) {
  std::vector<char> equal(queries.size());
  std::size_t bytes = 0;
  for (auto const& q : queries) bytes += q.gold.size() + q.text.size();
  std::int64_t rounds = 0;
  auto const began = clock_type::now();
  double seconds = 0;
  while (seconds < 0.5) {
    for_each(queries, threads, [&](query const& q, std::size_t i) { equal[i] = judge(q).equal; });
    ++rounds;
    seconds = std::chrono::duration<double>(clock_type::now() - began).count();
  }
  double const rows = static_cast<double>(queries.size()) * static_cast<double>(rounds);
  return {{"rows", queries.size()},
          {"rounds", rounds},
          {"threads", threads},
          {"seconds", seconds},
          {"rows_per_second", rows / seconds},
          {"bytes_per_second", static_cast<double>(bytes) * static_cast<double>(rounds) / seconds},
          {"equal", std::count(equal.begin(), equal.end(), 1)}};
}

int run(std::vector<std::string> const& arguments) {
  if (arguments.empty()) throw std::invalid_argument("expected a command");
  int threads = 1;
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    if (arguments[i] != "--threads") throw std::invalid_argument("expected --threads, got " + arguments[i]);
    threads = std::stoi(arguments[i + 1]);
  }
  if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<query> queries;
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty()) queries.push_back(read(json::parse(line)));
  std::string const& command = arguments[0];
  if (command == "throughput") {
    std::cout << throughput(queries, threads) << '\n';
    return 0;
  }
  std::vector<std::string> lines(queries.size());
  for_each(queries, threads, [&](query const& q, std::size_t i) {
    // A span may end within a character: what is no UTF-8 is replaced in the report, not in the verdict.
    lines[i] = answer(command, q).dump(-1, ' ', false, json::error_handler_t::replace);
  });
  for (auto const& line : lines) std::cout << line << '\n';
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run({arguments + 1, arguments + count});
  } catch (std::exception const& e) {
    std::cerr << "aha_math_cli: " << e.what() << '\n';
    return 2;
  }
}

// SPDX-License-Identifier: MIT
//
// aha_math_cli verify|parse|extract|time|throughput [--threads N]
//
// The math verifier behind JSON lines: a request a line on stdin, an answer a line on stdout, in order. A request is
//   {"gold": .., "response": ..}   extracted from the response; {"gold": .., "answer": ..}: both are answers already
//   {"answer": ..}                 for parse;  {"response": ..} for extract
// and may carry "options" (the members of the options by name; an unknown one is an error), "extract_gold" (the gold is a text
// too) and, for text that is no UTF-8, "response_hex". `time` adds the median of five calls, `throughput` prints one line of
// sums. --threads 0: all cores.
#include <aha/core/parallel.hpp>
#include <aha/reward/math/math.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
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
bool has(json const& request, std::string const& name) { return request.contains(name) || request.contains(name + "_hex"); }

/// What a request asks for, read once, so that timing is about the verifier alone.
struct query {
  std::string gold, text;
  bool is_response = false;
  bool extract_gold = false;
  math::verify_options options;
};

query read(json const& request) {
  query q;
  q.is_response = has(request, "response");
  if (has(request, "gold")) q.gold = text_of(request, "gold");
  q.text = text_of(request, q.is_response ? "response" : "answer");
  q.extract_gold = request.value("extract_gold", false);
  if (request.contains("options")) apply(request["options"], q.options);
  return q;
}

math::verdict judge(query const& q) {
  return q.is_response ? math::verify(q.gold, q.text, q.options) : math::verify_answer(q.gold, q.text, q.options);
}

json to_json(math::verdict const& v) {
  json out{{"equal", v.equal}, {"status", to_string(v.status)}, {"reason", to_string(v.reason)}, {"steps", v.steps}};
  if (!v.explanation.empty()) out["explanation"] = v.explanation;
  return out;
}

json answer(std::string const& command, query const& q) {
  if (command == "verify") return to_json(judge(q));
  if (command == "time") {
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
  throw std::invalid_argument("no command " + command);
}

}  // namespace

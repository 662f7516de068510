// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/options.hpp>
#include <aha/core/span.hpp>
#include <aha/reward/outcome.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What passed tests are worth. The host runs them; nothing is executed here.
enum class code_score : std::uint8_t {
  binary,    ///< 1 where the fraction of passed tests is at least `threshold`, else 0
  fraction,  ///< passed / tests; 0 below `threshold`
  weighted,  ///< `full_weight` where all pass, plus `fraction_weight` * passed / tests
  minimum,   ///< the worst score of a test (IOI: a subtask is worth its worst test)
};

/// Shaping of pass rates. Values beside the tests' are chosen, since peers' differ for the same event: no code is -1 in
/// open-r1's Codeforces reward and 0 elsewhere, a compile error -0.1.
struct code_shaping {
  enum code_score score = code_score::fraction;
  double threshold = 0.0;  ///< in [0, 1]
  double full_weight = 1.0;
  double fraction_weight = 0.1;
  double no_code = 0.0;
  double compile_error = 0.0;

  /// 1 where every test passes. open-r1 asks for more than 0.99 of them.
  static constexpr code_shaping all_or_nothing() { return with(code_score::binary, 1.0); }
  /// 1 from a fraction on.
  static constexpr code_shaping binary(double threshold) { return with(code_score::binary, threshold); }
  /// The fraction, 0 below a threshold (open-instruct).
  static constexpr code_shaping fraction(double threshold = 0.0) { return with(code_score::fraction, threshold); }
  /// open-r1's Codeforces `weighted_sum`: 1 where all pass, plus 0.1 times the fraction; no code -1, compile error -0.1.
  static constexpr code_shaping codeforces_weighted() {
    code_shaping s = with(code_score::weighted, 0.0);
    s.no_code = -1.0;
    s.compile_error = -0.1;
    return s;
  }
  /// The worst test.
  static constexpr code_shaping worst() { return with(code_score::minimum, 0.0); }

  template <class F>
  static constexpr void params(F&& f) {
    f("score", &code_shaping::score, named, "what passed tests are worth");
    f("threshold", &code_shaping::threshold, from_zero_to_one, "fraction of passed tests that counts");
    f("full_weight", &code_shaping::full_weight, any_number, "weighted: worth of passing all");
    f("fraction_weight", &code_shaping::fraction_weight, any_number, "weighted: worth of the fraction");
    f("no_code", &code_shaping::no_code, any_number, "value of an answer without code");
    f("compile_error", &code_shaping::compile_error, any_number, "value of code that does not compile");
  }
  static constexpr range from_zero_to_one{"a number from 0 to 1", [](double x) { return x >= 0 && x <= 1; }};

 private:
  static constexpr code_shaping with(enum code_score s, double t) {
    code_shaping made;
    made.score = s;
    made.threshold = t;
    return made;
  }
};

/// What became of an answer's code before its tests.
enum class code_state : std::uint8_t {
  ran,            ///< the tests have results
  no_code,        ///< nothing to run
  compile_error,  ///< it does not compile
  host_error,     ///< the host could not run it: nobody's fault, no value
};

}  // namespace reward
template <>
struct enum_names<reward::code_score> {
  static constexpr std::string_view values[] = {"binary", "fraction", "weighted", "minimum"};
};
template <>
struct enum_names<reward::code_state> {
  static constexpr std::string_view values[] = {"ran", "no_code", "compile_error", "host_error"};
};
namespace reward {

/// The reward of one answer's code from the scores of its tests: 1 passed, 0 failed, between them partial credit. A test
/// passes with 1; a timeout or a crash is a failed test.
///   no code: `no_answer` with the value `no_code`;   compile error: scored with `compile_error`
///   the host failed: `error`, no value;              no tests: `gold_invalid`, no value
/// Throws where a score is outside [0, 1] or NaN, or the shaping is not legal.
inline outcome code_reward(span<double const> tests, code_shaping const& shaping = {},
                           enum code_state state = code_state::ran, aha::status* why = nullptr) {
  char const* const me = "reward::code_reward";
  aha::status bad = check_members(me, shaping);
  if (bad.ok() && !aha::is_legal(state, named)) {
    bad = bad_argument(me, "state", legal_member_text(state, named), aha::member_text(state));
  }
  std::int64_t passed = 0;
  double worst = 1.0;
  for (std::int64_t i = 0; i < tests.size() && bad.ok(); ++i) {
    double const x = tests[i];
    if (!code_shaping::from_zero_to_one.contains(x)) {
      bad = bad_argument(me, "tests", "scores from 0 to 1", text(x, " at entry ", i));
    }
    passed += x == 1.0 ? 1 : 0;
    worst = x < worst ? x : worst;
  }
  aha::report(bad, why);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (!bad.ok()) return {none, status::error, reason::host_error};
  if (state == code_state::no_code) return {shaping.no_code, status::no_answer, reason::no_code};
  if (state == code_state::compile_error) return {shaping.compile_error, status::scored, reason::compile_error};
  if (state == code_state::host_error) return {none, status::error, reason::host_error};
  std::int64_t const n = tests.size();
  if (n == 0) return {none, status::gold_invalid, reason::no_tests};
  double const rate = static_cast<double>(passed) / static_cast<double>(n);
  bool const enough = rate >= shaping.threshold;
  enum reason const failed = passed == n ? reason::none : reason::tests_failed;
  switch (shaping.score) {
    case code_score::binary: return {enough ? 1.0 : 0.0, status::scored, enough ? failed : reason::below_threshold};
    case code_score::fraction: return {enough ? rate : 0.0, status::scored, enough ? failed : reason::below_threshold};
    case code_score::weighted:
      return {(passed == n ? shaping.full_weight : 0.0) + shaping.fraction_weight * rate, status::scored, failed};
    default: return {worst, status::scored, failed};
  }
}

}  // namespace reward
AHA_NAMESPACE_END

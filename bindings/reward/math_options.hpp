// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/options.hpp>
#include <limits>

#include "../options.hpp"
#include "texts.hpp"

AHA_NAMESPACE_BEGIN
template <>
struct enum_names<reward::math::several> {
  static constexpr std::string_view values[] = {"last", "first", "all_agree", "any"};
};
template <>
struct enum_names<reward::math::percent_policy> {
  static constexpr std::string_view values[] = {"either", "value"};
};
template <>
struct enum_names<reward::math::rounding_rule> {
  static constexpr std::string_view values[] = {"scaled", "decimals"};
};
AHA_NAMESPACE_END

namespace aha_python {

/// Every keyword of the verifier: f(name, member of verify_options, lowest, highest). Names, defaults in signatures,
/// reading and refusing follow from this list. `max_depth` is bounded by the stack of a thread.
template <class Options, class F>
void for_each_math_option(Options& o, F&& f) {
  constexpr double far = 1e6;
  f("hope_priority", o.extract.hope_priority, -far, far);
  f("boxed_priority", o.extract.boxed_priority, -far, far);
  f("hash_priority", o.extract.hash_priority, -far, far);
  f("final_answer_priority", o.extract.final_answer_priority, -far, far);
  f("answer_priority", o.extract.answer_priority, -far, far);
  f("whole_priority", o.extract.whole_priority, -far, far);
  f("formula_priority", o.extract.formula_priority, -far, far);
  f("number_priority", o.extract.number_priority, -far, far);
  f("several", o.extract.several, 0.0, 0.0);
  f("latex", o.extract.latex, 0.0, 0.0);
  f("expression", o.extract.expression, 0.0, 0.0);
  f("answer_tag", o.extract.answer_tag, 0.0, 0.0);
  f("after_think", o.extract.after_think, 0.0, 0.0);
  f("choices", o.extract.choices, 0.0, 0.0);
  f("lowercase", o.extract.lowercase, 0.0, 0.0);
  f("malformed_operators", o.parse.malformed_operators, 0.0, 0.0);
  f("decimal_comma", o.parse.decimal_comma, 0.0, 0.0);
  f("max_depth", o.parse.max_depth, 1.0, 400.0);
  f("base_steps", o.parse.limit.base, 0.0, 1e12);
  f("steps_per_byte", o.parse.limit.per_byte, 0.0, 1e6);
  f("float_rounding", o.float_rounding, -1.0, 100.0);
  f("numeric_precision", o.numeric_precision, 1.0, 50.0);
  f("rounding", o.rounding, 0.0, 0.0);
  f("absolute", o.absolute, 0.0, std::numeric_limits<double>::max());
  f("relative", o.relative, 0.0, std::numeric_limits<double>::max());
  f("percent", o.percent, 0.0, 0.0);
  f("strict", o.strict, 0.0, 0.0);
  f("allow_set_relation", o.allow_set_relation, 0.0, 0.0);
  f("units_matter", o.units_matter, 0.0, 0.0);
  f("explain", o.explain, 0.0, 0.0);
  f("seed", o.seed, 0.0, 0x1p63);
}

/// Reads the verifier's keywords of a call; `also` are the call's other names.
aha::reward::math::verify_options math_options(call_arguments& call, std::vector<key> const& also);

/// `, *, hope_priority=0, ...`: the keywords as a signature has them, then `further`.
std::string math_signature(std::string const& head, std::string const& further = "");

}  // namespace aha_python

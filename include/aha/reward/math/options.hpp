// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/budget.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// Which candidate counts when a response holds several of the same priority. Boxes that a response joins by a comma,
/// "and" or "or" are one candidate with several parts (a list), never several guesses.
enum class several : std::uint8_t {
  last,       ///< the last one: one response, one answer
  first,      ///< the first one
  all_agree,  ///< all must be equal to the gold: a response that contradicts itself is wrong
  any,        ///< one of them suffices: guesses win; for offline analysis only, never as a reward
};

/// How `28\%` compares with a bare number.
enum class percent_policy : std::uint8_t {
  either,  ///< 28% equals 28 and 0.28 (as Math-Verify does)
  value,   ///< 28% is 0.28 and nothing else
};

/// How `float_rounding` is read.
enum class rounding_rule : std::uint8_t {
  scaled,    ///< decimals of the gold scaled to [0.1, 1) when it is smaller than 1: 1e-8 and 2e-8 differ
  decimals,  ///< decimals of the number itself, as Math-Verify rounds: 1e-8 and 2e-8 are equal at 6
};

/// What an answer must look like beside being equal. Without it a response that repeats the question (`347+589`) is right.
enum class answer_form : std::uint8_t {
  any,
  literal,  ///< nothing is left to compute: `12`, `-3.5`, `2/3`, `1 1/2`, `40\%`, `5 cm`, or a list, tuple, set of such
  integer,  ///< digits with an optional sign; leading zeros and separators of thousands are legal
};

/// Where an answer is looked for. Lower priority is tried first, equal ones together (the policy `several` picks by
/// position), a negative one is off. The defaults are Math-Verify's with `boxed_match_priority = 0`.
struct extract_options {
  int hope_priority = 0;           ///< "final answer is ... I hope it is correct"
  int boxed_priority = 0;          ///< `\boxed{...}`, `\fbox{...}`
  int hash_priority = 20;          ///< `#### 18`, a line that starts with `A:`
  int final_answer_priority = 50;  ///< "the final answer is ...", Chinese equivalents
  int answer_priority = 100;       ///< "the answer is ...", "answer: ..."
  int whole_priority = 250;        ///< the whole text, where it reads as one answer
  int formula_priority = 300;      ///< the last formula: `$...$`, `\(...\)`, `\[...\]`
  int number_priority = 310;       ///< the last number outside of formulas
  enum several several = several::last;
  bool latex = true;                 ///< formulas count
  bool expression = true;            ///< plain text counts
  bool answer_tag = true;            ///< where there is an `<answer>` element, nothing outside of the last one counts
  bool after_think = true;           ///< nothing up to the last `</think>` counts
  std::vector<std::string> choices;  ///< not empty: only these words are answers (multiple choice)
  bool lowercase = true;             ///< choices compare without case
};

/// How the text of an answer is read.
struct parse_options {
  bool malformed_operators = true;  ///< `\frac12`, `\sqrt3` are read as people mean them
  bool decimal_comma = true;        ///< "2,74" in plain text is a decimal, where it is no thousands separator
  int max_depth = 120;              ///< nesting beyond it answers `budget`
  step_limit limit;
};

/// What equal means, and what a verdict may cost.
struct verify_options {
  extract_options extract;
  parse_options parse;
  int float_rounding = 6;      ///< decimals in which a decimal and another number must agree; negative: exact only
  int numeric_precision = 15;  ///< significant digits beyond which irrational constants are not told from decimals
  enum rounding_rule rounding = rounding_rule::scaled;
  double absolute = 0;  ///< constants within this distance are equal
  double relative = 0;  ///< constants within this fraction of the gold are equal
  enum percent_policy percent = percent_policy::either;
  bool strict = true;                        ///< false: a tuple, a set, an interval of the same entries are equal
  bool allow_set_relation = false;           ///< `1 < x < 3` equals `(1, 3)` also without a variable
  enum answer_form form = answer_form::any;  ///< an equal answer of another form is wrong: `unfinished_answer`
  bool units_matter = false;                 ///< true: a missing unit is a difference
  bool explain = false;                      ///< write `verdict::explanation`
  std::uint64_t seed = 0x243F6A8885A308D3U;  ///< of the random points; keep it from the model where that matters
};

/// As trl and open-r1 configure Math-Verify: a box, or a formula behind "the answer is", nothing else; several boxes must agree.
inline verify_options trl_options() {
  verify_options o;
  o.extract.hash_priority = o.extract.whole_priority = o.extract.formula_priority = o.extract.number_priority = -1;
  o.extract.expression = o.extract.answer_tag = o.extract.after_think = false;
  o.extract.several = several::all_agree;
  return o;
}

}  // namespace reward::math
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/verify.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::task {

/// GSM8K (arXiv:2110.14168): 1 where the response's final answer is the gold's number. The gold is the number, or the data
/// set's whole solution with `#### 1,234` at its end; one that is no number is `gold_invalid`. Deviation from peers, which take
/// the text behind `####` or the last number as a string: numbers compare exactly, with separators, signs, units and
/// currencies; a box or a phrase goes before the last number.
inline outcome gsm8k(std::string_view gold, std::string_view response, math::verify_options const& options = {}) {
  math::parsed_gold const wanted(gold, options);
  math::parsed const& answer = wanted.answer();
  if (answer.readable() && !math::detail::has_form({&answer.tree, answer.tree.root}, math::answer_form::literal))
    return {0.0, status::gold_invalid, reason::unreadable_gold};
  return math::verify(wanted, response, options).outcome();
}

/// MATH (arXiv:2103.03874) and other competition problems with an answer in LaTeX: `math::verify`. The gold is the answer, or
/// a worked solution with its box.
inline outcome competition(std::string_view gold, std::string_view response, math::verify_options const& options = {}) {
  return math::verify(gold, response, options).outcome();
}

/// AIME: answers are whole numbers from 0 to 999, leading zeros allowed. A gold that is none is `gold_invalid`; an answer that is
/// equal but still to be computed (`6^2`, `204.0`) is wrong: `unfinished_answer`.
inline outcome aime(std::string_view gold, std::string_view response, math::verify_options options = {}) {
  math::parsed_gold const wanted(gold, options);
  math::parsed const& answer = wanted.answer();
  std::int64_t n = -1;
  bool const number = answer.readable() && answer.kind() == math::kind::number &&
                      answer.tree.number_of(answer.tree.at(answer.tree.root)).to_int64(n);
  if (answer.status == status::budget) return {0.0, status::budget, reason::out_of_steps};
  if (!number || n < 0 || n > 999) return {0.0, status::gold_invalid, reason::unreadable_gold};
  options.form = math::answer_form::integer;
  return math::verify(wanted, response, options).outcome();
}

/// Multiplication of whole numbers (TinyZero's second task): 1 where the answer is the product, written as digits: `123 * 456`
/// repeats the question and is `unfinished_answer`. Products of hundreds of digits are exact. TinyZero's own rule, with its
/// credit for the format, is `compat::tinyzero::multiply`.
inline outcome multiplication(std::string_view product, std::string_view response, math::verify_options options = {}) {
  math::parsed_gold const wanted(product, options);
  math::parsed const& answer = wanted.answer();
  if (answer.status == status::budget) return {0.0, status::budget, reason::out_of_steps};
  if (!math::detail::has_form({&answer.tree, answer.tree.root}, math::answer_form::integer))
    return {0.0, status::gold_invalid, reason::unreadable_gold};
  options.form = math::answer_form::integer;
  return math::verify(wanted, response, options).outcome();
}

}  // namespace reward::task
AHA_NAMESPACE_END

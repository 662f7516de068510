// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/verify.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::task {

/// How simpleRL weighs an answer and its box.
enum class simplerl_rule : std::uint8_t {
  mix,          ///< 1 right, -0.5 wrong, -1 without a box, also where the answer is right
  independent,  ///< 1 right and in a box, 0.5 right without, -0.5 wrong in a box, -1 wrong without
};

/// simpleRL-reason's rule reward (arXiv:2503.18892), its `simplelr_math`, over our verdict. A gold that cannot be read and a
/// verdict that ran out of steps keep their status, with the value of a wrong answer.
inline outcome simplerl(std::string_view gold, std::string_view response, enum simplerl_rule rule = simplerl_rule::mix,
                        math::verify_options const& options = {}) {
  math::verdict const v = math::verify(gold, response, options);
  bool boxed = false;
  for (math::candidate const& c : math::extract(response, options.extract).candidates)
    boxed = boxed || c.kind == math::candidate_kind::boxed;
  bool const judged = v.status == status::scored || v.status == status::no_answer;
  enum status const s = judged ? status::scored : v.status;
  if (rule == simplerl_rule::mix && !boxed) return {-1.0, s, judged ? reason::no_box : v.reason};
  if (boxed) return {v.equal ? 1.0 : -0.5, s, v.reason};
  return {v.equal ? 0.5 : -1.0, s, v.equal ? reason::no_box : v.reason};
}

}  // namespace reward::task
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/compat/python_text.hpp>
#include <aha/reward/compat/verdict.hpp>
#include <aha/reward/length.hpp>
#include <aha/reward/text/repetition.hpp>
#include <initializer_list>

AHA_NAMESPACE_BEGIN
namespace reward::compat::trl {

// TRL's built-in rewards (trl/rewards), number for number.

/// think_format_reward: begins with <think>, holds no other <think> and some </think> behind. Empty reasoning, a second
/// </think> and any tail are right; a blank before the tag is wrong.
inline outcome think_format(std::string_view text) {
  constexpr std::string_view open = "<think>";
  bool const right = starts_with(text, open) && text.find(open, open.size()) == std::string_view::npos &&
                     text.find("</think>", open.size()) != std::string_view::npos;
  return right ? 1.0 : 0.0;
}

/// accuracy_reward: the verdict; None where the reference cannot be read.
inline outcome accuracy_reward(verdict const& v) { return accuracy(v); }

/// What stands behind the reasoning: behind the last occurrence of the first delimiter that occurs.
inline std::optional<std::string_view> after_reasoning(std::string_view text,
                                                       std::initializer_list<std::string_view> delimiters = {
                                                           "</think>"}) {
  for (std::string_view const d : delimiters) {
    if (contains(text, d)) return after_last(text, d);
  }
  return std::nullopt;
}
/// reasoning_accuracy_reward: 0 where the reasoning does not end, else the verdict of `verify(gold, answer)`.
template <class Verify>
outcome reasoning_accuracy_reward(std::string_view text, std::string_view gold, Verify&& verify,
                                  std::initializer_list<std::string_view> delimiters = {"</think>"}) {
  std::optional<std::string_view> const answer = after_reasoning(text, delimiters);
  if (!answer) return {0.0, status::scored, reason::unclosed_tag};
  return accuracy(verify(gold, *answer));
}

/// get_cosine_scaled_reward: the cosine schedule in tokens, clamped at the limit.
inline outcome cosine_scaled(tokens length, tokens limit, verdict const& v, cosine_bounds const& b = {}) {
  if (!v) return accuracy(v);
  return clamped_cosine(static_cast<double>(length.count), static_cast<double>(limit.count),
                        *v ? b.right_short : b.wrong_short, *v ? b.right_long : b.wrong_long);
}

/// get_repetition_penalty_reward, over ids of tokens; n >= 1, most <= 0.
template <class Id>
outcome repetition_penalty(span<Id const> ids, std::int64_t n = 3, double most = -1.0) {
  if (n < 1) report(bad_argument("compat::trl::repetition_penalty", "n", "a number >= 1", to_text(n)), nullptr);
  if (!(most <= 0))
    report(bad_argument("compat::trl::repetition_penalty", "most", "a number <= 0", to_text(most)), nullptr);
  return reward::repetition_penalty(ids, n, most);
}

/// get_soft_overlong_punishment: DAPO's eq. 13 in tokens.
constexpr outcome soft_overlong_punishment(tokens length, tokens limit, tokens cache) {
  return soft_overlong(length, limit, cache);
}

}  // namespace reward::compat::trl
AHA_NAMESPACE_END

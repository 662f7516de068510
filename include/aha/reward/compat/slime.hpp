// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/prm800k.hpp>
#include <aha/reward/compat/verl.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::slime {

// slime's math rewards (slime/rollout/rm_hub), number for number; its multiple choice is in slime_choice.hpp, its F1 is
// `f1_score` with `yes_no`.

/// extract_answer: the inside of the last \boxed{}; nullopt where there is none or it does not close.
inline std::optional<std::string_view> extract_answer(std::string_view text) {
  if (!contains(text, "\\boxed")) return std::nullopt;
  std::optional<std::string_view> const box = last_boxed_or_fboxed(text);
  return box ? unboxed(*box) : std::nullopt;
}

/// True where either grader says so: Hendrycks' normalisation or `prm800k::grade_by_algebra`.
template <class Equal>
bool grade(std::string_view given, std::string_view gold, Equal&& equal) {
  return mathd_normalize(gold) == mathd_normalize(given) || prm800k::grade_by_algebra(given, gold, equal);
}

/// grade_answer_verl: the last box against the gold, or against the gold's own box.
template <class Equal>
bool grade_answer_verl(std::string_view text, std::string_view gold, Equal&& equal) {
  if (gold.empty()) return false;
  std::optional<std::string_view> const wanted = contains(gold, "\\boxed") ? extract_answer(gold) : std::optional(gold);
  std::optional<std::string_view> const given = extract_answer(text);
  return given && wanted && grade(*given, *wanted, equal);
}

/// get_deepscaler_rule_based_reward: 1 where the box behind the last </think> (else behind "###Response") is right.
template <class Equal>
outcome deepscaler(std::string_view response, std::string_view gold, Equal&& equal) {
  std::string_view solution;
  if (contains(response, "</think>")) {
    solution = after_last(response, "</think>");
  } else if (contains(response, "###Response")) {
    solution = split(response, "###Response")[1];
  } else {
    return {0.0, status::scored, reason::unclosed_tag};
  }
  std::optional<std::string_view> const given = extract_answer(solution);
  if (!given) return {0.0, status::scored, reason::missing_input};
  if (gold.empty()) return {0.0, status::gold_invalid, reason::empty_text};
  bool const boxed = contains(gold, "\\boxed") || contains(gold, "\\fbox");
  std::optional<std::string_view> const wanted = boxed ? extract_answer(gold) : std::optional(gold);
  if (!wanted) return {0.0, status::gold_invalid, reason::missing_input};
  return grade(*given, *wanted, equal) ? 1.0 : 0.0;
}

/// math_dapo's is_correct_minerva: as verl's; chat marks go, and a gold that is a number becomes its whole part ("42.7" is
/// 42).
inline verl::dapo_score minerva_match(std::string_view text, std::string_view gold) {
  verl::dapo_score result;
  result.prediction = normalize_final_answer(minerva_answer(text), true);
  std::string wanted = normalize_final_answer(gold, true);
  std::optional<double> const number = to_float(wanted);
  if (number && std::isfinite(*number)) wanted = int_text(*number);
  result.correct = *result.prediction == wanted;
  result.score = result.correct ? 1.0 : -1.0;
  return result;
}
/// math_dapo's compute_score over the last 300 characters.
inline verl::dapo_score math_dapo(std::string_view text, std::string_view gold, bool strict_box_verify = false) {
  std::string_view const tail = unicode::last_characters(text, 300);
  return strict_box_verify ? verl::strict_box(tail, gold) : minerva_match(tail, gold);
}

}  // namespace reward::compat::slime
AHA_NAMESPACE_END

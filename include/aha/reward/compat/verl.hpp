// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/hendrycks.hpp>
#include <aha/reward/compat/minerva.hpp>
#include <aha/reward/outcome.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::verl {

// verl's reward functions (verl/utils/reward_score and the dapo manager), number for number.

/// The dapo manager's overlong reward: min(-(L - (M - C)) / C f, 0) in tokens, without a lower clamp. C = 0 raises there
/// (ZeroDivisionError), here the outcome is an error.
inline outcome overlong_reward(tokens length, tokens limit, tokens cache, double factor = 1.0) {
  if (cache.count == 0) return {std::numeric_limits<double>::quiet_NaN(), status::error, reason::not_a_number};
  double const exceeded = static_cast<double>(length.count - (limit.count - cache.count));
  double const reward = -exceeded / static_cast<double>(cache.count) * factor;
  return reward < 0.0 ? reward : 0.0;
}

/// How gsm8k finds the answer: behind "#### " (strict), or the last number (flexible).
enum class gsm8k_method : std::uint8_t { strict, flexible };
/// What distinguishes copies of gsm8k: where they look and which "####" counts.
struct gsm8k_options {
  std::int64_t last_characters = 300;  ///< 0: the whole text
  bool first = false;                  ///< the first "####" instead of the last
};

/// The answer as a text, commas out of a strict one; nullopt where there is none.
inline std::optional<std::string> gsm8k_answer(std::string_view text, gsm8k_method method = gsm8k_method::strict,
                                               gsm8k_options const& options = {}) {
  if (options.last_characters > 0) text = unicode::last_characters(text, options.last_characters);
  auto const number_at = [&](std::size_t at) {  // -?[0-9.,]+
    std::size_t const sign = at < text.size() && text[at] == '-' ? 1 : 0;
    std::size_t end = at + sign;
    while (end < text.size() &&
           (unicode::is_ascii_digit(static_cast<unsigned char>(text[end])) || text[end] == '.' || text[end] == ',')) {
      ++end;
    }
    return end > at + sign ? text.substr(at, end - at) : std::string_view();
  };
  if (method == gsm8k_method::strict) {
    constexpr std::string_view mark = "#### ";
    std::string_view found;
    for (std::size_t at = text.find(mark); at != std::string_view::npos;) {
      std::string_view const number = number_at(at + mark.size());
      if (!number.empty()) {
        found = number;
        if (options.first) break;
      }
      at = text.find(mark, number.empty() ? at + 1 : at + mark.size() + number.size());
    }
    return found.empty() ? std::nullopt : std::optional(replaced(found, ",", ""));
  }
  std::optional<std::string> first;
  std::optional<std::string> last;
  for (std::size_t at = 0; at < text.size();) {
    std::string_view const number = number_at(at);
    if (!number.empty()) {
      if (!first) first = std::string(number);
      if (number != ".") last = std::string(number);
    }
    at += number.empty() ? 1 : number.size();
  }
  return last ? last : first;  // of dots alone the first is left over
}
/// gsm8k: equality of strings, so "42.0" is not 42.
inline outcome gsm8k(std::string_view text, std::string_view gold, gsm8k_method method = gsm8k_method::strict,
                     double format_score = 0.0, double score = 1.0, gsm8k_options const& options = {}) {
  std::optional<std::string> const answer = gsm8k_answer(text, method, options);
  if (!answer) return {0.0, status::scored, reason::missing_input};
  return *answer == gold ? score : format_score;
}

/// What math_dapo answers: +1 or -1, and the answer that it found (nullopt: none, strict box only).
struct dapo_score {
  double score = -1.0;
  bool correct = false;
  std::optional<std::string> prediction;
};
/// is_correct_strict_box: the last \boxed{} in the last 100 characters, as a string.
inline dapo_score strict_box(std::string_view text, std::string_view gold) {
  dapo_score result;
  std::optional<std::string_view> const box = last_boxed(unicode::last_characters(text, 100));
  if (box) result.prediction = std::string(*unboxed(*box));
  result.correct = box && *result.prediction == gold;
  result.score = result.correct ? 1.0 : -1.0;
  return result;
}
/// is_correct_minerva: the last "Answer:" and the gold, both normalised. Trap: a text without one has the answer "[INVALID]",
/// and so has a gold "[INVALID]".
inline dapo_score minerva_match(std::string_view text, std::string_view gold) {
  dapo_score result;
  result.prediction = normalize_final_answer(minerva_answer(text));
  result.correct = *result.prediction == normalize_final_answer(gold);
  result.score = result.correct ? 1.0 : -1.0;
  return result;
}
/// math_dapo.compute_score over the last 300 characters.
inline dapo_score math_dapo(std::string_view text, std::string_view gold, bool strict_box_verify = false) {
  std::string_view const tail = unicode::last_characters(text, 300);
  return strict_box_verify ? strict_box(tail, gold) : minerva_match(tail, gold);
}

/// math_reward.compute_score: the last box by Hendrycks' normalisation.
inline outcome math_reward(std::string_view text, std::string_view gold) {
  std::optional<std::string> const box = last_boxed_hendrycks(text);
  if (!box) return {0.0, status::scored, reason::missing_input};
  std::optional<std::string_view> const answer = unboxed_hendrycks(*box);
  return answer && hendrycks_equal(*answer, gold) ? 1.0 : 0.0;
}

}  // namespace reward::compat::verl
AHA_NAMESPACE_END

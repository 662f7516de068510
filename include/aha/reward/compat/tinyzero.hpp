// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/compat/arithmetic.hpp>
#include <aha/reward/compat/verl.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::compat::tinyzero {

// TinyZero's reward functions (verl/utils/reward_score), number for number and without `eval`.

/// What stands behind the first "Assistant:", else behind the first chat mark of the assistant; nullopt without either.
inline std::optional<std::string_view> response_of(std::string_view text, bool chat_mark = true) {
  for (std::string_view const mark : {std::string_view("Assistant:"), std::string_view("<|im_start|>assistant")}) {
    std::size_t const at = text.find(mark);
    if (at != std::string_view::npos) return text.substr(at + mark.size());
    if (!chat_mark) break;
  }
  return std::nullopt;
}

/// The equation of the last <answer> of the last line.
inline std::optional<std::string_view> countdown_equation(std::string_view text) {
  std::optional<std::string_view> const response = response_of(text);
  if (!response) return std::nullopt;
  std::optional<std::string_view> const found =
      last_between(after_last(*response, "\n"), "<answer>", "</answer>", false);
  return found ? std::optional(unicode::stripped(*found)) : std::nullopt;
}

/// True where the whole numbers written in an equation are the given ones, each once.
inline bool uses_numbers(std::string_view equation, std::vector<std::int64_t> const& numbers) {
  std::vector<std::string> used;
  for (std::size_t at = 0; at < equation.size();) {
    std::size_t const bytes = unicode::digits_at(equation, at);
    if (bytes == 0) {
      ++at;
      continue;
    }
    std::string digits;
    unicode::for_each_character(equation.substr(at, bytes), [&](unicode::character c, std::size_t) {
      int const value = unicode::digit_value(c.point);
      if (digits == "0") digits.clear();
      digits.push_back(static_cast<char>('0' + value));
    });
    used.push_back(std::move(digits));
    at += bytes;
  }
  std::vector<std::string> wanted;
  wanted.reserve(numbers.size());
  for (std::int64_t const n : numbers) wanted.push_back(to_text(n));
  std::sort(used.begin(), used.end());
  std::sort(wanted.begin(), wanted.end());
  return used == wanted;
}

/// countdown.compute_score: the score where the equation uses each number once and is within 1e-5 of the target, the format
/// score where there is an equation at all, else 0.
inline outcome countdown(std::string_view text, double target, std::vector<std::int64_t> const& numbers,
                         double format_score = 0.1, double score = 1.0) {
  std::optional<std::string_view> const equation = countdown_equation(text);
  if (!equation) return {0.0, status::scored, reason::missing_tag};
  if (!uses_numbers(*equation, numbers)) return format_score;
  std::optional<arithmetic_value> const value = arithmetic::evaluate(*equation);
  return value && std::fabs(value->real - target) < 1e-5 ? score : format_score;
}

/// multiply.compute_score: the last <answer> in one line as a whole number; 0 where there is none.
inline outcome multiply(std::string_view text, std::int64_t product, double format_score = 0.1, double score = 1.0) {
  std::optional<std::string_view> const response = response_of(text, false);
  if (!response) return {0.0, status::scored, reason::missing_input};
  std::optional<std::string_view> const found = last_between(*response, "<answer>", "</answer>", false);
  std::optional<std::string> const number = found ? to_int_text(*found) : std::nullopt;
  if (!number) return {0.0, status::scored, reason::missing_tag};
  return *number == to_text(product) ? score : format_score;
}

/// gsm8k.compute_score: as verl's, the first "####" of the whole text.
inline outcome gsm8k(std::string_view text, std::string_view gold,
                     verl::gsm8k_method method = verl::gsm8k_method::strict, double format_score = 0.0,
                     double score = 1.0) {
  return verl::gsm8k(text, gold, method, format_score, score, {0, true});
}

}  // namespace reward::compat::tinyzero
AHA_NAMESPACE_END

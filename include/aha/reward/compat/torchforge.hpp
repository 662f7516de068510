// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>
#include <aha/reward/text/tags.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::torchforge {

// torchforge's rewards (src/forge/data/rewards.py), number for number.

/// A number written with dollars, commas and blanks; nullopt for other text.
inline std::optional<double> money_to_float(std::string_view text) {
  std::string plain;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t at) {
    if (c.point != '$' && c.point != ',' && !unicode::is_space(c.point)) plain.append(text.substr(at, c.size));
  });
  return to_float(plain);
}

/// A text without its blocks <answer>...</answer>.
inline std::string without_answers(std::string_view text) {
  std::string rest;
  std::size_t begin = 0;
  for (std::size_t at = text.find("<answer>"); at != std::string_view::npos; at = text.find("<answer>", begin)) {
    std::size_t const end = text.find("</answer>", at);
    if (end == std::string_view::npos) break;
    rest.append(text.substr(begin, at - begin));
    begin = end + 9;
  }
  return rest.append(text.substr(begin));
}

/// MathReward: 1 where the first <answer> is the target to the tolerance; the partial credit where the target's digits occur
/// outside the answers; else 0, also where the target is no number.
inline outcome math_reward(std::string_view response, std::string_view target, double tolerance = 1e-6,
                           double partial_credit = 0.1) {
  std::optional<double> const wanted = money_to_float(target);
  if (!wanted) return {0.0, status::gold_invalid, reason::not_a_number};
  if (std::optional<std::string_view> const answer = between(response, "<answer>", "</answer>")) {
    std::optional<double> const got = money_to_float(*answer);
    if (got && std::fabs(*wanted - *got) < tolerance) return 1.0;
  }
  bool const whole = std::isfinite(*wanted) && std::trunc(*wanted) == *wanted;
  std::string const digits = whole ? int_text(*wanted) : float_text(*wanted);
  return contains(without_answers(response), digits) ? partial_credit : 0.0;
}

/// ThinkingReward: full where some think block holds more than white space, partial where there is a think tag at all. Tags
/// in any case, with blanks inside.
inline outcome thinking_reward(std::string_view response, double partial = 0.2, double full = 1.0) {
  constexpr tag_spelling loose{true, true};
  bool tag_seen = false;
  bool open = false;
  std::size_t begin = 0;
  for (std::size_t at = response.find('<'); at != std::string_view::npos; at = response.find('<', at)) {
    std::optional<tag> const found = tag_at(response, at, "think", loose);
    if (!found) {
      ++at;
      continue;
    }
    tag_seen = true;
    if (found->closing && open) {
      if (!unicode::stripped(response.substr(begin, found->begin - begin)).empty()) return full;
      open = false;
    } else if (!found->closing && !open) {
      open = true;
      begin = found->end;
    }
    at = found->end;
  }
  return tag_seen ? partial : 0.0;
}

}  // namespace reward::compat::torchforge
AHA_NAMESPACE_END

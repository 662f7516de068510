// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/open_r1.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::roll {

// ROLL's rule rewards (roll/pipeline/rlvr/rewards/math_rule_reward_worker.py), number for number. Its repetition penalty is
// `open_r1::repetition_penalty` with n = 3.

/// format_reward_fn: ^<think>.*?</think>.*?<answer>.*?</answer>$ from the begin, $ at any line end: 0 where it fits, else -1.
inline outcome format_reward(std::string_view text) {
  constexpr std::string_view close = "</answer>";
  std::size_t at = starts_with(text, "<think>") ? text.find("</think>", 7) : std::string_view::npos;
  if (at != std::string_view::npos) at = text.find("<answer>", at + 8);
  if (at != std::string_view::npos) at = text.find(close, at + 8);
  for (; at != std::string_view::npos; at = text.find(close, at + 1)) {
    std::size_t const end = at + close.size();
    if (end == text.size() || text[end] == '\n') return 0.0;
  }
  return {-1.0, status::scored, reason::missing_tag};
}

/// long_block_penalty_reward_fn: -1 where a stretch without a blank has more than `most` characters, else 0.
inline outcome long_block_penalty(std::string_view text, characters most = characters(100)) {
  for (std::string_view const block : split(text, " ")) {
    if (count_characters(block).count > most.count) return {-1.0, status::scored, reason::long_paragraph};
  }
  return 0.0;
}

/// _extract_after_last_end_think: what stands behind </think>, else behind the last empty line; empty where the tags are not
/// as they should be for this prompt (at most one </think>; no <think> where the prompt ends with one, else only at the begin).
inline std::string_view after_thinking(std::string_view response, std::string_view prompt) {
  constexpr std::string_view open = "<think>";
  constexpr std::string_view close = "</think>";
  while (ends_with(prompt, "\n")) prompt.remove_suffix(1);
  bool const opened = contains(response, open);
  if (count(response, close) > 1) return {};
  if (opened && (ends_with(prompt, open) || !starts_with(response, open))) return {};
  if (contains(response, close)) return unicode::stripped(after_last(response, close));
  return contains(response, "\n\n") ? unicode::stripped(after_last(response, "\n\n")) : std::string_view();
}

/// What check_and_extract_within_boxed gives: whether the box closes, and its inside.
struct boxed_text {
  bool closed = false;
  std::string_view inside;
};
/// check_and_extract_within_boxed: the last \boxed\{, else the last \boxed{, up to its closing brace; braces between double
/// quotes do not count.
inline boxed_text within_boxed(std::string_view response) {
  std::string_view inside;
  bool found = false;
  for (std::string_view const open : {"\\boxed\\{", "\\boxed{"}) {
    std::size_t const at = response.rfind(open);
    if (at == std::string_view::npos) continue;
    inside = response.substr(at + open.size());
    found = true;
    break;
  }
  if (!found) return {};
  std::int64_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && inside[i] == '{') {
      ++depth;
    } else if (!quoted && inside[i] == '}' && depth-- == 0) {
      return {true, inside.substr(0, i)};
    }
  }
  return {false, inside};
}

}  // namespace reward::compat::roll
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/compat/python_text.hpp>
#include <aha/reward/compat/verdict.hpp>
#include <aha/reward/length.hpp>
#include <aha/reward/text/repetition.hpp>
#include <aha/reward/text/steps.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::open_r1 {

// open-r1's rewards (src/open_r1/rewards.py), number for number.

/// The place behind "<think>\n...\n</think>\n<answer>\n" at the begin of a text, npos where it does not begin so.
inline std::size_t answer_begin(std::string_view text) {
  constexpr std::string_view open = "<think>\n";
  constexpr std::string_view middle = "\n</think>\n<answer>\n";
  if (!starts_with(text, open)) return std::string_view::npos;
  std::size_t const at = text.find(middle, open.size());
  return at == std::string_view::npos ? at : at + middle.size();
}
/// True where "\n</answer>" ends a line at or behind `from`.
inline bool answer_ends(std::string_view text, std::size_t from) {
  constexpr std::string_view close = "\n</answer>";
  for (std::size_t at = text.find(close, from); at != std::string_view::npos; at = text.find(close, at + 1)) {
    std::size_t const end = at + close.size();
    if (end == text.size() || text[end] == '\n') return true;
  }
  return false;
}

/// format_reward: ^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$ from the begin, $ at any line end. So a second answer
/// block on later lines is right, CRLF and a blank line between the blocks are wrong.
inline outcome format_reward(std::string_view text) {
  std::size_t const begin = answer_begin(text);
  return begin != std::string_view::npos && answer_ends(text, begin) ? 1.0 : 0.0;
}

/// get_code_format_reward(language): the same with a fence ```language ... ``` in the answer. The language is taken as it is
/// written (the peer puts it into a regular expression: "c++" raises there).
inline outcome code_format_reward(std::string_view text, std::string_view language = "python") {
  std::size_t const begin = answer_begin(text);
  if (begin == std::string_view::npos) return 0.0;
  std::string const open = "```" + std::string(language);
  std::size_t const at = text.find(open, begin);
  if (at == std::string_view::npos) return 0.0;
  std::size_t const close = text.find("```", at + open.size());
  return close != std::string_view::npos && answer_ends(text, close + 3) ? 1.0 : 0.0;
}

/// tag_count_reward: 1/4 for each of four tags with their line ends that occurs exactly once. Order does not matter.
inline outcome tag_count_reward(std::string_view text) {
  double score = 0;
  for (std::string_view const tag : {"<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"}) {
    if (count(text, tag) == 1) score += 0.25;
  }
  return score;
}

/// reasoning_steps_reward: min(1, steps / 3). Numbered lines count at the begin of the text alone, bullets everywhere else.
inline outcome reasoning_steps_reward(std::string_view text) {
  step_marks marks;
  marks.first_line = false;
  marks.every_line = false;
  return reasoning_steps(text, 3, marks);
}

/// accuracy_reward: the verdict; None where the reference cannot be read.
inline outcome accuracy_reward(verdict const& v) { return accuracy(v); }

/// get_cosine_scaled_reward: the cosine schedule in characters, without a clamp: beyond the limit the reward climbs back. An
/// unreadable reference scores 1.
inline outcome cosine_scaled(characters length, characters limit, verdict const& v, cosine_bounds const& b = {}) {
  if (!v) return {1.0, status::scored, reason::missing_input};
  double const progress = static_cast<double>(length.count) / static_cast<double>(limit.count);
  return cosine_schedule(progress, *v ? b.right_short : b.wrong_short, *v ? b.right_long : b.wrong_long);
}

/// len_reward: Kimi's length reward in characters over all texts of the call (the paper: of one problem). An unreadable
/// reference counts as right.
inline std::vector<outcome> len_reward(std::vector<characters> const& lengths, std::vector<verdict> const& verdicts) {
  std::vector<outcome> rewards;
  if (lengths.size() != verdicts.size()) {
    report(bad_argument("compat::open_r1::len_reward", "verdicts", text("one for each of ", lengths.size(), " lengths"),
                        to_text(verdicts.size())),
           nullptr);
    return rewards;
  }
  std::int64_t shortest = lengths.empty() ? 0 : lengths[0].count;
  std::int64_t longest = shortest;
  for (characters const l : lengths) {
    shortest = l.count < shortest ? l.count : shortest;
    longest = l.count > longest ? l.count : longest;
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    double const lambda =
        kimi_lambda(static_cast<double>(lengths[i].count), static_cast<double>(shortest), static_cast<double>(longest));
    rewards.emplace_back(kimi_length(lambda, verdicts[i].value_or(true)));
  }
  return rewards;
}

/// get_repetition_penalty_reward, over words in small letters; n >= 1, most <= 0. For Chinese the peer cuts words by jieba:
/// hand the ids of the words of your own segmenter to `reward::repetition_penalty`.
inline outcome repetition_penalty(std::string_view text, std::int64_t n, double most) {
  constexpr std::string_view me = "compat::open_r1::repetition_penalty";
  if (n < 1) report(bad_argument(me, "n", "a number >= 1", to_text(n)), nullptr);
  if (!(most <= 0)) report(bad_argument(me, "most", "a number <= 0", to_text(most)), nullptr);
  std::vector<std::int64_t> const ids = word_ids(text);
  return reward::repetition_penalty(span<std::int64_t const>(ids), n, most);
}

/// get_soft_overlong_punishment: DAPO's eq. 13 in tokens.
constexpr outcome soft_overlong_punishment(tokens length, tokens limit, tokens cache) {
  return soft_overlong(length, limit, cache);
}

}  // namespace reward::compat::open_r1
AHA_NAMESPACE_END

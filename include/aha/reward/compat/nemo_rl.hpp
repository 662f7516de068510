// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/squad.hpp>
#include <aha/reward/compat/verdict.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::compat::nemo_rl {

// NeMo-RL's rewards (nemo_rl/environments/rewards.py), number for number.

/// A reward and whether the answer is right (nullopt: the reward does not say).
struct judged {
  double reward = 0;
  verdict correct = false;
};

/// The text from the first <tag> to the last </tag>.
inline std::optional<std::string_view> tagged(std::string_view text, std::string_view tag) {
  return between(text, "<" + std::string(tag) + ">", "</" + std::string(tag) + ">", true);
}

/// format_reward: 1/4 for a think block, 3/4 for an answer block, in any order.
inline judged format_reward(std::string_view response, std::string_view think_tag = "think",
                            std::string_view answer_tag = "answer") {
  return {(tagged(response, think_tag) ? 0.25 : 0.0) + (tagged(response, answer_tag) ? 0.75 : 0.0), std::nullopt};
}

/// Letters and numbers of a text in small letters.
inline std::string alphanumeric(std::string_view text) {
  std::string result;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    if (unicode::is_letter(c.point) || unicode::is_number(c.point)) unicode::append(result, unicode::to_lower(c.point));
  });
  return result;
}
/// exact_answer_alphanumeric_reward: equality of letters and numbers, so -3 is 3 and 1.5 is 15.
inline judged exact_answer_alphanumeric_reward(std::string_view gold, std::string_view response,
                                               std::string_view tag = "answer") {
  std::optional<std::string_view> const answer = tagged(response, tag);
  bool const right = answer && alphanumeric(*answer) == alphanumeric(gold);
  return {right ? 1.0 : 0.0, right};
}

/// math_expression_reward: the verdict of `verify(gold, answer)` on the answer block.
template <class Verify>
judged math_expression_reward(std::string_view gold, std::string_view response, Verify&& verify,
                              std::string_view tag = "answer") {
  std::optional<std::string_view> const answer = tagged(response, tag);
  bool const right = answer && verify(gold, *answer).value_or(false);
  return {right ? 1.0 : 0.0, right};
}

/// A box [x1, y1, x2, y2] as it is written; nullopt for other text.
inline std::optional<std::vector<double>> read_box(std::string_view text) {
  std::vector<double> box;
  std::string const plain = replaced(replaced(text, "[", ""), "]", "");
  for (std::string_view const part : split(plain, ",")) {
    std::optional<double> const x = to_float(part);
    if (!x) return std::nullopt;
    box.push_back(*x);
  }
  return box.size() == 4 ? std::optional(box) : std::nullopt;
}
/// bbox_giou_reward: generalised intersection over union (arXiv:1902.09630), areas at least 1e-3; right above 1/2. Above
/// `threshold` plain IoU (the default never is).
inline judged bbox_giou_reward(std::string_view gold, std::string_view response, double threshold = 10.0,
                               std::string_view tag = "answer") {
  std::optional<std::string_view> const answer = tagged(response, tag);
  std::optional<std::vector<double>> const g = read_box(gold);
  std::optional<std::vector<double>> const r = answer ? read_box(*answer) : std::nullopt;
  if (!g || !r) return {};
  auto const area = [](std::vector<double> const& b) { return (b[2] - b[0]) * (b[3] - b[1]); };
  double const width = std::min((*g)[2], (*r)[2]) - std::max((*g)[0], (*r)[0]);
  double const height = std::min((*g)[3], (*r)[3]) - std::max((*g)[1], (*r)[1]);
  double const shared = std::max(0.0, width) * std::max(0.0, height);
  double const joined = std::max(1e-3, area(*g) + area(*r) - shared);
  double score = shared / joined;
  if (score < threshold) {
    double const hull = std::max(1e-3, (std::max((*g)[2], (*r)[2]) - std::min((*g)[0], (*r)[0])) *
                                           (std::max((*g)[3], (*r)[3]) - std::min((*g)[1], (*r)[1])));
    score -= (hull - joined) / hull;
  }
  return {score, score > 0.5};
}

/// geo3k_reward: (1 - w) right + w format; format: </think> and behind it \boxed{ and a closing brace; the answer is the
/// last box. `verify(gold, answer)` gives the verdict.
template <class Verify>
judged geo3k_reward(std::string_view gold, std::string_view response, Verify&& verify, double format_score = 0.1) {
  constexpr std::string_view box = "\\boxed{";
  std::size_t const think = response.find("</think>");
  std::size_t const boxed = think == std::string_view::npos ? think : response.find(box, think + 8);
  bool const format =
      boxed != std::string_view::npos && response.find('}', boxed + box.size()) != std::string_view::npos;
  std::size_t const last = response.rfind(box);
  bool right = false;
  if (last != std::string_view::npos) {
    std::int64_t depth = 1;
    for (std::size_t i = last + box.size(); i < response.size(); ++i) {
      if (response[i] == '{') ++depth;
      if (response[i] == '}' && --depth == 0) {
        std::string_view const answer = response.substr(last + box.size(), i - last - box.size());
        right = verify(gold, unicode::stripped(answer)).value_or(false);
        break;
      }
    }
  }
  return {(1.0 - format_score) * (right ? 1.0 : 0.0) + format_score * (format ? 1.0 : 0.0), right};
}

/// combine_reward_functions: the sum by weights over their sum; right where every reward that says anything says so (of
/// format rewards alone: right).
inline judged combine(std::vector<judged> const& parts, std::vector<double> const& weights) {
  double total = 0;
  for (double const w : weights) total += w;
  judged all{0.0, true};
  for (std::size_t i = 0; i < parts.size() && i < weights.size(); ++i) {
    all.reward += parts[i].reward * (weights[i] / total);
    if (parts[i].correct && !*parts[i].correct) all.correct = false;
  }
  return all;
}

}  // namespace reward::compat::nemo_rl
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/task/answer.hpp>
#include <aha/reward/task/countdown.hpp>
#include <aha/reward/task/multiple_choice.hpp>
#include <aha/reward/task/simplerl.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::task {

/// A reward that is called by its name with its defaults: gold and response to an outcome.
struct named_reward {
  std::string_view name;
  std::string_view says;  ///< what the gold is, and what earns what
  outcome (*judge)(std::string_view gold, std::string_view response);
};

/// The one list of them. Rewards of code have no text to judge: see `code_reward`.
inline constexpr named_reward named_rewards[] = {
    {"gsm8k", "gold: a number, or a solution that ends in ####; 1 where the final answer is the same number",
     [](std::string_view g, std::string_view r) { return gsm8k(g, r); }},
    {"math", "gold: an answer in LaTeX, or a solution with its box; 1 where the final answer is equal as mathematics",
     [](std::string_view g, std::string_view r) { return competition(g, r); }},
    {"aime", "gold: a whole number from 0 to 999; 1 where the final answer is the same, written as digits",
     [](std::string_view g, std::string_view r) { return aime(g, r); }},
    {"multiple_choice", "gold: a letter from A to D; 1 where the response chooses it and no other",
     [](std::string_view g, std::string_view r) { return multiple_choice(g, r); }},
    {"countdown",
     "gold: `target: numbers`; 1 where the answer is an expression of all numbers with the target's exact value",
     [](std::string_view g, std::string_view r) { return countdown(g, r); }},
    {"multiplication", "gold: the product; 1 where the final answer is the same number, written as digits",
     [](std::string_view g, std::string_view r) { return multiplication(g, r); }},
    {"simplerl", "gold: an answer; 1 right in a box, -0.5 wrong in a box, -1 without a box",
     [](std::string_view g, std::string_view r) { return simplerl(g, r); }},
};

/// The reward of a name; null where nothing is called so.
constexpr named_reward const* find_reward(std::string_view name) {
  for (named_reward const& r : named_rewards)
    if (r.name == name) return &r;
  return nullptr;
}

/// A data set as trainers name it (verl's `data_source`), and the reward of its rows.
struct data_source_row {
  std::string_view source, reward;
};
/// Data sets whose name says what their rows hold.
inline constexpr data_source_row data_sources[] = {
    {"openai/gsm8k", "gsm8k"},
    {"lighteval/MATH", "math"},
    {"DigitalLearningGmbH/MATH-lighteval", "math"},
    {"HuggingFaceH4/MATH-500", "math"},
    {"HuggingFaceH4/aime_2024", "aime"},
    {"Maxwell-Jia/AIME_2024", "aime"},
    {"aime", "aime"},
    {"math_dapo", "math"},
    {"Jiayi-Pan/Countdown-Tasks-3to4", "countdown"},
    {"countdown", "countdown"},
    {"multiply", "multiplication"},
    {"cais/mmlu", "multiple_choice"},
};

/// The named reward of a name or of a data set's name. Throws where neither is known, and says what is.
inline named_reward const* reward_named(std::string_view name, aha::status* why = nullptr) {
  named_reward const* found = find_reward(name);
  for (data_source_row const& row : data_sources)
    if (found == nullptr && row.source == name) found = find_reward(row.reward);
  aha::status bad;
  if (found == nullptr) {
    std::string known = "one of";
    for (named_reward const& r : named_rewards) known += " " + std::string(r.name);
    for (data_source_row const& row : data_sources) known += " " + std::string(row.source);
    bad = bad_argument("reward::task::reward_named", "name", known, name);
  }
  aha::report(bad, why);
  return found;
}

}  // namespace reward::task
AHA_NAMESPACE_END

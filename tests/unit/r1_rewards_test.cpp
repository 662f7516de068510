// SPDX-License-Identifier: MIT
// R1's last stage against its equations, by hand.
#include "reward_rows.hpp"

#include <aha/recipe/r1_rewards.hpp>
#include <gtest/gtest.h>

namespace {

using namespace aha;
using reward::outcome;
using reward::status;
using reward_rows::nan;

constexpr reward::column<0> is_reasoning;
constexpr reward::column<1> accuracy;
constexpr reward::column<2> format;
constexpr reward::column<3> is_harmless;
constexpr reward::column<4> helpful;
constexpr reward::column<5> harmless;
constexpr reward::column<6> language;
constexpr auto final_reward =
    recipe::r1_final(is_reasoning, accuracy, format, recipe::r1_model(is_harmless, helpful, harmless), language);

outcome const lost{nan, status::abstained};

TEST(r1_rewards, every_kind_of_row) {
  // reasoning right, reasoning wrong without words, helpful, harmless, unreadable reference
  std::vector<std::vector<outcome>> const columns{
      {1.0, 1.0, 0.0, 0.0, 1.0},     {1.0, 0.0, lost, lost, {0.0, status::gold_invalid}},
      {1.0, 0.0, 1.0, 1.0, 1.0},     {lost, lost, 0.0, 1.0, lost},
      {lost, lost, 0.7, lost, lost}, {lost, lost, lost, -0.4, lost},
      {0.9, lost, 1.0, 0.25, 1.0},
  };
  reward::table rows;
  for (auto const& c : columns) rows.columns.emplace_back(c);
  auto const w = reward_rows::run(final_reward, rows, 5);
  EXPECT_DOUBLE_EQ(w.reward[0], 1.0 + 1.0 + 0.9);
  EXPECT_DOUBLE_EQ(w.reward[1], 0.0);
  EXPECT_DOUBLE_EQ(w.reward[2], 0.7 + 1.0 + 1.0);
  EXPECT_DOUBLE_EQ(w.reward[3], -0.4 + 1.0 + 0.25);
  EXPECT_TRUE(std::isnan(w.reward[4]));
  EXPECT_EQ(w.status[4], status::gold_invalid);
  auto const d = reward_rows::run(reward::parse(to_string(final_reward)), rows, 5);
  EXPECT_TRUE(reward_rows::same_bits(w.reward, d.reward));
}
TEST(r1_rewards, reads_as_the_equations) {
  EXPECT_EQ(to_string(final_reward),
            "where(column(0), column(1) + column(2), where(column(3), column(5), column(4)) + column(2)) + "
            "if_missing(column(6), 0)");
  EXPECT_EQ(to_string(recipe::r1_rule(reward::parse("accuracy"), reward::parse("format"))), "accuracy + format");
}
TEST(r1_rewards, what_a_reward_model_is_shown) {
  using recipe::r1_judge;
  using recipe::r1_judged_text;
  std::string_view const response = "<think>a</think>b</think> answer";
  EXPECT_EQ(r1_judged_text(r1_judge::harmless, response), response);
  EXPECT_EQ(r1_judged_text(r1_judge::helpful, response), " answer");
  EXPECT_EQ(r1_judged_text(r1_judge::helpful, "<think>never ends"), "");
  EXPECT_EQ(r1_judged_text(r1_judge::helpful, ""), "");
  EXPECT_EQ(r1_judged_text(r1_judge::helpful, "x|end|y", "|end|"), "y");
}

}  // namespace

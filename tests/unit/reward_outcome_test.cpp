// SPDX-License-Identifier: MIT
#include <aha/reward/outcome.hpp>
#include <aha/reward/unit.hpp>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

using namespace aha;

TEST(reward_outcome, statuses_and_reasons_have_names) {
  EXPECT_EQ(to_string(reward::status::scored), "scored");
  EXPECT_EQ(to_string(reward::status::gold_invalid), "gold_invalid");
  EXPECT_EQ(to_string(reward::status::error), "error");
  EXPECT_EQ(static_cast<int>(reward::status::error) + 1, reward::status_count);
  EXPECT_EQ(to_string(static_cast<reward::status>(6)), "?");
  EXPECT_EQ(to_string(reward::reason::none), "none");
  EXPECT_EQ(to_string(reward::reason::compile_error), "compile_error");
  EXPECT_EQ(describe(reward::reason::no_code), "The answer contains no code.");
  EXPECT_EQ(to_string(static_cast<reward::reason>(60000)), "?");
  EXPECT_EQ(describe(static_cast<reward::reason>(60000)), "?");
}

TEST(reward_outcome, every_reason_is_one_word_and_one_sentence) {
  std::set<std::string_view> names;
  for (reward::reason_row const& r : reward::reasons) {
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
    EXPECT_EQ(r.name.find(' '), std::string_view::npos) << r.name;
    EXPECT_EQ(r.sentence.back(), '.') << r.name;
    EXPECT_EQ(r.sentence.find(". "), std::string_view::npos) << r.name;
  }
}

TEST(reward_outcome, nothing_is_scored_by_default) {
  constexpr reward::outcome nothing;
  EXPECT_TRUE(nothing.value != nothing.value);
  EXPECT_EQ(nothing.status, reward::status::abstained);
  EXPECT_EQ(nothing.reason, reward::reason::none);
  constexpr reward::outcome right(1.0);
  EXPECT_EQ(right.status, reward::status::scored);
  EXPECT_LE(sizeof(reward::outcome), 16U);
}

TEST(reward_unit, a_length_is_made_on_purpose) {
  static_assert(!std::is_convertible_v<int, reward::tokens> && !std::is_convertible_v<reward::tokens, double>);
  static_assert(!std::is_convertible_v<reward::tokens, reward::characters>);
  static_assert(reward::is_length_unit<reward::characters> && !reward::is_length_unit<reward::number>);
  EXPECT_EQ(reward::tokens{7}.count, 7);
}

}  // namespace

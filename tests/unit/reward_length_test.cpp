// SPDX-License-Identifier: MIT
// Formulas of length, against numbers worked out by hand.
#include <aha/reward/length.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace {

using namespace aha::reward;

TEST(reward_length, soft_overlong_is_clamped) {
  // M = 100, C = 20: nothing up to 80, then linear to -1 at 100, -1 beyond.
  EXPECT_EQ(soft_overlong(0, 100, 20), 0.0);
  EXPECT_EQ(soft_overlong(80, 100, 20), 0.0);
  EXPECT_FALSE(std::signbit(soft_overlong(80, 100, 20)));
  EXPECT_EQ(soft_overlong(81, 100, 20), -0.05);
  EXPECT_EQ(soft_overlong(90, 100, 20), -0.5);
  EXPECT_EQ(soft_overlong(100, 100, 20), -1.0);
  EXPECT_EQ(soft_overlong(101, 100, 20), -1.0);
  EXPECT_EQ(soft_overlong(1e9, 100, 20), -1.0);
  EXPECT_EQ(overlong_penalty(90, 100, 20), 0.5);
}
TEST(reward_length, an_empty_cache_is_a_step) {
  EXPECT_EQ(soft_overlong(100, 100, 0), 0.0);
  EXPECT_EQ(soft_overlong(101, 100, 0), -1.0);
  EXPECT_EQ(soft_overlong(0, 0, 0), 0.0);
  EXPECT_EQ(soft_overlong(1, 0, 0), -1.0);
}
TEST(reward_length, soft_overlong_in_a_unit) {
  EXPECT_EQ(soft_overlong(tokens{90}, tokens{100}, tokens{20}), -0.5);
  EXPECT_EQ(soft_overlong(characters{90}, characters{100}, characters{20}), -0.5);
}
TEST(reward_length, cosine_of_the_paper) {
  // Right: 2 at 0, 1 at the limit, half way between them at half of it; cut off: -10.
  EXPECT_DOUBLE_EQ(cosine_length(0, 1000, 2, 1, -10), 2.0);
  EXPECT_DOUBLE_EQ(cosine_length(500, 1000, 2, 1, -10), 1.5);
  EXPECT_NEAR(cosine_length(250, 1000, 2, 1, -10), 1.0 + 0.5 * (1.0 + std::sqrt(0.5)), 1e-15);
  EXPECT_EQ(cosine_length(1000, 1000, 2, 1, -10), -10.0);
  EXPECT_EQ(cosine_length(2000, 1000, 2, 1, -10), -10.0);
  EXPECT_EQ(cosine_length(0, 0, 2, 1, -10), -10.0);
  // Wrong: -10 at 0, 0 at the limit.
  EXPECT_DOUBLE_EQ(cosine_length(0, 1000, -10, 0, -10), -10.0);
  EXPECT_DOUBLE_EQ(cosine_length(500, 1000, -10, 0, -10), -5.0);
  EXPECT_DOUBLE_EQ(cosine_length(tokens{500}, tokens{1000}, -10, 0, -10), -5.0);
}
TEST(reward_length, cosine_without_a_clamp_climbs_back) {
  EXPECT_NEAR(cosine_schedule(2.0, 1.0, 0.5), 1.0, 1e-15);
  EXPECT_NEAR(clamped_cosine(2000, 1000, 1.0, 0.5), 0.5, 1e-15);
  EXPECT_NEAR(clamped_cosine(5, 0, 1.0, 0.5), 0.5, 1e-15);
  EXPECT_DOUBLE_EQ(clamped_cosine(-5, 10, 1.0, 0.5), 1.0);
}
TEST(reward_length, kimi) {
  EXPECT_EQ(kimi_lambda(100, 100, 500), 0.5);
  EXPECT_EQ(kimi_lambda(500, 100, 500), -0.5);
  EXPECT_EQ(kimi_lambda(200, 100, 500), 0.25);
  EXPECT_EQ(kimi_lambda(100, 100, 100), 0.0);
  EXPECT_EQ(kimi_length(0.25, true), 0.25);
  EXPECT_EQ(kimi_length(0.25, false), 0.0);
  EXPECT_EQ(kimi_length(-0.25, true), -0.25);
  EXPECT_EQ(kimi_length(-0.25, false), -0.25);
}
TEST(reward_length, linear_and_target) {
  EXPECT_EQ(linear_length(50, 100, 400, 0, -0.5), 0.0);
  EXPECT_EQ(linear_length(100, 100, 400, 0, -0.5), 0.0);
  EXPECT_EQ(linear_length(250, 100, 400, 0, -0.5), -0.25);
  EXPECT_EQ(linear_length(400, 100, 400, 0, -0.5), -0.5);
  EXPECT_EQ(linear_length(4000, 100, 400, 0, -0.5), -0.5);
  EXPECT_EQ(linear_length(tokens{250}, tokens{100}, tokens{400}, 0, -0.5), -0.25);
  EXPECT_EQ(linear_length(9, 10, 10, 1, 2), 1.0);  // a step
  EXPECT_EQ(linear_length(10, 10, 10, 1, 2), 2.0);
  EXPECT_EQ(target_length(4096, 4096, 32768), 1.0);
  EXPECT_EQ(target_length(0, 4096, 32768), 0.875);
  EXPECT_EQ(target_length(8192, 4096, 32768), 0.875);
  EXPECT_LT(target_length(100000, 4096, 32768), 0.0);
}
TEST(reward_piecewise, interpolates_jumps_and_stays_constant_beyond) {
  constexpr knots f{{0, 1}, {10, 3}, {10, -1}, {20, 0}};
  EXPECT_EQ(f(-5), 1.0);
  EXPECT_EQ(f(0), 1.0);
  EXPECT_EQ(f(5), 2.0);
  EXPECT_EQ(f(std::nextafter(10.0, 0.0)), 1.0 + 2.0 * (std::nextafter(10.0, 0.0) / 10.0));
  EXPECT_EQ(f(10), -1.0);
  EXPECT_EQ(f(15), -0.5);
  EXPECT_EQ(f(20), 0.0);
  EXPECT_EQ(f(1e100), 0.0);
  constexpr knots one{{3, 7}};
  EXPECT_EQ(one(-1), 7.0);
  EXPECT_EQ(one(4), 7.0);
}
TEST(reward_piecewise, legal_knots) {
  auto const legal = [](knots const& k) { return is_legal(k, rising_knots); };
  EXPECT_TRUE(legal({{0, 1}}));
  EXPECT_TRUE(legal({{0, 1}, {0, 2}, {1, 2}}));
  EXPECT_FALSE(legal({}));
  EXPECT_FALSE(legal({{1, 0}, {0, 0}}));
  EXPECT_FALSE(legal({{0, 0}, {0, 1}, {0, 2}}));
  EXPECT_FALSE(legal({{0, std::nan("")}}));
  EXPECT_FALSE(legal({{0, 0}, {HUGE_VAL, 1}}));
  knots many;
  many.count = 17;
  EXPECT_FALSE(legal(many));
}

}  // namespace

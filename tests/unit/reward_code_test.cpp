// SPDX-License-Identifier: MIT
#include "error_of.hpp"

#include <aha/reward/code.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace {

using namespace aha;
using reward::code_reward;
using reward::code_shaping;
using reward::code_state;
using reward::outcome;
using reward::reason;
using reward::status;
using vec = std::vector<double>;

vec const none;
vec const all{1, 1, 1, 1};
vec const three{1, 1, 0, 1};
vec const partial{1, 0.5, 1, 1};
vec const too_large{1, 2};
vec const undefined{std::nan("")};

TEST(reward_code, binary_and_its_threshold) {
  EXPECT_EQ(code_reward(all, code_shaping::all_or_nothing()).value, 1.0);
  outcome const o = code_reward(three, code_shaping::all_or_nothing());
  EXPECT_EQ(o.value, 0.0);
  EXPECT_EQ(o.status, status::scored);
  EXPECT_EQ(o.reason, reason::below_threshold);
  EXPECT_EQ(code_reward(three, code_shaping::binary(0.75)).value, 1.0);
  EXPECT_EQ(code_reward(three, code_shaping::binary(0.75)).reason, reason::tests_failed);
  EXPECT_EQ(code_reward(three, code_shaping::binary(0.76)).value, 0.0);
  vec many(200, 1.0);
  many[7] = 0;
  EXPECT_EQ(code_reward(many, code_shaping::binary(0.99)).value, 1.0);
}
TEST(reward_code, fraction) {
  EXPECT_EQ(code_reward(three).value, 0.75);
  EXPECT_EQ(code_reward(three, code_shaping::fraction(0.8)).value, 0.0);
  EXPECT_EQ(code_reward(partial).value, 0.75);  // half a test is no passed test
  EXPECT_EQ(code_reward(all).reason, reason::none);
}
TEST(reward_code, weighted_sum) {
  EXPECT_DOUBLE_EQ(code_reward(all, code_shaping::codeforces_weighted()).value, 1.1);
  EXPECT_DOUBLE_EQ(code_reward(three, code_shaping::codeforces_weighted()).value, 0.075);
}
TEST(reward_code, minimum) {
  EXPECT_EQ(code_reward(all, code_shaping::worst()).value, 1.0);
  EXPECT_EQ(code_reward(partial, code_shaping::worst()).value, 0.5);
  EXPECT_EQ(code_reward(three, code_shaping::worst()).value, 0.0);
}
TEST(reward_code, before_the_tests) {
  code_shaping const s = code_shaping::codeforces_weighted();
  outcome o = code_reward(none, s, code_state::no_code);
  EXPECT_EQ(o.value, -1.0);
  EXPECT_EQ(o.status, status::no_answer);
  EXPECT_EQ(o.reason, reason::no_code);
  o = code_reward(none, s, code_state::compile_error);
  EXPECT_EQ(o.value, -0.1);
  EXPECT_EQ(o.status, status::scored);
  EXPECT_EQ(o.reason, reason::compile_error);
  o = code_reward(all, s, code_state::host_error);
  EXPECT_TRUE(std::isnan(o.value));
  EXPECT_EQ(o.status, status::error);
  o = code_reward(none, s);
  EXPECT_TRUE(std::isnan(o.value));
  EXPECT_EQ(o.status, status::gold_invalid);
  EXPECT_EQ(o.reason, reason::no_tests);
}
TEST(reward_code, bad_input) {
  EXPECT_EQ(error_of([] { code_reward(too_large); }),
            "aha::reward::code_reward: tests: expected scores from 0 to 1, got 2 at entry 1");
  EXPECT_EQ(error_of([] { code_reward(undefined); }),
            "aha::reward::code_reward: tests: expected scores from 0 to 1, got nan at entry 0");
  EXPECT_EQ(error_of([] { code_reward(all, code_shaping::binary(1.5)); }),
            "aha::reward::code_reward: threshold: expected a number from 0 to 1, got 1.5");
  EXPECT_EQ(error_of([] { code_reward(all, {}, static_cast<code_state>(4)); }),
            "aha::reward::code_reward: state: expected ran, no_code, compile_error or host_error, got 4");
  aha::status why;
  EXPECT_EQ(code_reward(too_large, {}, code_state::ran, &why).status, status::error);
  EXPECT_FALSE(why.ok());
}

}  // namespace

// SPDX-License-Identifier: MIT
#include <aha/core/error.hpp>
#include <gtest/gtest.h>
#include <stdexcept>

namespace {

TEST(error_text, has_one_shape) {
  aha::status const bad = aha::bad_argument("loss", "logp", aha::text("a column of ", 12, " tokens"), "nothing");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.message(), "aha::loss: logp: expected a column of 12 tokens, got nothing");
}

TEST(error_text, small_numbers_keep_their_digits) {
  EXPECT_EQ(aha::to_text(1e-9), "1e-09");
  EXPECT_EQ(aha::to_text(0.25F), "0.25");
}

struct some_result {
  double value = 1;
  aha::status status;
};

TEST(error_text, fail_throws_the_message) {
  try {
    aha::fail<some_result>(aha::bad_argument("loss", "adv", "one entry a sequence", "3 entries"));
    FAIL() << "nothing was thrown";
  } catch (std::invalid_argument const& e) {
    EXPECT_STREQ(e.what(), "aha::loss: adv: expected one entry a sequence, got 3 entries");
  }
}

}  // namespace

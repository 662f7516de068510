// SPDX-License-Identifier: MIT
#include <aha/reward/math/math.hpp>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

namespace math = aha::reward::math;
using aha::reward::status;

std::string many(std::string const& piece, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  return text;
}

TEST(math_budget, huge_numbers_answer_at_once) {
  for (char const* huge : {"9^{9^9}", "10^{10^{10}}", "10000000!", "(10^{9})!", "2^{2^{2^{2^{2^2}}}}",
                           "\\sum_{k=1}^{10^9} k", "\\binom{10^{11}}{10^{10}}", "1e999999", "\\prod_{k=1}^{999999} k",
                           "\\sum_{k=9223372036854775806}^{9223372036854775807} 0"}) {
    math::verdict const v = math::verify_answer("5", huge);
    EXPECT_EQ(v.status, status::budget) << huge;
    EXPECT_FALSE(v.equal) << huge;
    EXPECT_LE(v.steps, 100'000U + 200U * (std::string(huge).size() + 1)) << huge;
  }
}

TEST(math_budget, overflow_does_no_harm) {
  for (char const* edge : {"9223372036854775807+1", "-9223372036854775808", "\\gcd(-9223372036854775808, 2)",
                           "9223372036854775806 \\bmod 9223372036854775807", "\\binom{9223372036854775807}{1}",
                           "1/9223372036854775807+1/9223372036854775806", "-(-9223372036854775808)"}) {
    EXPECT_FALSE(math::verify_answer("5", edge).equal) << edge;
  }
  EXPECT_TRUE(math::verify_answer("9223372036854775808", "9223372036854775807+1").equal);
  EXPECT_TRUE(math::verify_answer("9223372036854775806", "9223372036854775806 \\bmod 9223372036854775807").equal);
}

TEST(math_budget, nesting_is_bounded) {
  EXPECT_TRUE(math::verify_answer("5", std::string(50, '(') + "5" + std::string(50, ')')).equal);
  for (char const* piece : {"(", "[", "{", "\\{", "\\frac{", "\\sqrt{", "x^{", "2^", "|", "\\left(", "\\sin(",
                            "\\text{", "-(", "1/(", "\\boxed{", "!", "1/"}) {
    std::string const bomb = many(piece, 20'000);
    math::verdict const v = math::verify_answer("5", bomb);
    EXPECT_FALSE(v.equal) << piece;
    EXPECT_LE(v.steps, 100'000U + 200U * (bomb.size() + 1)) << piece;
    EXPECT_FALSE(math::verify("5", "\\boxed{" + bomb + "}").equal) << piece;
  }
}

TEST(math_budget, holds_for_any_text) {
  std::vector<std::string> const pieces = {"1+",
                                           "x,",
                                           "\\pm 1,",
                                           "\\sin(x^2)*",
                                           "\\prod_{k=1}^{99}k+",
                                           "99!*",
                                           "\\boxed{1} and ",
                                           "the answer is ",
                                           "$x$ ",
                                           "\\begin{pmatrix}1&",
                                           "\xFF",
                                           std::string(1, '\0'),
                                           "\xE2\x80\x8B",
                                           "1,000",
                                           "e^{x}+",
                                           "\\sqrt{2}+",
                                           "12 cm "};
  for (std::string const& piece : pieces) {
    std::string const text = many(piece, 4'000);
    for (math::verdict const& v :
         {math::verify("5", text), math::verify_answer(text, text + "1"), math::verify(text, text)})
      EXPECT_LE(v.steps, 100'000U + 200U * (2 * text.size() + 1)) << piece;
  }
}

TEST(math_budget, verdicts_repeat) {
  math::verdict const one = math::verify("\\sin^2 x+\\cos^2 x", "\\boxed{1}"),
                      two = math::verify("\\sin^2 x+\\cos^2 x", "\\boxed{1}");
  EXPECT_TRUE(one.equal);
  EXPECT_EQ(one.steps, two.steps);
}

}  // namespace

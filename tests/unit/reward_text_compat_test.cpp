// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/compat/open_instruct_blocks.hpp>
#include <aha/reward/compat/open_r1.hpp>
#include <aha/reward/compat/slime.hpp>
#include <aha/reward/compat/squad.hpp>
#include <aha/reward/compat/tinyzero.hpp>
#include <aha/reward/compat/trl.hpp>
#include <cmath>
#include <string>

#include "error_of.hpp"

namespace {

using namespace aha::reward;
using namespace aha::reward::compat;

std::string value_of(char const* expression) {
  auto const v = arithmetic::evaluate(expression);
  return !v ? "none" : v->whole ? std::to_string(v->integer) : float_text(v->real);
}

TEST(arithmetic, is_pythons) {
  // Texts and what Python's eval prints for them; none: it raises.
  char const* const rows[][2] = {
      {"1+2*3", "7"},     {"(1+2)*3", "9"},      {"7/2", "3.5"},    {"8/2", "4.0"},    {"7//2", "3"},
      {"-7//2", "-4"},    {"7//-2", "-4"},       {"7.5//2", "3.0"}, {"2**10", "1024"}, {"2**-1", "0.5"},
      {"-2**2", "-4"},    {"2**3**2", "512"},    {"(-2)**3", "-8"}, {"--3", "3"},      {"+-+3", "-3"},
      {"2*-3", "-6"},     {"1.5*2", "3.0"},      {".5+5.", "5.5"},  {" 1 +\t2 ", "3"}, {"0**0", "1"},
      {"(-1)**99", "-1"}, {"1**999999999", "1"}, {"00", "0"},       {"3-5", "-2"},     {"4**0.5", "2.0"},
      {"", "none"},       {"1 2", "none"},       {"012", "none"},   {"2(3)", "none"},  {"1/0", "none"},
      {"1//0", "none"},   {"0**-1", "none"},     {"1+", "none"},    {"*1", "none"},    {"(1", "none"},
      {"1)", "none"},     {"()", "none"},        {".", "none"},     {"1..2", "none"},  {"1.2.3", "none"},
      {"a", "none"},      {"1\n+2", "none"},     {"2* *3", "none"}, {"1e3", "none"}};
  for (auto const& [text, wanted] : rows) EXPECT_EQ(value_of(text), wanted) << text;
  EXPECT_EQ(value_of("9223372036854775807"), "9223372036854775807");
}

TEST(arithmetic, stops_at_what_costs) {
  EXPECT_EQ(value_of("9**9**9"), "none");
  EXPECT_EQ(value_of("9223372036854775807+1"), "none");
  EXPECT_EQ(value_of("9223372036854775807*3"), "none");
  EXPECT_EQ(value_of("99999999999999999999"), "none");
  EXPECT_FALSE(arithmetic::evaluate(std::string(1000000, '(')));
  EXPECT_FALSE(arithmetic::evaluate(std::string(1000000, '-')));
  std::string powers = "1";
  for (int i = 0; i < 100000; ++i) powers += "**1";
  EXPECT_FALSE(arithmetic::evaluate(powers));
  EXPECT_TRUE(arithmetic::evaluate(std::string(199, '(') + "1" + std::string(199, ')')));
}

TEST(python_text, numbers_read_and_print_as_in_python) {
  EXPECT_EQ(to_float(" 1_000.5e1 ").value(), 10005.0);
  EXPECT_EQ(to_float("-.5").value(), -0.5);
  EXPECT_TRUE(std::isinf(to_float("-Infinity").value()));
  EXPECT_TRUE(std::isnan(to_float("NaN").value()));
  EXPECT_TRUE(std::isinf(to_float("1e999").value()));
  EXPECT_EQ(to_float("1e-999").value(), 0.0);
  for (char const* bad : {"", " ", "1_", "_1", "1__0", "0x10", "1e", "--1", "1 2", "+", "in", "1,0"})
    EXPECT_FALSE(to_float(bad)) << bad;
  EXPECT_EQ(to_int_text(" -007 ").value(), "-7");
  EXPECT_EQ(to_int_text("-0").value(), "0");
  EXPECT_EQ(to_int_text("123456789012345678901234567890").value(), "123456789012345678901234567890");
  EXPECT_FALSE(to_int_text("1.0"));
  EXPECT_EQ(float_text(117.0), "117.0");
  EXPECT_EQ(float_text(1e16), "1e+16");
  EXPECT_EQ(float_text(1e-7), "1e-07");
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(123456789.125), "123456789.125");
  EXPECT_EQ(int_text(-2.9), "-2");
  EXPECT_EQ(int_text(-0.5), "0");
}

TEST(graders, hendrycks_strings) {
  EXPECT_EQ(strip_string("\\dfrac 12").value(), "\\frac{1}{2}");
  EXPECT_EQ(strip_string("k = 5\\text{ cm}").value(), "5");  // "k " is two characters
  EXPECT_EQ(strip_string("abc=5").value(), "abc=5");
  EXPECT_EQ(strip_string("1,000").value(), "1,000");
  EXPECT_EQ(strip_string("\\frac中2").value(), "\\frac{中}{2}");
  EXPECT_EQ(strip_string("03/4").value(), "03/4");
  EXPECT_FALSE(strip_string("x\\frac"));
  EXPECT_FALSE(strip_string("x\\sqrt"));
  EXPECT_FALSE(strip_string("\\text{ a}\\text{ b}"));
  EXPECT_TRUE(hendrycks_equal("x\\frac", "x\\frac"));
  EXPECT_EQ(mathd_normalize(" \\text{ 7 } "), "7");
}

TEST(graders, minerva_and_its_traps) {
  EXPECT_EQ(normalize_final_answer("x=\\frac ab"), "\\frac{a}{b}");
  EXPECT_EQ(normalize_final_answer("$\\boxed{\\text{12,345}}$ cm"), "12345");
  EXPECT_EQ(normalize_final_answer("banana x"), "bananx");
  EXPECT_EQ(minerva_answer("ANSWER :\n\n 7 \nanswer: 8x\nz"), "8x");
  EXPECT_EQ(minerva_answer("Answer:"), "[INVALID]");
  EXPECT_EQ(verl::math_dapo("no", "[INVALID]").score, 1.0);
  std::string texts;
  for (int i = 0; i < 60000; ++i) texts += "\\text{";
  EXPECT_EQ(normalize_final_answer(texts).size(), texts.size());  // quadratic in the peer
}

TEST(graders, prm800k_asks_the_algebra_last) {
  int asked = 0;
  auto const equal = [&](std::string_view a, std::string_view b) {
    ++asked;
    return prm800k::equal_numbers(a, b);
  };
  EXPECT_TRUE(prm800k::grade_answer("x = 7", "7", equal));
  EXPECT_FALSE(prm800k::grade_answer("2/4", "1/2", equal));
  EXPECT_FALSE(prm800k::grade_answer("2^{10}", "1024", equal));
  EXPECT_FALSE(prm800k::grade_answer("(1,2)", "[1,2]", equal));
  EXPECT_TRUE(prm800k::grade_answer("", "", equal));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(prm800k::grade_answer("(0.5, 3)", "(1/2, 3)", equal));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(prm800k::strip_commas("1,000,000,000"), "1000,000000");  // as three passes of the peer leave it
  EXPECT_EQ(prm800k::normalize("3 million dollars"), "3*10^6dollars");
  EXPECT_EQ(prm800k::normalize("\\frac{\\sqrt{2}}{\\pi}"), "sqrt(2)/pi");
  EXPECT_FALSE(prm800k::may_evaluate("a+b+c"));
  EXPECT_FALSE(prm800k::may_evaluate("2^100"));
  EXPECT_TRUE(prm800k::may_evaluate("sqrt(x)+y^2"));
}

TEST(graders, squad_words) {
  EXPECT_EQ(normalize_answer("The  cat, an A-Team: THE end_"), "cat ateam end");
  EXPECT_EQ(normalize_answer("a\xe2\x80\x94the"), "\xe2\x80\x94");  // a dash outside ASCII parts words and stays
  EXPECT_DOUBLE_EQ(f1_score("one two two", "two two three").score, 2.0 / 3.0);
  EXPECT_EQ(f1_score("yes", "yes sir", true).score, 0.0);
  EXPECT_GT(f1_score("yes", "yes sir").score, 0.0);
  EXPECT_EQ(f1_score("", "").score, 0.0);
}

TEST(peers, arguments_that_they_refuse) {
  EXPECT_EQ(error_of([] { open_r1::repetition_penalty("a", 3, 0.5); }),
            "aha::compat::open_r1::repetition_penalty: most: expected a number <= 0, got 0.5");
  EXPECT_EQ(error_of([] { trl::repetition_penalty(aha::span<int const>(), 0, -1.0); }),
            "aha::compat::trl::repetition_penalty: n: expected a number >= 1, got 0");
  EXPECT_EQ(error_of([] { open_r1::len_reward({characters(1)}, {}); }),
            "aha::compat::open_r1::len_reward: verdicts: expected one for each of 1 lengths, got 0");
}

TEST(peers, without_a_reference_there_is_no_reward_but_open_r1_gives_one) {
  EXPECT_EQ(trl::cosine_scaled(tokens(5), tokens(10), std::nullopt).status, status::gold_invalid);
  EXPECT_EQ(open_r1::cosine_scaled(characters(5), characters(10), std::nullopt).value, 1.0);
  EXPECT_EQ(open_r1::len_reward({characters(1), characters(3)}, {std::nullopt, false})[0].value, 0.5);
}

TEST(peers, repeated_blocks_by_what_they_look_like) {
  using open_instruct::repeated_blocks;
  auto const times = [](std::string const& block, int n, std::string const& between = "") {
    std::string all;
    for (int i = 0; i < n; ++i) {
      all += block + between;
      if (!between.empty()) all += std::to_string(i) + between;
    }
    return all;
  };
  // Words without any of the everyday ones that the peer calls short phrases.
  EXPECT_EQ(repeated_blocks(times("Purple elk jest. ", 4)).value(), "line_repeated_4x_consecutive");
  EXPECT_FALSE(repeated_blocks(times("Purple elk jest. ", 3)));
  EXPECT_FALSE(repeated_blocks(times("Purple = elk. ", 7)));
  EXPECT_EQ(repeated_blocks(times("Purple = elk. ", 8)).value(), "line_repeated_8x_consecutive");
  EXPECT_FALSE(repeated_blocks(times("This jests. ", 7)));
  EXPECT_EQ(repeated_blocks(times("This jests. ", 8)).value(), "line_repeated_8x_consecutive_short_phrase");
  EXPECT_FALSE(repeated_blocks(times("import purple elk. ", 30)));
  EXPECT_FALSE(repeated_blocks(times("3 + 4 elk. ", 30)));
  EXPECT_FALSE(repeated_blocks(times("Purple elk jest over me\n\n", 9)));
  EXPECT_EQ(repeated_blocks(times("Purple elk jest over me\n\n", 10)).value(), "paragraph_repeated_10x");
  EXPECT_FALSE(repeated_blocks(times("Purple elk jest over me", 19, "\n\n")));
  EXPECT_EQ(repeated_blocks(times("Purple elk jest over me", 20, "\n\n")).value(), "paragraph_repeated_20x");
  EXPECT_FALSE(repeated_blocks(times("lambda lambda math.a(", 20000)));
}

TEST(peers, countdown_never_evaluates_what_it_reads) {
  auto const score = [](std::string const& e) {
    return tinyzero::countdown("Assistant: <answer>" + e + "</answer>", 24, {2, 4, 8}).value;
  };
  EXPECT_EQ(score("(8-2)*4"), 1.0);
  EXPECT_EQ(score("(8-2)*04"), 0.1);
  EXPECT_EQ(score("8**4**2"), 0.1);
  EXPECT_EQ(score("(8-2)*4; import os"), 0.1);
  EXPECT_EQ(tinyzero::countdown("no header", 24, {2, 4, 8}).value, 0.0);
}

}  // namespace

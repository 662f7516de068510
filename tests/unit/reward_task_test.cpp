// SPDX-License-Identifier: MIT
#include <aha/reward/task/registry.hpp>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "../support/error_of.hpp"

namespace {

namespace task = aha::reward::task;
namespace math = aha::reward::math;
using aha::reward::outcome;
using aha::reward::reason;
using aha::reward::status;

void expect(outcome const& got, double value, status what, reason why, std::string const& about) {
  EXPECT_EQ(got.value, value) << about;
  EXPECT_EQ(to_string(got.status), to_string(what)) << about;
  EXPECT_EQ(to_string(got.reason), to_string(why)) << about;
}

TEST(task_answer, forms_of_numbers) {
  struct row {
    char const *gold, *answer;
    bool literal, integer;
  };
  for (row const& r : {row{"936", "936", true, true},
                       {"936", "0936", true, true},
                       {"1234", "1,234", true, true},
                       {"-5", "-5", true, true},
                       {"936", "x = 936", true, true},
                       {"936", "347 + 589 = 936", true, true},
                       {"936", "936.0", true, false},
                       {"936", "936/1", true, false},
                       {"3.5", "3 1/2", true, false},
                       {"0.4", "40\\%", true, false},
                       {"936", "347 + 589", false, false},
                       {"3.5", "3 + 1/2", false, false},
                       {"8", "2^3", false, false},
                       {"3", "\\sqrt{9}", false, false},
                       {"(1, 2)", "(1, 2)", true, true},
                       {"(1, 2)", "(1, 1 + 1)", false, false}}) {
    math::verify_options options;
    EXPECT_TRUE(math::verify_answer(r.gold, r.answer, options).equal) << r.answer;
    options.form = math::answer_form::literal;
    math::verdict const literal = math::verify_answer(r.gold, r.answer, options);
    EXPECT_EQ(literal.equal, r.literal) << r.answer;
    options.form = math::answer_form::integer;
    math::verdict const integer = math::verify_answer(r.gold, r.answer, options);
    EXPECT_EQ(integer.equal, r.integer) << r.answer;
    EXPECT_EQ(integer.reason == reason::unfinished_answer, !r.integer) << r.answer;
  }
}

TEST(task_answer, gsm8k) {
  std::string const gold = "She has 3 * 400 = 1200 and 34 more.\n#### 1,234";
  EXPECT_EQ(task::gsm8k(gold, "so it is 1234 apples.").value, 1.0);
  EXPECT_EQ(task::gsm8k(gold, "The answer is \\boxed{1{,}234}.").value, 1.0);
  EXPECT_EQ(task::gsm8k("1234", "work\n#### 1234").value, 1.0);
  EXPECT_EQ(task::gsm8k(gold, "1234 at first, then 1235").value, 0.0);
  EXPECT_EQ(task::gsm8k(gold, "").status, status::no_answer);
  EXPECT_EQ(task::gsm8k("", "5").status, status::gold_invalid);
  EXPECT_EQ(task::gsm8k("x + 1", "x + 1").status, status::gold_invalid);
}

TEST(task_answer, aime) {
  for (char const* answer : {"73", "073", "\\boxed{073}", "The answer is 73."})
    EXPECT_EQ(task::aime("73", answer).value, 1.0) << answer;
  EXPECT_EQ(task::aime("073", "73").value, 1.0);
  EXPECT_EQ(task::aime("0", "000").value, 1.0);
  expect(task::aime("36", "\\boxed{6^2}"), 0, status::scored, reason::unfinished_answer, "6^2");
  expect(task::aime("36", "\\boxed{36.0}"), 0, status::scored, reason::unfinished_answer, "36.0");
  EXPECT_EQ(task::aime("36", "37").value, 0.0);
  for (char const* gold : {"1000", "-1", "1/2", "x", ""})
    EXPECT_EQ(task::aime(gold, gold).status, status::gold_invalid) << gold;
  EXPECT_EQ(task::aime("9^{9^9}", "5").value, 0.0);
}

TEST(task_answer, multiplication) {
  std::string product = "1";
  for (int k = 0; k < 300; ++k) product += "0";
  EXPECT_EQ(task::multiplication(product, "<answer>" + product + "</answer>").value, 1.0);
  EXPECT_EQ(task::multiplication(product, "<answer>" + product + "0</answer>").value, 0.0);
  EXPECT_EQ(task::multiplication("56088", "<answer>56,088</answer>").value, 1.0);
  expect(task::multiplication("56088", "<answer>123 * 456</answer>"), 0, status::scored, reason::unfinished_answer,
         "repeats the question");
  EXPECT_EQ(task::multiplication("-6", "<answer>-6</answer>").value, 1.0);
  EXPECT_EQ(task::multiplication("123 * 456", "56088").status, status::gold_invalid);
}

TEST(task_choice, forms_of_letters) {
  for (char const* text : {"B", "(B)", "B.", "\\boxed{\\text{B}}", "$\\boxed{\\mathrm{B}}$", "\\boxed{\\textbf{(B)}}",
                           "\\boxed{B. 12}", "The answer is B", "The correct option is (B).", "<answer>B</answer>",
                           "Answer: **B**", "A) 12\nB) 14\nThe answer is B) 14", "A man walks. I think it is B",
                           "Final answer: (B) 14", "<think>A or C</think> B"})
    EXPECT_EQ(task::multiple_choice("B", text).value, 1.0) << text;
  for (char const* text : {"A", "The answer is C", "The answer is A, not B"})
    EXPECT_EQ(task::multiple_choice("B", text).value, 0.0) << text;
  for (char const* text : {"", "b", "ABBA", "A man walks", "no letter here", "<think>B"})
    EXPECT_EQ(task::multiple_choice("B", text).status, status::no_answer) << text;
  EXPECT_EQ(task::multiple_choice("A", "A man walks").status, status::no_answer);
  EXPECT_EQ(task::multiple_choice("A", "A is right").value, 1.0);
  task::choice_rules nine;
  nine.count = 9;
  EXPECT_EQ(task::multiple_choice("I", "I think so", nine).status, status::no_answer);
  EXPECT_EQ(task::multiple_choice("I", "I", nine).value, 1.0);
}

TEST(task_choice, several_letters_are_no_choice) {
  for (char const* text : {"The answer is A or B", "The answer is (A) or (B)", "A, B", "The answer is A/B",
                           "Answer: A and C", "I say A or (C)", "\\boxed{C and A}", "\\boxed{A, B}"}) {
    for (char const* gold : {"A", "B", "C"})
      EXPECT_EQ(task::multiple_choice(gold, text).value, 0.0) << gold << ": " << text;
  }
}

TEST(task_choice, texts_of_options) {
  task::choice_rules rules;
  rules.texts = {"1/2", "0.25", "\\sqrt{2}", "none of these"};
  EXPECT_EQ(task::multiple_choice("B", "\\boxed{\\frac14}", rules).value, 1.0);
  EXPECT_EQ(task::multiple_choice("0.25", "B", rules).value, 1.0);
  EXPECT_EQ(task::multiple_choice("A", "so it is $0.5$", rules).value, 1.0);
  EXPECT_EQ(task::multiple_choice("A", "so it is $0.75$", rules).status, status::no_answer);
  EXPECT_EQ(task::multiple_choice("D", "the answer is none of these", rules).value, 1.0);
  EXPECT_EQ(task::multiple_choice("E", "E", rules).status, status::gold_invalid);
  rules.texts = {"1/2", "0.5"};
  EXPECT_EQ(task::multiple_choice("A", "$0.5$", rules).status, status::no_answer) << "two options have this value";
  rules = {};
  for (int const count : {0, 27}) {
    rules.count = count;
    EXPECT_EQ(task::multiple_choice("A", "A", rules).status, status::gold_invalid);
  }
}

TEST(task_simplerl, both_rules) {
  auto const independent = task::simplerl_rule::independent;
  struct row {
    char const* text;
    double mix, alone;
  };
  for (row const& r : {row{"\\boxed{5}", 1, 1},
                       {"the answer is 5", -1, 0.5},
                       {"\\boxed{6}", -0.5, -0.5},
                       {"the answer is 6", -1, -1},
                       {"", -1, -1}}) {
    EXPECT_EQ(task::simplerl("5", r.text).value, r.mix) << r.text;
    EXPECT_EQ(task::simplerl("5", r.text, independent).value, r.alone) << r.text;
    EXPECT_EQ(task::simplerl("5", r.text).status, status::scored) << r.text;
  }
  EXPECT_EQ(task::simplerl("", "\\boxed{5}").status, status::gold_invalid);
}

TEST(task_names, every_reward_judges_by_its_name) {
  std::set<std::string_view> names;
  for (task::named_reward const& r : task::named_rewards) {
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
    EXPECT_GT(r.says.size(), 20U);
    std::string const gold = r.name == "countdown" ? "6: 2 3" : r.name == "multiple_choice" ? "B" : "6";
    std::string const right = r.name == "countdown" ? "\\boxed{2 * 3}" : "\\boxed{" + gold + "}";
    EXPECT_EQ(task::reward_named(r.name)->judge(gold, right).value, 1.0) << r.name;
    EXPECT_NE(r.judge(gold, "\\boxed{7}").value, 1.0) << r.name;
    EXPECT_NE(r.judge(gold, "").value, 1.0) << r.name;
    EXPECT_EQ(r.judge("", right).status, status::gold_invalid) << r.name;
  }
  for (task::data_source_row const& row : task::data_sources)
    EXPECT_EQ(task::reward_named(row.source)->name, row.reward);
  std::string const error = error_of([] { task::reward_named("gsm9k"); });
  EXPECT_NE(error.find("aha::reward::task::reward_named: name: expected one of gsm8k math"), std::string::npos)
      << error;
  EXPECT_NE(error.find("got gsm9k"), std::string::npos) << error;
}

}  // namespace

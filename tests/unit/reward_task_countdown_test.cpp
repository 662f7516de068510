// SPDX-License-Identifier: MIT
#include <aha/reward/task/countdown.hpp>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <string>

namespace {

namespace task = aha::reward::task;
using aha::reward::outcome;
using aha::reward::reason;
using aha::reward::status;

outcome judge(std::string const& text, std::int64_t target, std::vector<std::int64_t> numbers,
              task::countdown_rules const& rules = {}) {
  return task::countdown(task::countdown_problem{target, std::move(numbers)}, "<answer>" + text + "</answer>", rules);
}

TEST(task_countdown, right_and_wrong) {
  for (char const* text : {"(8 - 4) * 6", "6*(8-4)", "[8 - 4] \\times 6", "$(8-4)\\cdot 6$",
                           "(8 \xE2\x88\x92 4) \xC3\x97 6", "\\left(8-4\\right)\\times 6", "(8 - 4) * 6 = 24",
                           "-(4 - 8) * 6", "(+8 - 4) * 6", "\\boxed{(8-4)*6}", "(8 - 4) * 6.\n"})
    EXPECT_EQ(judge(text, 24, {4, 6, 8}).value, 1.0) << text;
  struct row {
    char const* text;
    reason why;
  };
  for (row const& r : {row{"4 + 6 + 8", reason::wrong_value},
                       {"4 * 6", reason::wrong_numbers},
                       {"4 * 6 * 8 / 8", reason::wrong_numbers},
                       {"24", reason::wrong_numbers},
                       {"(8 - 4) * 6 + 0", reason::wrong_numbers},
                       {"8 / (4 - 4) * 6", reason::wrong_numbers},
                       {"99999999999999999999 + 4", reason::wrong_numbers},
                       {"", reason::no_expression},
                       {"(8 - 4) * 6)", reason::no_expression},
                       {"((8 - 4) * 6", reason::no_expression},
                       {"8 4 6", reason::no_expression},
                       {"8(4)6", reason::no_expression},
                       {"8 ** 4 - 6", reason::no_expression},
                       {"8 // 4 * 6", reason::no_expression},
                       {"8.0 - 4", reason::no_expression},
                       {"(8 - 4) * 6 = 25", reason::no_expression},
                       {"(8 - 4) * 6 = 24 = 24", reason::no_expression},
                       {"24 = (8 - 4) * 6", reason::no_expression},
                       {"__import__('os')", reason::no_expression},
                       {"8 - 4 * 6 +", reason::no_expression}}) {
    outcome const got = judge(r.text, 24, {4, 6, 8});
    EXPECT_EQ(got.value, 0.0) << r.text;
    EXPECT_EQ(to_string(got.reason), to_string(r.why)) << r.text;
    EXPECT_EQ(got.status, status::scored) << r.text;
  }
  EXPECT_EQ(judge("8 / (4 - 4)", 24, {4, 4, 8}).reason, reason::undefined_value);
  EXPECT_EQ(judge("-24", -24, {24}).value, 1.0);
  EXPECT_EQ(judge("-24 = -24", -24, {24}).value, 1.0);
}

TEST(task_countdown, rules_and_places) {
  task::countdown_rules some;
  some.use_all = false;
  EXPECT_EQ(judge("4 * 6", 24, {4, 6, 8}, some).value, 1.0);
  EXPECT_EQ(judge("4 * 6 * 4 / 4", 24, {4, 6, 8}, some).value, 0.0);
  task::countdown_rules credit;
  credit.format_score = 0.1;
  EXPECT_EQ(judge("4 + 6 + 8", 24, {4, 6, 8}, credit).value, 0.1);
  EXPECT_EQ(judge("4 +", 24, {4, 6, 8}, credit).value, 0.0);
  task::countdown_problem const p{24, {4, 6, 8}};
  EXPECT_EQ(task::countdown(p, "(8-4)*6").status, status::no_answer);
  EXPECT_EQ(task::countdown(p, "").status, status::no_answer);
  EXPECT_EQ(task::countdown(p, "<think><answer>(8-4)*6</answer>").status, status::no_answer)
      << "reasoning that has not ended";
  EXPECT_EQ(task::countdown(p, "<think><answer>4</answer></think><answer>(8-4)*6</answer>").value, 1.0);
  EXPECT_EQ(task::countdown(p, "<answer>4</answer> no: <answer>(8-4)*6</answer>").value, 1.0);
  EXPECT_EQ(task::countdown(p, "<answer>(8-4)*6</answer> no: <answer>4</answer>").value, 0.0);
  EXPECT_EQ(task::countdown(task::countdown_problem{}, "<answer>1</answer>").status, status::gold_invalid);
}

TEST(task_countdown, problems_as_text) {
  for (char const* text : {"24: 4 6 8", "24: [4, 6, 8]", "{\"target\": 24, \"numbers\": [4, 6, 8]}",
                           "{'numbers': [4, 6, 8], 'target': 24}", "{'nums': [4, 6, 8], 'target': 24}"}) {
    auto const p = task::countdown_problem_of(text);
    ASSERT_TRUE(p.has_value()) << text;
    EXPECT_EQ(p->target, 24) << text;
    EXPECT_EQ(p->numbers, (std::vector<std::int64_t>{4, 6, 8})) << text;
  }
  EXPECT_EQ(task::countdown_problem_of("-3: 1 4")->target, -3);
  for (char const* text :
       {"", "24", "24:", ": 4 6", "24 25: 4", "24: 4 -6", "24: 99999999999999999999", "target numbers"})
    EXPECT_FALSE(task::countdown_problem_of(text).has_value()) << text;
}

// Fractions of small numbers, by themselves: the oracle of random expressions.
struct fraction {
  std::int64_t above = 0, below = 1;  // below 0: undefined
};
fraction reduced(std::int64_t above, std::int64_t below) {
  if (below == 0) return {0, 0};
  std::int64_t const g = std::gcd(above, below) * (below < 0 ? -1 : 1);
  return {above / g, below / g};
}
fraction apply(char sign, fraction a, fraction b) {
  if (a.below == 0 || b.below == 0) return {0, 0};
  if (sign == '+') return reduced(a.above * b.below + b.above * a.below, a.below * b.below);
  if (sign == '-') return reduced(a.above * b.below - b.above * a.below, a.below * b.below);
  if (sign == '*') return reduced(a.above * b.above, a.below * b.below);
  return b.above == 0 ? fraction{0, 0} : reduced(a.above * b.below, a.below * b.above);
}
struct written {
  std::string text;
  fraction value;
  int strength = 4;  // of its outermost operation: 1 + -, 2 * /, 4 a number
};
/// An expression over numbers[from, to) with no more parentheses than it needs, now and then with some.
written random_expression(std::vector<std::int64_t> const& numbers, std::size_t from, std::size_t to, std::mt19937& g) {
  if (to - from == 1) return {std::to_string(numbers[from]), {numbers[from], 1}};
  std::size_t const cut = from + 1 + g() % (to - from - 1);
  written const a = random_expression(numbers, from, cut, g), b = random_expression(numbers, cut, to, g);
  char const sign = "+-*/"[g() % 4];
  int const strength = sign == '+' || sign == '-' ? 1 : 2;
  auto const wrapped = [&](written const& x, bool right) {
    bool const needed = x.strength < strength || (right && x.strength == strength);
    return needed || g() % 8 == 0 ? "(" + x.text + ")" : x.text;
  };
  std::string const blank = g() % 2 == 0 ? " " : "";
  return {wrapped(a, false) + blank + sign + blank + wrapped(b, true), apply(sign, a.value, b.value), strength};
}

TEST(task_countdown, random_expressions_against_fractions) {
  std::mt19937 g(7);
  int right = 0, undefined = 0;
  for (int k = 0; k < 20000; ++k) {
    std::vector<std::int64_t> numbers(1 + g() % 5);
    for (auto& n : numbers) n = static_cast<std::int64_t>(g() % 13);
    written const e = random_expression(numbers, 0, numbers.size(), g);
    bool const whole = e.value.below == 1;
    std::int64_t const target = whole && g() % 2 == 0 ? e.value.above : static_cast<std::int64_t>(g() % 30);
    std::vector<std::int64_t> given = numbers;
    std::shuffle(given.begin(), given.end(), g);
    outcome const got = judge(e.text, target, given);
    bool const want = whole && e.value.above == target;
    EXPECT_EQ(got.value, want ? 1.0 : 0.0) << e.text << " and " << target;
    EXPECT_EQ(got.reason == reason::undefined_value, e.value.below == 0) << e.text;
    right += want ? 1 : 0;
    undefined += e.value.below == 0 ? 1 : 0;
    given.push_back(1);
    EXPECT_EQ(judge(e.text, target, given).value, 0.0) << "a number is left over: " << e.text;
  }
  EXPECT_GT(right, 4000);
  EXPECT_GT(undefined, 500);
}

TEST(task_countdown, hostile_text) {
  for (std::string const piece : {"(", "-", "+", "(-", "1+", "1", "[", ")", "=", "\\left", "$", "\\times", "((1))-"}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    EXPECT_EQ(judge(text, 5, {1, 2, 3}).value, 0.0) << piece;
    bool const says_nothing =
        piece == "+" || piece == "-" || piece == "$" || piece == "\\left";  // 200000 signs are an even number
    EXPECT_EQ(judge(text + "1", 1, {1}).value, says_nothing ? 1.0 : 0.0) << piece;
  }
}

}  // namespace

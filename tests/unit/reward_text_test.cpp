// SPDX-License-Identifier: MIT
// Expressions of rewards as text and back, and texts that are refused.
#include "error_of.hpp"
#include "reward_rows.hpp"

#include <gtest/gtest.h>

namespace {

using namespace aha;
using reward::dynamic_expression;
using reward::parse;
using reward::unit_kind;

constexpr reward::column<0> correct;
constexpr reward::column<1> format;
constexpr reward::column<2, reward::tokens> length;

TEST(reward_text, expressions_read_as_they_are_written) {
  EXPECT_EQ(to_string(gate(format, correct) + 0.1 * format - overlong(length, 8192, 2048)),
            "gate(column(1), column(0)) + 0.1 * column(1) - overlong(tokens(2), 8192, 2048)");
  EXPECT_EQ(to_string(-correct), "-column(0)");
  EXPECT_EQ(to_string(1 - correct), "1 - column(0)");
  EXPECT_EQ(to_string(correct * (format - 0.5)), "column(0) * (column(1) - 0.5)");
  EXPECT_EQ(to_string(2 * (correct * format)), "2 * (column(0) * column(1))");
  EXPECT_EQ(to_string(correct - correct * format), "column(0) - (column(0) * column(1))");
  EXPECT_EQ(to_string(cosine(length, correct, {4096, 2, 1, -10, 0, -5})),
            "cosine(tokens(2), column(0), 4096, 2, exceeded=-5)");
  EXPECT_EQ(to_string(reward::warm_up(50) * kimi(length, correct)),
            "schedule((50, 0), (50, 1)) * kimi(tokens(2), column(0))");
  EXPECT_EQ(to_string(normalize_group(correct, 0, 1e-4)), "normalize_group(column(0), 0, 1e-04)");
  EXPECT_EQ(to_string(clip(correct, -HUGE_VAL, 1)), "clip(column(0), -inf, 1)");
  EXPECT_EQ(to_string(dynamic_expression()), "");
}
TEST(reward_text, names_and_units) {
  auto const same = [](std::string const& t) { EXPECT_EQ(to_string(parse(t)), t); };
  same("correct");
  same("_x1 + y_2");
  same("column(\"r\xC3\xA4tsel 1\")");
  same("tokens(length)");
  same("characters(\"answer length\")");
  same("characters(7)");
  EXPECT_EQ(to_string(parse("column(correct)")), "correct");
  EXPECT_EQ(to_string(parse("column('a b')")), "column(\"a b\")");
  EXPECT_EQ(parse("tokens(length)").unit(), unit_kind::tokens);
  EXPECT_EQ(to_string(dynamic_expression::column("length", unit_kind::tokens)), "tokens(length)");
  // A word that is an operation elsewhere is a column where nothing is called.
  same("min + max(min, gate)");
}
TEST(reward_text, sums_products_and_parentheses) {
  auto const reads = [](char const* from, char const* to) { EXPECT_EQ(to_string(parse(from)), to) << from; };
  reads("2*3*-x", "-6 * x");
  reads("x * 2", "2 * x");
  reads("x / 4", "0.25 * x");
  reads("1 / 4", "0.25");
  reads("x - (y - (z - 1))", "x - y + z - 1");
  reads("0.5 * (x + 2 * y)", "0.5 * x + y");
  reads("-(x * y)", "-(x * y)");
  reads("-x * y", "(-x) * y");
  reads("x * y * (z * w)", "x * y * z * w");
  reads("(x + y) * (x - y)", "(x + y) * (x - y)");
  reads("2 * (0.5 * x)", "x");
  reads("x - -0.5", "x + 0.5");
  reads(" gate ( a , b ) ", "gate(a, b)");
  reads("overlong(tokens(l))", "overlong(tokens(l), 20480, 4096)");
  reads("overlong(tokens(l), cache=10, limit=100)", "overlong(tokens(l), 100, 10)");
  reads("stop_properly(a, t, -1)", "stop_properly(a, t, -1)");
  reads("max(a, 1)", "max(a, 1)");
  reads("piecewise(x, (0, -1), (2.5, 1e3))", "piecewise(x, (0, -1), (2.5, 1000))");
}
/// A random dynamic expression over the whole list, of plain numbers or of a length.
dynamic_expression random_expression(std::mt19937_64& gen, int depth, bool of_length = false) {
  auto const uniform = [&] { return static_cast<double>(gen() >> 11U) * 0x1p-53; };
  if (of_length || depth == 0) {
    if (of_length) return dynamic_expression::column(4, unit_kind::tokens);
    if (gen() % 6 == 0) return {4 * uniform() - 2};
    return dynamic_expression::column(static_cast<int>(gen() % 4));
  }
  auto const below = [&] { return random_expression(gen, depth - 1); };
  switch (gen() % 4) {
    case 0: return below() + (2 * uniform() - 1) * below();
    case 1: return below() - below();
    case 2: return below() * below();
    default: break;
  }
  dynamic_expression made;
  auto chosen = gen() % reward::operations::size;
  for_each_type(reward::operations{}, [&](auto tag) {
    using Operation = typename decltype(tag)::type;
    if (chosen-- != 0) return;
    std::vector<dynamic_expression> arguments;
    int const n = Operation::arguments == reward::any_count ? 1 + static_cast<int>(gen() % 3) : Operation::arguments;
    for (int k = 0; k < n; ++k) {
      arguments.push_back(random_expression(gen, depth - 1, k == 0 && Operation::units == reward::unit_rule::length));
    }
    Operation op{};
    Operation::params([&](std::string_view, auto member, range const&, std::string_view) {
      using Member = std::decay_t<decltype(op.*member)>;
      if constexpr (std::is_same_v<Member, double>) op.*member *= 1 + uniform();
    });
    made = dynamic_expression::apply(op, arguments);
  });
  return made;
}

TEST(reward_text, any_expression_reads_back_to_the_same_text_and_the_same_bits) {
  std::mt19937_64 gen(21);
  reward_rows::random_table const t(22, 70, 0.2);
  std::size_t nodes = 0;
  for (int round = 0; round < 1500; ++round) {
    dynamic_expression const e = random_expression(gen, 1 + round % 4);
    std::string const text = to_string(e);
    dynamic_expression const back = parse(text);
    ASSERT_EQ(to_string(back), text);
    auto const one = reward_rows::run(e, t.rows, t.n);
    auto const two = reward_rows::run(back, t.rows, t.n);
    ASSERT_TRUE(reward_rows::same_bits(one.reward, two.reward)) << text;
    ASSERT_EQ(one.status, two.status) << text;
    nodes = std::max(nodes, e.nodes().size());
  }
  EXPECT_GT(nodes, 20U);
}

std::string error(std::string_view t) {
  aha::status why;
  dynamic_expression const e = parse(t, &why);
  EXPECT_TRUE(why.ok() || e.empty());
  return why.message();
}
TEST(reward_text, mistakes_say_where_and_what) {
  EXPECT_EQ(error(""),
            "aha::reward::parse: text: expected a column, an operation or a number, got its end at position 0");
  EXPECT_EQ(error("a + "),
            "aha::reward::parse: text: expected a column, an operation or a number, got its end at position 4");
  EXPECT_EQ(error("a b"), "aha::reward::parse: text: expected the end of the text, got 'b' at position 2");
  EXPECT_EQ(
      error("gat(a, b)"),
      "aha::reward::parse: text: expected an operation, column, tokens or characters, got 'gat(a, b)' at position 0");
  EXPECT_EQ(error("product(a, b)"),
            "aha::reward::parse: text: expected an operation, column, tokens or characters, got "
            "'product(a, b' at position 0");
  EXPECT_EQ(error("gate(a, b"), "aha::reward::parse: text: expected ',', got its end at position 9");
  EXPECT_EQ(error("gate(a)"), "aha::reward::gate: arguments: expected 2, got 1");
  EXPECT_EQ(error("max()"), "aha::reward::max: arguments: expected 1 or more, got 0");
  EXPECT_EQ(error("gate(a, b, 3)"), "aha::reward::gate: numbers: expected no numbers, got number 1");
  EXPECT_EQ(error("clip(a, 0, 1, 2)"), "aha::reward::clip: numbers: expected at most 2, got number 3");
  EXPECT_EQ(error("clip(a, bottom=0)"), "aha::reward::clip: bottom: expected one of low, high, got an unknown name");
  EXPECT_EQ(error("clip(a, 0, low=1)"), "aha::reward::clip: low: expected one value, got two");
  EXPECT_EQ(error("clip(a, 2, 1)"), "aha::reward::clip: low: expected at most high (1), got 2");
  EXPECT_EQ(error("clip(a, (1, 2))"), "aha::reward::clip: points: expected low, high, got 1 points");
  EXPECT_EQ(error("overlong(tokens(l), 10, 11)"), "aha::reward::overlong: cache: expected at most limit (10), got 11");
  EXPECT_EQ(error("overlong(tokens(l), -1)"),
            "aha::reward::overlong: limit: expected a number >= 0, at most 1e+140, got -1");
  EXPECT_EQ(error("overlong(l)"),
            "aha::reward::overlong: argument 1: expected a length in tokens or characters, got number");
  EXPECT_EQ(error("tokens(a) + b"), "aha::reward::sum: summand: expected the unit tokens, got number");
  EXPECT_EQ(error("max(tokens(a), characters(b))"),
            "aha::reward::max: argument 2: expected the unit of the arguments before it, got characters");
  EXPECT_EQ(error("tokens(a) * tokens(b)"),
            "aha::reward::product: factor: expected a plain number beside a length, got tokens");
  EXPECT_EQ(error("normalize_running(a, 0.5)"),
            "aha::reward::normalize_running: slot: expected an integer from 0 to 63, got 0.5");
  EXPECT_EQ(error("normalize_group(a, 2)"), "aha::reward::normalize_group: ddof: expected 0 or 1, got 2");
  EXPECT_EQ(
      error("piecewise(a, (1, 0), (0, 0))"),
      "aha::reward::piecewise: points: expected 1 to 16 pairs (x, y) of finite numbers with rising x, two at one x "
      "for a jump, got (1, 0), (0, 0)");
  EXPECT_EQ(error("a / b"),
            "aha::reward::parse: text: expected a number other than 0 behind '/', got its end at position 5");
  EXPECT_EQ(error("a / 0"),
            "aha::reward::parse: text: expected a number other than 0 behind '/', got its end at position 5");
  EXPECT_EQ(error("column(1.5)"),
            "aha::reward::parse: text: expected an index, an integer from 0 to 1000000, got ')' at position 10");
  EXPECT_EQ(error("column(\"a"), "aha::reward::parse: text: expected a closing quote, got 'a' at position 8");
  EXPECT_EQ(error("column(\"\")"),
            "aha::reward::column: name: expected 1 to 64 bytes without quotes and control characters, got other");
  EXPECT_THROW(parse("gate("), std::invalid_argument);
}

TEST(reward_text, hostile_texts_are_refused) {
  EXPECT_EQ(error(std::string(100, '(') + "a"),
            "aha::reward::parse: text: expected at most 64 levels of nesting, got '((((((((((((' at position 64");
  EXPECT_EQ(error(std::string(1000000, '-')).substr(0, 74),
            "aha::reward::parse: text: expected at most 64 levels of nesting, got '----");
  std::string deep;
  for (int k = 0; k < 100000; ++k) deep += "abs(";
  EXPECT_EQ(error(deep).substr(0, 66), "aha::reward::parse: text: expected at most 64 levels of nesting, g");
  std::string wide = "a";
  for (int k = 0; k < 100000; ++k) wide += "+a";
  EXPECT_EQ(error(wide), "aha::reward::expression: nodes: expected at most 4096, got more");
  std::string many = "max(a";
  for (int k = 0; k < 10000; ++k) many += ",a";
  EXPECT_EQ(error(many + ")"), "aha::reward::expression: nodes: expected at most 4096, got more");
  EXPECT_EQ(error("a + 1e999"), "aha::reward::parse: text: expected a number, got '1e999' at position 4");
  EXPECT_EQ(error("1e300 * 1e300 * a"), "aha::reward::parse: weight: expected a number within +-1e+140, got inf");
  EXPECT_EQ(error("1e141"), "aha::reward::parse: number: expected a number within +-1e+140, got 1e+141");
  EXPECT_EQ(error("a / 1e-320"), "aha::reward::parse: weight: expected a number within +-1e+140, got inf");
  EXPECT_EQ(error("clip(a, nan, 1)"), "aha::reward::parse: text: expected '=', got ', 1)' at position 11");
  EXPECT_EQ(error("clip(a, inf, -inf)"), "aha::reward::clip: low: expected at most high (-inf), got inf");
  EXPECT_EQ(error("affine(a, inf)"), "aha::reward::affine: scale: expected a number within +-1e+140, got inf");
  EXPECT_EQ(error("normalize_running(a, 1e300)"),
            "aha::reward::normalize_running: slot: expected an integer from 0 to 63, got 1e+300");
  EXPECT_EQ(error("column(99999999999999999999)"),
            "aha::reward::parse: text: expected an index, an integer from 0 to 1000000, got ')' at position 27");
  std::string const name(65, 'x');
  EXPECT_EQ(error(name),
            "aha::reward::column: name: expected 1 to 64 bytes without quotes and control characters, got 65 bytes");
  std::string points = "schedule(";
  for (int k = 0; k < 17; ++k) points += (k > 0 ? ",(" : "(") + std::to_string(k) + ",0)";
  EXPECT_EQ(
      error(points + ")"),
      "aha::reward::schedule: points: expected 1 to 16 pairs (x, y) of finite numbers with rising x, two at one x for "
      "a jump, got 17 of them");
}
TEST(reward_text, bytes_that_are_no_text) {
  using namespace std::string_view_literals;
  EXPECT_EQ(error("a + \0b"sv),
            "aha::reward::parse: text: expected a column, an operation or a number, got '\\x00b' at position 4");
  EXPECT_EQ(error("a\0"sv), "aha::reward::parse: text: expected the end of the text, got '\\x00' at position 1");
  EXPECT_EQ(error("\xFF\xC3("sv),
            "aha::reward::parse: text: expected a column, an operation or a number, got '\\xff\\xc3(' at position 0");
  EXPECT_EQ(error("column(\"a\0b\")"sv),
            "aha::reward::column: name: expected 1 to 64 bytes without quotes and control characters, got other");
  // Every short text of an alphabet of the grammar ends, in an expression or an error with a place.
  std::string_view const alphabet[] = {"a", "(",    ")", "+",  "-",       "*",   "/", ",",
                                       "1", "max(", "=", "\"", "tokens(", "inf", "."};
  std::mt19937_64 gen(3);
  int legal = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string t;
    for (auto n = gen() % 9; n > 0; --n) t += alphabet[gen() % std::size(alphabet)];
    aha::status why;
    dynamic_expression const e = parse(t, &why);
    if (!why.ok()) {
      ASSERT_EQ(why.message().rfind("aha::reward::", 0), 0U) << t;
      continue;
    }
    ++legal;
    ASSERT_EQ(to_string(parse(to_string(e))), to_string(e)) << t;
  }
  EXPECT_GT(legal, 1000);
}

TEST(reward_text, mixes_at_run_time_are_refused_too) {
  auto const x = dynamic_expression::column("l", unit_kind::tokens);
  EXPECT_EQ(error_of([&] { overlong(x, reward::characters{9}, reward::characters{3}); }),
            "aha::reward::length: limit: expected the length's unit tokens, got characters");
  EXPECT_EQ(to_string(overlong(x, reward::tokens{9}, reward::tokens{3})), "overlong(tokens(l), 9, 3)");
  EXPECT_EQ(error_of([&] { x + correct; }), "aha::reward::sum: summand: expected the unit tokens, got number");
  EXPECT_EQ(error_of([&] { dynamic_expression::column(-1); }),
            "aha::reward::column: index: expected an integer >= 0, got -1");
  EXPECT_EQ(error_of([&] { reward::call("nothing", {}); }),
            "aha::reward::call: name: expected an operation, got another word");
  EXPECT_EQ(error_of([&] { clip(dynamic_expression(), 0, 1); }),
            "aha::reward::clip: arguments: expected expressions, got an empty one");
  // Static and dynamic mix; the result is dynamic.
  EXPECT_EQ(to_string(gate(correct, parse("a") + 0.5) * format), "gate(column(0), a + 0.5) * column(1)");
  EXPECT_EQ(to_string(reward::call("clip", {parse("a")}, {{"high", 3}, {"low", 2}})), "clip(a, 2, 3)");
}

}  // namespace

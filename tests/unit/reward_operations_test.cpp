// SPDX-License-Identifier: MIT
// Every operation against a plain loop over doubles, or numbers worked out by hand.
#include "reward_rows.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace {

using namespace aha;
using reward_rows::nan;
using reward_rows::values;
using vec = std::vector<double>;

constexpr reward::column<0> a;
constexpr reward::column<1> b;
constexpr reward::column<2> c;
constexpr reward::column<0, reward::tokens> length;

/// Where f(x, y, z) is what the expression gives for every row.
template <class E, class F>
void expect_row(E const& e, F const& f) {
  std::mt19937_64 gen(11);
  std::normal_distribution<double> normal(0.0, 2.0);
  std::vector<vec> columns(3, vec(257));
  for (vec& column : columns) {
    for (double& x : column) x = gen() % 5 == 0 ? 0.0 : normal(gen);
  }
  vec const got = values(e, columns);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i], f(columns[0][i], columns[1][i], columns[2][i])) << "row " << i;
  }
}

TEST(reward_operations, sums_and_products) {
  expect_row(a + b, [](double x, double y, double) { return x + y; });
  expect_row(a - b, [](double x, double y, double) { return x - y; });
  expect_row(-a, [](double x, double, double) { return -x; });
  expect_row(a + 0.1 * b - c / 4.0, [](double x, double y, double z) { return x + 0.1 * y - 0.25 * z; });
  expect_row(0.5 + a, [](double x, double, double) { return x + 0.5; });
  expect_row(1 - a, [](double x, double, double) { return -x + 1; });
  expect_row(a * b, [](double x, double y, double) { return x * y; });
  expect_row(a * b * c, [](double x, double y, double z) { return x * y * z; });
  expect_row(a * (b + c), [](double x, double y, double z) { return x * (y + z); });
  expect_row(3 * (a - 2 * b), [](double x, double y, double) { return 3 * x + -6 * y; });
}
TEST(reward_operations, choices) {
  expect_row(gate(a, b), [](double x, double y, double) { return x != 0 ? y : 0.0; });
  expect_row(where(a, b, c), [](double x, double y, double z) { return x != 0 ? y : z; });
  expect_row(override_with(a, b, -7), [](double x, double y, double) { return y != 0 ? -7 : x; });
  expect_row(stop_properly(a, b, 0.25), [](double x, double y, double) { return y != 0 ? 0.25 * x : x; });
  expect_row(stop_properly(a, b, 0), [](double x, double y, double) { return y != 0 ? 0 * x : x; });
  expect_row(stop_properly(a, b, -0.5), [](double x, double y, double) { return y != 0 ? -0.5 : x; });
}
TEST(reward_operations, of_one_number) {
  expect_row(reward::min(a, b, c), [](double x, double y, double z) { return std::min({x, y, z}); });
  expect_row(reward::max(a, b, 0.5), [](double x, double y, double) { return std::max({x, y, 0.5}); });
  expect_row(clip(a, -0.5, 1), [](double x, double, double) { return std::min(std::max(x, -0.5), 1.0); });
  expect_row(clip(a, -0.5, HUGE_VAL), [](double x, double, double) { return std::max(x, -0.5); });
  expect_row(affine(a, 3, -2), [](double x, double, double) { return 3 * x - 2; });
  expect_row(threshold(a, 0.7), [](double x, double, double) { return x >= 0.7 ? 1.0 : 0.0; });
  expect_row(threshold(a, 0.7, 5, -5), [](double x, double, double) { return x >= 0.7 ? 5.0 : -5.0; });
  expect_row(reward::abs(a), [](double x, double, double) { return std::fabs(x); });
  expect_row(ratio(a, b), [](double x, double y, double) { return y != 0 ? x / y : 0.0; });
  expect_row(is_there(a), [](double, double, double) { return 1.0; });
  expect_row(piecewise(a, {{-1, 0}, {0, 2}, {1, 0}}), [](double x, double, double) {
    if (x <= -1 || x >= 1) return 0.0;
    return x < 0 ? 0 + 2 * ((x + 1) / 1.0) : 2 + -2 * (x / 1.0);
  });
}
TEST(reward_operations, sigmoid_at_both_ends) {
  EXPECT_EQ(values(sigmoid(a), {{0}}), vec{0.5});
  EXPECT_EQ(values(sigmoid(a), {{1e5, -1e5}}), (vec{1.0, 0.0}));
  EXPECT_NEAR(values(sigmoid(a), {{2}})[0], 1 / (1 + std::exp(-2.0)), 1e-16);
  EXPECT_NEAR(values(sigmoid(a), {{-2}})[0], std::exp(-2.0) / (1 + std::exp(-2.0)), 1e-16);
}
TEST(reward_operations, lexicographic_keeps_right_above_wrong) {
  // Qwen2.5-Math eq. 3: sigmoid(0.5 r) + (correct - 1).
  vec const r = values(lexicographic(a, b), {{0, 0, 4, -4, 1000, -1000}, {1, 0, 1, 1, 0, 1}});
  EXPECT_EQ(r[0], 0.5);
  EXPECT_EQ(r[1], -0.5);
  EXPECT_NEAR(r[2], 0.8807970779778823, 1e-15);
  EXPECT_NEAR(r[3], 0.11920292202211755, 1e-15);
  EXPECT_LE(r[4], 0.0);  // the best wrong answer
  EXPECT_GE(r[5], 0.0);  // the worst right one
  EXPECT_EQ(values(lexicographic(a, b, 1.0), {{2}, {1}})[0], values(sigmoid(a), {{2}})[0]);
}
TEST(reward_operations, lengths) {
  std::vector<vec> const lengths{{0, 6000, 6144, 7168, 8192, 9000}};
  EXPECT_EQ(values(overlong(length, 8192, 2048), lengths), (vec{0, 0, 0, 0.5, 1, 1}));
  EXPECT_EQ(values(-overlong(length, reward::tokens{8192}, reward::tokens{2048}), lengths),
            (vec{-0.0, 0, 0, -0.5, -1, -1}));
  EXPECT_EQ(values(linear_length(length, 6000, 8000, 1, 0), {{0, 7000, 9000}}), (vec{1, 0.5, 0}));
  EXPECT_EQ(values(target_length(length, 100, 50), {{100, 125, 50}}), (vec{1, 0.5, 0}));
  EXPECT_EQ(values(threshold(length, 100, -1, 0), {{99, 100}}), (vec{0, -1}));
  // right, wrong, at the limit
  vec const cosines = values(cosine(length, b, {1000, 2, 1, -10, 0, -10}), {{0, 500, 500, 1000}, {1, 1, 0, 1}});
  EXPECT_EQ(cosines, (vec{2, 1.5, -5, -10}));
  vec const clamped = values(clamped_cosine(length, b), {{0, 1000, 5000, 0, 1000}, {1, 1, 1, 0, 0}});
  EXPECT_EQ(clamped, (vec{1, 0.5, 0.5, -1, -0.5}));
}
TEST(reward_operations, kimi_looks_at_its_group_alone) {
  // Group 7: lengths 100, 300, 500; group 9: equal lengths; group 4: one row.
  std::vector<std::int64_t> const ids{7, 9, 7, 7, 9, 4, 7};
  vec const lengths{100, 40, 300, 500, 40, 9, 200};
  vec const correct{1, 1, 1, 1, 0, 1, 0};
  EXPECT_EQ(values(kimi(length, b), {lengths, correct}, ids), (vec{0.5, 0, 0, -0.5, 0, 0, 0}));
  vec const wrong(7, 0.0);
  EXPECT_EQ(values(kimi(length, b), {lengths, wrong}, ids), (vec{0, 0, 0, -0.5, 0, 0, 0}));
  // Off before the warm-up, then constant.
  auto const score = reward::warm_up(100) * 0.2 * kimi(length, b);
  EXPECT_EQ(values(score, {lengths, correct}, ids, 99.0), (vec{0, 0, 0, -0.0, 0, 0, 0}));
  EXPECT_EQ(values(score, {lengths, correct}, ids, 100.0)[0], 0.1);
  EXPECT_EQ(values(score, {lengths, correct}, ids, 1e6)[3], -0.1);
}
TEST(reward_operations, schedule_is_linear_between_its_steps) {
  auto const e = reward::schedule({{0, 0}, {100, 1}}) * a;
  for (double const step : {0.0, 25.0, 100.0, 1000.0}) {
    EXPECT_EQ(values(e, {{3}}, {}, step)[0], 3 * std::min(step / 100, 1.0));
  }
}
TEST(reward_operations, group_statistics) {
  std::mt19937_64 gen(5);
  std::vector<std::int64_t> ids(500);
  vec x(500);
  std::map<std::int64_t, vec> members;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ids[i] = static_cast<std::int64_t>(gen() % 60) * 1000003 - 7;
    x[i] = static_cast<double>(gen() % 1000) / 7;
    members[ids[i]].push_back(x[i]);
  }
  auto const check = [&](auto const& e, auto const& f, double tolerance) {
    vec const got = values(e, {x}, ids);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(got[i], f(x[i], members[ids[i]]), tolerance) << i;
  };
  auto const mean = [](vec const& v) {
    double s = 0;
    for (double const y : v) s += y;
    return s / static_cast<double>(v.size());
  };
  auto const deviation = [&](vec const& v, int ddof) {
    double s = 0;
    for (double const y : v) s += (y - mean(v)) * (y - mean(v));
    return v.size() > static_cast<std::size_t>(ddof) ? std::sqrt(s / (static_cast<double>(v.size()) - ddof)) : 0.0;
  };
  check(
      group_mean(a), [&](double, vec const& v) { return mean(v); }, 1e-12);
  check(
      group_min(a), [](double, vec const& v) { return *std::min_element(v.begin(), v.end()); }, 0);
  check(
      group_max(a), [](double, vec const& v) { return *std::max_element(v.begin(), v.end()); }, 0);
  check(
      center_group(a), [&](double y, vec const& v) { return y - mean(v); }, 1e-12);
  for (int const ddof : {0, 1}) {
    check(
        normalize_group(a, ddof, 1e-3),
        [&](double y, vec const& v) {
          double const s = deviation(v, ddof);
          return s > 0 ? (y - mean(v)) / (s + 1e-3) : 0.0;
        },
        1e-10);
  }
  check(
      a / 2 - 0.5 * group_mean(a + 0.5 * group_max(a)),
      [&](double y, vec const& v) { return y / 2 - 0.5 * (mean(v) + 0.5 * *std::max_element(v.begin(), v.end())); },
      1e-10);
}
TEST(reward_operations, equal_rewards_have_no_spread) {
  // A sequential mean of 0.1 leaves 1e-17 and divides it by eps.
  for (std::size_t const n : {1U, 3U, 7U, 12U}) {
    std::vector<std::int64_t> const ids(n, 3);
    EXPECT_EQ(values(normalize_group(a, 1, 0), {vec(n, 0.1)}, ids), vec(n, 0.0));
    EXPECT_EQ(values(normalize_batch(a, 1, 0), {vec(n, 0.1)}), vec(n, 0.0));
    EXPECT_EQ(values(center_group(a), {vec(n, 0.1)}, ids), vec(n, 0.0));
  }
}
TEST(reward_operations, batch_and_running_normalisation) {
  vec const got = values(normalize_batch(a, 0, 0.5), {{1, 2, 3, 6}});  // mean 3, variance 3.5
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[i], (vec{1, 2, 3, 6}[i] - 3) / (std::sqrt(3.5) + 0.5), 1e-15);
  vec const x{1, 2, 3, 6};
  reward::table rows;
  rows.columns = {x};
  rows.running = {moments{4, 2.0, 12.0}, moments{}};  // sample variance 4
  auto const w = reward_rows::run(normalize_running(a, 0, 1, 0), rows, 4);
  EXPECT_EQ(w.reward, (vec{-0.5, 0, 0.5, 2}));
  ASSERT_EQ(w.seen.seen.size(), 2U);
  EXPECT_EQ(w.seen.seen[0].count, 4);
  EXPECT_EQ(w.seen.seen[0].mean, 3.0);
  EXPECT_EQ(w.seen.seen[0].m2, 14.0);
  EXPECT_EQ(w.seen.seen[1].count, 0);
  // Nothing known yet: neither centred nor divided.
  EXPECT_EQ(reward_rows::run(normalize_running(a, 1), rows, 4).reward, x);
}
TEST(reward_operations, the_list_describes_itself) {
  int count = 0;
  std::vector<std::string_view> names;
  for_each_type(reward::operations{}, [&](auto tag) {
    using Operation = typename decltype(tag)::type;
    ++count;
    names.push_back(Operation::name);
    EXPECT_FALSE(Operation::formula.empty()) << Operation::name;
    EXPECT_TRUE(reward::check_operation(Operation{}).ok()) << Operation::name << ": the default is legal";
    EXPECT_EQ(reward::arguments_of(Operation::name),
              Operation::name == "product" ? reward::unknown_operation : Operation::arguments);
  });
  EXPECT_GE(count, 24);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}
TEST(reward_operations, an_expression_is_a_constant) {
  constexpr auto score = gate(b, a) + 0.1 * b - overlong(reward::column<2, reward::tokens>{}, 8192, 2048);
  static_assert(score.weight[1] == 0.1 && score.weight[2] == -1.0);
  static_assert(std::is_same_v<decltype(score)::unit, reward::number>);
  static_assert(std::is_same_v<decltype(reward::max(length, length))::unit, reward::tokens>);
  static_assert(std::is_same_v<decltype(0.5 * length - group_min(length))::unit, reward::tokens>);
  static_assert(std::is_same_v<decltype(ratio(length, group_max(length)))::unit, reward::number>);
  EXPECT_EQ(values(score, {{1, 1, 0}, {1, 0, 1}, {0, 0, 8192}}), (vec{1.1, 0, -0.9}));
}

}  // namespace

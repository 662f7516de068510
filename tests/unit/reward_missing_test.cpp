// SPDX-License-Identifier: MIT
// What a missing component does to its row, by hand.
#include "reward_rows.hpp"

#include <gtest/gtest.h>

namespace {

using namespace aha;
using reward::missing;
using reward::missing_policy;
using reward::outcome;
using reward::status;
using reward_rows::nan;
using vec = std::vector<double>;

constexpr reward::column<0> a;
constexpr reward::column<1> b;
constexpr reward::column<2> c;

/// One row of outcomes.
template <class E>
outcome one(E const& e, std::vector<outcome> const& row, missing_policy const& policy) {
  reward::table rows;
  std::vector<std::vector<outcome>> columns;
  for (outcome const& o : row) columns.push_back({o});
  for (auto const& column : columns) rows.columns.emplace_back(column);
  rows.missing = policy;
  std::vector<std::int64_t> const id{0};
  rows.by = groups<>::by_id(id);
  auto const w = reward_rows::run(e, rows, 1);
  auto const d = reward_rows::run(reward::dynamic_expression(e), rows, 1);
  EXPECT_TRUE(reward_rows::same_bits(w.reward, d.reward));
  EXPECT_EQ(w.status, d.status);
  return {w.reward[0], w.status[0]};
}
void expect(outcome const& got, double value, status s = status::scored) {
  EXPECT_EQ(got.status, s);
  if (s == status::scored) {
    EXPECT_EQ(got.value, value);
  } else {
    EXPECT_TRUE(std::isnan(got.value));
  }
}
outcome const lost{nan, status::abstained};

TEST(reward_missing, the_row_is_dropped_with_its_status) {
  missing_policy const drop(missing::drop_row);
  expect(one(a + b, {1.0, lost}, drop), 0, status::abstained);
  expect(one(a + b, {{0.0, status::gold_invalid}, lost}, drop), 0, status::gold_invalid);
  expect(one(a * b, {1.0, {0.0, status::budget}}, drop), 0, status::budget);
  expect(one(reward::max(a, b), {1.0, {0.0, status::error}}, drop), 0, status::error);
  expect(one(a, {{nan, status::scored}}, drop), 0, status::abstained);  // NaN is nobody's score
  expect(one(normalize_group(a), {lost}, drop), 0, status::abstained);
}
TEST(reward_missing, the_component_is_left_out) {
  missing_policy const drop(missing::drop_component);
  expect(one(a + 0.5 * b - c, {1.0, lost, 4.0}, drop), -3);
  expect(one(a + 0.5 * b - c, {lost, lost, 4.0}, drop), -4);
  expect(one(a + 0.5 * b - c, {lost, {0.0, status::error}, lost}, drop), 0, status::abstained);
  expect(one(a * b * c, {2.0, lost, 4.0}, drop), 8);
  expect(one(reward::min(a, b), {2.0, lost}, drop), 2);
  expect(one(reward::max(a, b), {lost, 3.0}, drop), 3);
  expect(one(clip(a, 0, 1) + b, {lost, 3.0}, drop), 3);
  expect(one(sigmoid(a) * b, {lost, 3.0}, drop), 3);
}
TEST(reward_missing, a_constant_is_no_component) {
  missing_policy const drop(missing::drop_component);
  expect(one(a + 0.5, {lost}, drop), 0, status::abstained);
  expect(one(reward::max(a, 0.5), {lost}, drop), 0, status::abstained);
  expect(one(reward::warm_up(-1) * a, {lost}, drop), 0, status::abstained);
  missing_policy const renormalize(missing::renormalize);
  expect(one(a + 3 * b + 10, {1.0, lost}, renormalize), 1 * 4 + 10);
}
TEST(reward_missing, weights_are_renormalised) {
  missing_policy const renormalize(missing::renormalize);
  expect(one(a + 3 * b, {2.0, lost}, renormalize), 8);
  expect(one(a + 3 * b, {lost, 2.0}, renormalize), 6 * (4.0 / 3.0));
  expect(one(a + 3 * b, {2.0, 2.0}, renormalize), 8);
  // A penalty is a component with weight 1: |1| + |-1| over |1|.
  expect(one(a - b, {2.0, lost}, renormalize), 4);
  expect(one(0 * a + b, {2.0, lost}, renormalize), 0);
  expect(one(a * b, {2.0, lost}, renormalize), 2);  // a product has no weights
}
TEST(reward_missing, it_counts_as_a_value) {
  expect(one(a + b, {1.0, lost}, missing_policy(missing::value)), 1);
  expect(one(a + b, {1.0, lost}, missing_policy(missing::value, -0.5)), 0.5);
  expect(one(a * b, {1.0, {7.0, status::error}}, missing_policy(missing::value, -0.5)), -0.5);
}
TEST(reward_missing, its_own_value_counts) {
  missing_policy const own(missing::own_value);
  expect(one(a + b, {1.0, {-1.0, status::no_answer}}, own), 0);
  expect(one(a + b, {1.0, lost}, own), 0, status::abstained);
}
TEST(reward_missing, the_default_lets_nobody_escape) {
  missing_policy const standard;
  expect(one(a + b, {1.0, {-1.0, status::no_answer}}, standard), 0);
  expect(one(a + b, {1.0, {0.0, status::budget}}, standard), 1);
  expect(one(a + b, {1.0, {0.0, status::gold_invalid}}, standard), 0, status::gold_invalid);
  expect(one(a + b, {1.0, {0.0, status::error}}, standard), 0, status::error);
  expect(one(a + b, {1.0, {0.0, status::abstained}}, standard), 0, status::abstained);
}
TEST(reward_missing, every_status_has_its_own_choice) {
  missing_policy mixed(missing::drop_component);
  mixed.error = missing::value;
  mixed.value = 9;
  mixed.gold_invalid = missing::drop_row;
  expect(one(a + b, {1.0, {0.0, status::error}}, mixed), 10);
  expect(one(a + b, {1.0, {0.0, status::budget}}, mixed), 1);
  expect(one(a + b, {{0.0, status::budget}, {0.0, status::gold_invalid}}, mixed), 0, status::gold_invalid);
}
TEST(reward_missing, what_a_choice_does_not_take_may_be_missing) {
  missing_policy const drop(missing::drop_row);
  expect(one(gate(a, b), {0.0, lost}, drop), 0);
  expect(one(gate(a, b), {1.0, lost}, drop), 0, status::abstained);
  expect(one(gate(a, b), {lost, 1.0}, drop), 0, status::abstained);
  expect(one(where(a, b, c), {1.0, 5.0, lost}, drop), 5);
  expect(one(where(a, b, c), {0.0, 5.0, lost}, drop), 0, status::abstained);
  expect(one(override_with(a, b, -3), {lost, 1.0}, drop), -3);
  expect(one(override_with(a, b, -3), {lost, 0.0}, drop), 0, status::abstained);
  expect(one(stop_properly(a, b, -3), {lost, 1.0}, drop), -3);
  expect(one(stop_properly(a, b, 0.5), {lost, 1.0}, drop), 0, status::abstained);
  expect(one(if_missing(a, 4) + b, {lost, 1.0}, drop), 5);
  expect(one(is_there(a), {lost}, drop), 0);
  expect(one(where(is_there(a), a, b), {lost, 2.0}, drop), 2);
}
TEST(reward_missing, it_is_in_no_statistic) {
  std::vector<outcome> const x{1.0, lost, 3.0, {100.0, status::error}, 5.0};
  std::vector<std::int64_t> const ids(5, 1);
  reward::table rows;
  rows.columns = {x};
  rows.by = groups<>::by_id(ids);
  auto const w = reward_rows::run(group_mean(a), rows, 5);
  EXPECT_EQ(w.reward[0], 3.0);
  EXPECT_TRUE(std::isnan(w.reward[1]));
  EXPECT_EQ(w.status[3], status::error);
  EXPECT_EQ(reward_rows::run(normalize_batch(a, 1, 0), rows, 5).reward[4], 1.0);
  EXPECT_EQ(w.seen.reward.scored.count, 3);
}
TEST(reward_missing, what_overflows_is_an_error) {
  expect(one(a * b, {1e100, 1e100}, {}), 0, status::error);
  expect(one(a * b * c, {1e139, 1e139, 1e139}, {}), 0, status::error);
  expect(one(normalize_group(a * b) + c, {1e100, 1e100, 1.0}, {}), 0, status::error);
  expect(one(clip(a * b, -1, 1), {1e100, 1e100}, {}), 1);
}

}  // namespace

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/core/softmax_partial.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// The part of x[begin, end) by its definition, without online rescaling.
aha::softmax_partial part_of(std::vector<double> const& x, std::size_t begin, std::size_t end, std::size_t target,
                             double tau) {
  aha::softmax_partial p;
  for (std::size_t v = begin; v < end; ++v) p.max = std::max(p.max, x[v]);
  for (std::size_t v = begin; v < end; ++v) {
    if (x[v] == -inf) continue;
    double const z = (x[v] - p.max) / tau;
    p.sum_exp += std::exp(z);
    p.sum_xp += std::exp(z) * z;
  }
  if (target >= begin && target < end) p.target_logit = x[target];
  return p;
}

struct expected_row {
  double logp = 0;
  double entropy = 0;
  double lse = 0;
};
expected_row oracle(std::vector<double> const& x, std::size_t target, double tau) {
  long double top = -std::numeric_limits<long double>::infinity();
  for (double v : x) top = std::max(top, static_cast<long double>(v));
  long double sum = 0;
  for (double v : x) sum += std::exp((static_cast<long double>(v) - top) / static_cast<long double>(tau));
  long double const lse = top / static_cast<long double>(tau) + std::log(sum);
  long double h = 0;
  for (double v : x) {
    long double const lp = static_cast<long double>(v) / static_cast<long double>(tau) - lse;
    if (v != -inf) h -= std::exp(lp) * lp;
  }
  return {static_cast<double>(static_cast<long double>(x[target]) / static_cast<long double>(tau) - lse),
          static_cast<double>(h), static_cast<double>(lse)};
}

TEST(softmax_partial, shards_in_any_order_give_the_row) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, 8);
  std::vector<double> x(1003);
  for (double& v : x) v = normal(random);
  for (std::size_t v = 300; v < 420; ++v) x[v] = -inf;  // one whole shard of -inf below
  for (double tau : {0.5, 1.0, 1.5}) {
    for (std::size_t target : {std::size_t{0}, std::size_t{500}, std::size_t{1002}}) {
      expected_row const want = oracle(x, target, tau);
      std::vector<aha::softmax_partial> parts;
      std::size_t const cuts[] = {0, 1, 300, 420, 420, 777, 1003};  // one shard is empty
      for (int k = 0; k + 1 < 7; ++k) parts.push_back(part_of(x, cuts[k], cuts[k + 1], target, tau));
      for (int order = 0; order < 20; ++order) {
        std::shuffle(parts.begin(), parts.end(), random);
        aha::softmax_partial row;
        for (auto const& p : parts) row = aha::merge(row, p, tau);
        // and as a tree
        aha::softmax_partial const left = aha::merge(aha::merge(parts[0], parts[1], tau), parts[2], tau);
        aha::softmax_partial const right = aha::merge(parts[3], aha::merge(parts[4], parts[5], tau), tau);
        for (aha::softmax_row const& got : {aha::finish(row, tau), aha::finish(aha::merge(left, right, tau), tau)}) {
          EXPECT_NEAR(got.logp, want.logp, 1e-12 * std::max(1.0, std::fabs(want.logp)));
          EXPECT_NEAR(got.entropy, want.entropy, 1e-12);
          EXPECT_NEAR(got.lse, want.lse, 1e-12 * std::max(1.0, std::fabs(want.lse)));
          EXPECT_GT(want.entropy, 0.01);
        }
      }
    }
  }
}

TEST(softmax_partial, literal_row) {
  // x = (0, ln 2, ln 5): p = (1, 2, 5) / 8
  std::vector<double> const x{0.0, std::log(2.0), std::log(5.0)};
  aha::softmax_row const r = aha::finish(part_of(x, 0, 3, 1, 1.0), 1.0);
  EXPECT_NEAR(r.logp, -1.3862943611198906, 1e-15);
  EXPECT_NEAR(r.lse, 2.0794415416798357, 1e-15);
  EXPECT_NEAR(r.entropy, 0.9002560512685369, 1e-15);
  EXPECT_EQ(r.max, std::log(5.0));
  EXPECT_NEAR(r.log_sum, 0.47000362924573563, 1e-15);
}

TEST(softmax_partial, empty_and_infinite_parts_weigh_nothing) {
  aha::softmax_partial const empty;
  aha::softmax_partial const row = part_of({1.0, 2.0}, 0, 2, 0, 1.0);
  for (auto const& r : {aha::merge(empty, row, 1.0), aha::merge(row, empty, 1.0)}) {
    EXPECT_EQ(r.max, row.max);
    EXPECT_EQ(r.sum_exp, row.sum_exp);
    EXPECT_EQ(r.sum_xp, row.sum_xp);
    EXPECT_EQ(r.target_logit, row.target_logit);
  }
  aha::softmax_partial const none = aha::merge(empty, empty, 1.0);
  EXPECT_EQ(none.max, -inf);
  EXPECT_EQ(none.sum_exp, 0.0);
  EXPECT_TRUE(std::isnan(aha::finish(none, 1.0).logp));  // as torch.log_softmax of a row of -inf
}

TEST(softmax_partial, a_far_smaller_part_vanishes_without_nan) {
  aha::softmax_partial const far{-1e300, 3.0, -inf, -1.0};
  aha::softmax_partial const near{1e300, 2.0, 1e300, -0.5};
  aha::softmax_partial const r = aha::merge(far, near, 1e-3);
  EXPECT_EQ(r.sum_exp, 2.0);
  EXPECT_EQ(r.sum_xp, -0.5);
}

TEST(softmax_partial, nan_stays) {
  aha::softmax_partial poisoned;
  poisoned.sum_exp = std::numeric_limits<double>::quiet_NaN();
  aha::softmax_partial const row = part_of({1.0, 2.0}, 0, 2, 0, 1.0);
  EXPECT_TRUE(std::isnan(aha::finish(aha::merge(poisoned, row, 1.0), 1.0).logp));
  EXPECT_TRUE(std::isnan(aha::finish(aha::merge(row, poisoned, 1.0), 1.0).logp));
}

}  // namespace

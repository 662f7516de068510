// SPDX-License-Identifier: MIT
#include <aha/core/moments.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace {

aha::moments pushed(std::vector<double> const& x) {
  aha::moments m;
  for (double const v : x) m.push(v);
  return m;
}
aha::order_free_moments order_free(std::vector<double> const& x) {
  return aha::order_free_moments::of([&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; },
                                     static_cast<std::int64_t>(x.size()));
}
/// Two passes in long double over distances from the first member, which are exact there for the sets of these tests.
aha::moments oracle(std::vector<double> const& x) {
  long double const first = x[0];
  long double sum = 0;
  for (double const v : x) sum += v - first;
  long double const mean = sum / static_cast<long double>(x.size());
  long double m2 = 0;
  for (double const v : x) m2 += (v - first - mean) * (v - first - mean);
  return {static_cast<std::int64_t>(x.size()), static_cast<double>(first + mean), static_cast<double>(m2)};
}

TEST(moments, literal_values) {
  aha::moments const m = pushed({2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0});
  EXPECT_EQ(m.count, 8);
  EXPECT_DOUBLE_EQ(m.mean, 5.0);
  EXPECT_DOUBLE_EQ(m.m2, 32.0);
  EXPECT_DOUBLE_EQ(m.variance(0), 4.0);
  EXPECT_DOUBLE_EQ(m.variance(1), 32.0 / 7.0);
  EXPECT_DOUBLE_EQ(m.standard_deviation(0), 2.0);
}

TEST(moments, undefined_variance_is_zero) {
  aha::moments const none;
  EXPECT_EQ(none.variance(0), 0.0);
  EXPECT_EQ(none.variance(1), 0.0);
  aha::moments const one = pushed({3.5});
  EXPECT_EQ(one.mean, 3.5);
  EXPECT_EQ(one.variance(0), 0.0);
  EXPECT_EQ(one.variance(1), 0.0);
}

TEST(moments, merge_equals_one_pass_wherever_the_set_is_cut) {
  std::mt19937 gen(1);
  std::normal_distribution<double> normal(1000.0, 0.25);
  std::vector<double> x(37);
  for (double& v : x) v = normal(gen);
  aha::moments const want = oracle(x);
  for (std::size_t cut = 0; cut <= x.size(); ++cut) {
    auto const middle = x.begin() + static_cast<std::ptrdiff_t>(cut);
    aha::moments m = pushed({x.begin(), middle});
    m.merge(pushed({middle, x.end()}));
    EXPECT_EQ(m.count, want.count);
    EXPECT_NEAR(m.mean, want.mean, 1e-12 * want.mean) << cut;
    EXPECT_NEAR(m.m2, want.m2, 1e-10 * want.m2) << cut;
  }
}

TEST(moments, merging_equal_sets_keeps_zero_spread) {
  aha::moments m;
  for (int i = 0; i < 9; ++i) m.merge(pushed({0.35, 0.35, 0.35}));
  EXPECT_EQ(m.mean, 0.35);
  EXPECT_EQ(m.m2, 0.0);
}

TEST(moments, are_usable_in_constant_expressions) {
  constexpr auto two = [] {
    aha::moments m;
    m.push(1.0);
    m.push(3.0);
    return m;
  }();
  static_assert(two.count == 2 && two.mean == 2.0 && two.variance(1) == 2.0);
}

TEST(order_free_moments, equal_the_oracle) {
  std::mt19937 gen(2);
  for (double const centre : {0.0, 1.0, -1e6, 1e12}) {
    for (double const spread : {1e-4, 1.0, 1e4}) {
      for (int const n : {2, 3, 8, 17, 1000}) {
        std::normal_distribution<double> normal(centre, spread);
        std::vector<double> x(static_cast<std::size_t>(n));
        for (double& v : x) v = normal(gen);
        aha::moments const want = oracle(x);
        aha::order_free_moments const got = order_free(x);
        EXPECT_EQ(got.count, n);
        // One rounding of the mean itself.
        EXPECT_NEAR(got.plain().mean, want.mean, 0x1p-52 * std::max(std::abs(want.mean), got.high - got.low));
        EXPECT_NEAR(got.m2, want.m2, 1e-13 * want.m2) << centre << " " << spread << " " << n;
      }
    }
  }
}

TEST(order_free_moments, do_not_depend_on_the_order) {
  std::mt19937 gen(3);
  std::vector<double> x(257);
  int plain_sums_that_differ = 0;
  for (int trial = 0; trial < 50; ++trial) {
    std::uniform_real_distribution<double> exponent(-20.0, 20.0);
    for (double& v : x) v = (gen() % 2 == 0 ? 1.0 : -1.0) * std::exp2(exponent(gen));
    aha::order_free_moments const want = order_free(x);
    double plain = 0.0;
    for (double const v : x) plain += v;
    std::shuffle(x.begin(), x.end(), gen);
    aha::order_free_moments const got = order_free(x);
    EXPECT_EQ(got.offset, want.offset);
    EXPECT_EQ(got.m2, want.m2);
    double shuffled = 0.0;
    for (double const v : x) shuffled += v;
    plain_sums_that_differ += plain != shuffled ? 1 : 0;
  }
  EXPECT_GT(plain_sums_that_differ, 10) << "the data would not show a dependence on the order";
}

TEST(order_free_moments, nan_is_no_member_wherever_it_stands) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  aha::order_free_moments const want = order_free({0.1, 0.7, 0.25});
  for (auto const& x :
       std::vector<std::vector<double>>{{nan, 0.1, 0.7, 0.25}, {0.1, nan, nan, 0.7, 0.25}, {0.1, 0.7, 0.25, nan}}) {
    aha::order_free_moments const got = order_free(x);
    EXPECT_EQ(got.count, 3);
    EXPECT_EQ(got.low, 0.1);
    EXPECT_EQ(got.high, 0.7);
    EXPECT_EQ(got.offset, want.offset);
    EXPECT_EQ(got.m2, want.m2);
  }
  EXPECT_EQ(order_free({nan, nan}).count, 0);
  EXPECT_EQ(order_free({}).count, 0);
}

TEST(order_free_moments, equality_is_decided_by_max_and_min) {
  for (double const r : {0.1, 0.3, 0.35, 0.4, 1e-300, -7.3}) {
    aha::order_free_moments const m = order_free(std::vector<double>(7, r));
    EXPECT_TRUE(m.equal());
    EXPECT_EQ(m.plain().mean, r);
    EXPECT_EQ(m.m2, 0.0);
    EXPECT_EQ(m.deviation(r), 0.0);
  }
  EXPECT_FALSE(order_free({0.1, std::nextafter(0.1, 1.0)}).equal());
}

TEST(order_free_moments, extremes_stay_finite) {
  aha::order_free_moments const large = order_free({1e150, -1e150, 0.0});
  EXPECT_DOUBLE_EQ(large.m2, 2e300);
  EXPECT_NEAR(large.plain().mean, 0.0, 1e135);
  double const tiny = std::numeric_limits<double>::denorm_min();
  aha::order_free_moments const small = order_free({0.0, 2 * tiny});
  EXPECT_EQ(small.offset, tiny);
  EXPECT_EQ(small.m2, 0.0);  // the square underflows
}

TEST(order_free_moments, blocks_cut_anywhere_change_no_bit) {
  std::mt19937 gen(8);
  std::normal_distribution<double> normal(3.0, 2.0);
  std::vector<double> x(1000);
  for (double& v : x) v = gen() % 17 == 0 ? std::numeric_limits<double>::quiet_NaN() : normal(gen);
  aha::order_free_moments const want = order_free(x);
  for (std::size_t const blocks : {1U, 2U, 7U, 1000U}) {
    auto const each = [&](auto&& f) {
      for (std::size_t b = 0; b < blocks; ++b) f(x.size() * b / blocks, x.size() * (b + 1) / blocks);
    };
    aha::order_free_moments all;
    each([&](std::size_t from, std::size_t to) {
      aha::order_free_moments part;
      for (std::size_t i = from; i < to; ++i) part.include(x[i]);
      all.include(part);
    });
    aha::order_free_sum distances = all.distances();
    each([&](std::size_t from, std::size_t to) {
      aha::order_free_sum part = all.distances();
      for (std::size_t i = from; i < to; ++i) all.add_distance(part, x[i]);
      distances.merge(part);
    });
    all.set_mean(distances);
    aha::order_free_sum squares = all.squares();
    each([&](std::size_t from, std::size_t to) {
      aha::order_free_sum part = all.squares();
      for (std::size_t i = from; i < to; ++i) all.add_square(part, x[i]);
      squares.merge(part);
    });
    all.set_m2(squares);
    EXPECT_EQ(all.count, want.count);
    EXPECT_EQ(all.low, want.low);
    EXPECT_EQ(all.high, want.high);
    EXPECT_EQ(all.offset, want.offset);
    EXPECT_EQ(all.m2, want.m2);
  }
}

TEST(order_free_moments, without_one_member_equals_the_moments_of_the_others) {
  std::mt19937 gen(9);
  for (auto x : std::vector<std::vector<double>>{{1, 2},
                                                 {1, 2, 3},
                                                 {0.1, 0.7, 0.25, 0.3},
                                                 {1.0, 1.0 + 0x1p-40, 1.0 - 0x1p-40, 1e6},
                                                 {-1e6, 1.0, 1.5, 1e6},
                                                 {0.0, 1e-3, -1e-3, 10.0},
                                                 {1.0, 1.001, 30.0, 0.999, 1.0005},
                                                 {5, 5, 5, 5, 6}}) {
    for (int round = 0; round < 3; ++round) {
      aha::order_free_moments const all = order_free(x);
      auto const at = [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; };
      for (std::size_t k = 0; k < x.size(); ++k) {
        std::vector<double> others = x;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
        aha::moments const want = oracle(others);
        auto const n = static_cast<std::int64_t>(x.size());
        aha::moments const got = all.without(at, n, static_cast<std::int64_t>(k));
        EXPECT_EQ(got.count, want.count);
        EXPECT_NEAR(got.mean, want.mean, 1e-15 * std::max(1e6, std::abs(want.mean)));
        EXPECT_NEAR(got.m2, want.m2, 1e-14 * want.m2);
      }
      std::shuffle(x.begin(), x.end(), gen);
    }
  }
}

TEST(order_free_moments, by_lanes_are_the_same_bits) {
  std::mt19937 gen(12);
  std::normal_distribution<double> normal(1e3, 1.0);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::int64_t const lanes = aha::order_free_sum::lanes;
  for (int n = 0; n < 70; ++n) {
    for (int const kind : {0, 1, 2, 3}) {  // any, with members that are none, none at all, equal
      std::vector<double> x(static_cast<std::size_t>(n));
      for (double& v : x) v = kind == 3 ? 0.1 : normal(gen) * std::pow(10.0, static_cast<double>(gen() % 9) - 4.0);
      for (double& v : x) v = kind == 2 || (kind == 1 && gen() % 3 == 0) ? nan : v;
      aha::order_free_moments const want = order_free(x);
      std::int64_t const padded = (n + lanes - 1) / lanes * lanes;
      x.resize(static_cast<std::size_t>(padded), nan);
      aha::order_free_moments const got = aha::order_free_moments::of_padded(x.data(), padded);
      EXPECT_EQ(got.count, want.count);
      EXPECT_EQ(got.low, want.low);
      EXPECT_EQ(got.high, want.high);
      EXPECT_EQ(got.offset, want.offset);
      EXPECT_EQ(got.m2, want.m2);
    }
  }
}

TEST(order_free_sum, is_exact_where_it_can_be) {
  // 1 + 2^-60 - 1: a plain sum loses the small term.
  aha::order_free_sum sum(1.0, 3);
  sum.add(1.0);
  sum.add(0x1p-60);
  sum.add(-1.0);
  EXPECT_EQ(sum.value(), 0x1p-60);
}

}  // namespace

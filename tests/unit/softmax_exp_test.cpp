// SPDX-License-Identifier: MIT
// The exponential of a softmax, in every lane, against long double.
#include <aha/cpu/softmax_exp.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using aha::lane_ops;
using wide = long double;

template <class V>
class softmax_exponential : public ::testing::Test {};
using lane_types = ::testing::Types<float, double, aha::simd_lane<float>, aha::simd_lane<double>>;
TYPED_TEST_SUITE(softmax_exponential, lane_types);

/// f of a number, as the first element of a lane whose others are `beside`.
template <class V, class F>
aha::scalar_t<V> alone(aha::scalar_t<V> x, F const& f, aha::scalar_t<V> beside = 0) {
  aha::scalar_t<V> lanes[lane_ops<V>::width];
  for (auto& v : lanes) v = beside;
  lanes[0] = x;
  V const y = f(lane_ops<V>::load(lanes));
  lane_ops<V>::store(lanes, y);
  return lanes[0];
}

struct row {
  double top, temperature, shift, factor;
};
// The last has no maximum of its own: all of the log-sum-exp is in the shift.
constexpr row rows[] = {{3.25, 1.0, 0.0, 1.0},   {-7.5, 0.7, 0.0, 1.0},  {100.0, 2.5, 11.9, -0.31},
                        {0.125, 1.0, 0.01, 1e5}, {12.0, 1e-2, 3.0, 1.0}, {0.0, 1.0, 88.0, 1.0}};

TYPED_TEST(softmax_exponential, is_as_exact_as_the_difference_of_its_logits) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  double const eps = std::numeric_limits<T>::epsilon() / 2;
  for (row const& r : rows) {
    aha::softmax_exponential<V> const of(r.top, r.temperature, r.shift, r.factor);
    double worst = 0;
    for (int k = 0; k <= 5000; ++k) {
      double const below = (r.shift == 88.0 ? 88.0 : 0.0) - 80.0 * k / 5000;
      T const x = static_cast<T>(r.top + below * r.temperature);
      wide const t = (static_cast<wide>(x) - static_cast<wide>(r.top)) / static_cast<wide>(r.temperature);
      wide const want = static_cast<wide>(r.factor) * std::exp(t - static_cast<wide>(r.shift));
      if (std::abs(want) < static_cast<wide>(std::numeric_limits<T>::min()) * 4) continue;
      double const got = static_cast<double>(alone<V>(x, of));
      // Roundings of x - top, of its multiple and of what is subtracted: each is one of the exponent.
      double const bound = eps * (4.0 + 3.0 * std::abs(static_cast<double>(t)) + 2.0 * r.shift);
      double const error = static_cast<double>(std::abs(static_cast<wide>(got) - want) / std::abs(want));
      ASSERT_LE(error, bound) << x << " of " << r.top << " " << r.temperature;
      worst = std::max(worst, error);
    }
    EXPECT_GT(worst, 0) << "nothing was compared";
  }
}

TYPED_TEST(softmax_exponential, of_the_largest_logit_is_one) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  for (row const& r : rows) {
    aha::softmax_exponential<V> const of(r.top, r.temperature);
    EXPECT_EQ(alone<V>(static_cast<T>(r.top), of), T(1));
    EXPECT_EQ(alone<V>(static_cast<T>(r.top), [&](V const& x) { return of.added(aha::lane<V>(2.0), x); }), T(3));
  }
}

TYPED_TEST(softmax_exponential, falls_to_exactly_zero) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  T const minus_infinity = -std::numeric_limits<T>::infinity();
  for (row const& r : rows) {
    aha::softmax_exponential<V> const of(r.top, r.temperature, r.shift);
    T before = std::numeric_limits<T>::max();
    for (double below = r.shift == 88.0 ? -88.0 : 0.0; below < 2000; below += 0.37) {
      T const y = alone<V>(static_cast<T>(r.top - below * r.temperature), of);
      ASSERT_GE(y, T(0)) << below;
      ASSERT_LE(y, before * T(1.000001)) << below;
      before = y;
    }
    EXPECT_EQ(before, T(0));
    for (T x : {minus_infinity, std::numeric_limits<T>::lowest()}) {
      EXPECT_EQ(alone<V>(x, of), T(0)) << x;
      EXPECT_EQ(alone<V>(x, of) * alone<V>(x, [&](V const& v) { return of.exponent(v); }), T(0)) << x;
      EXPECT_EQ(alone<V>(x, [&](V const& v) { return of.added(aha::lane<V>(0.5), v); }), T(0.5)) << x;
    }
  }
}

TYPED_TEST(softmax_exponential, shows_what_is_not_finite) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  T const nan = std::numeric_limits<T>::quiet_NaN();
  T const infinity = std::numeric_limits<T>::infinity();
  aha::softmax_exponential<V> const of(1.0, 1.0);
  EXPECT_TRUE(std::isnan(alone<V>(nan, of)));
  EXPECT_EQ(alone<V>(T(1), of, nan), T(1));  // a neighbour's business
  aha::softmax_exponential<V> const of_infinity(static_cast<double>(infinity), 1.0);
  EXPECT_TRUE(std::isnan(alone<V>(infinity, of_infinity)));
  EXPECT_TRUE(std::isnan(alone<V>(nan, [&](V const& x) { return of.added(aha::lane<V>(0.0), x); })));
}

TYPED_TEST(softmax_exponential, exponent_is_the_scaled_difference) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  for (row const& r : rows) {
    aha::softmax_exponential<V> const of(r.top, r.temperature, r.shift);
    for (double below : {0.0, 0.5, 3.0, 20.0}) {
      T const x = static_cast<T>(r.top - below * r.temperature);
      if (alone<V>(x, of) == T(0)) continue;
      double const want = (static_cast<double>(x) - r.top) / r.temperature;
      EXPECT_NEAR(static_cast<double>(alone<V>(x, [&](V const& v) { return of.exponent(v); })), want,
                  1e-6 * (1 + std::abs(want) + std::abs(r.top / r.temperature)));
    }
  }
}

TYPED_TEST(softmax_exponential, takes_extreme_temperatures) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  for (double temperature : {1e-30, 1e30}) {
    aha::softmax_exponential<V> const of(2.0, temperature);
    EXPECT_EQ(alone<V>(T(2), of), T(1));
    EXPECT_EQ(alone<V>(T(1), of), temperature < 1 ? T(0) : T(1));
    EXPECT_EQ(alone<V>(-std::numeric_limits<T>::infinity(), of), T(0));
  }
}

}  // namespace

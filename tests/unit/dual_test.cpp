// SPDX-License-Identifier: MIT
// Derivatives of the lane primitives against central differences, and the tie rules.
#include <aha/core/dual.hpp>
#include <aha/cpu/simd.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

using aha::lane;
using aha::lane_ops;
namespace math = aha::math;
using triple = std::vector<double>;  // a value and two derivatives
using lane_types = ::testing::Types<float, double, aha::simd_lane<float>, aha::simd_lane<double>>;

template <class V>
class duals : public ::testing::Test {};
TYPED_TEST_SUITE(duals, lane_types);

/// Value and N derivatives of f at (x, y), every lane alike; x is seed 0, y seed N - 1.
template <class V, int N, class F>
std::vector<double> evaluate(F const& f, double x, double y) {
  using T = aha::scalar_t<V>;
  using D = aha::dual<V, N>;
  D const r = f(D::seeded(lane<V>(x), 0), D::seeded(lane<V>(y), N - 1));
  std::vector<double> out;
  for (int i = -1; i < N; ++i) {
    T lanes_of[lane_ops<V>::width];
    lane_ops<V>::store(lanes_of, i < 0 ? r.value : r.d[i]);
    for (T v : lanes_of) EXPECT_EQ(v, lanes_of[0]);
    out.push_back(static_cast<double>(lanes_of[0]));
  }
  return out;
}

/// f through duals against central differences of f on doubles: two seeds, then both inputs on one seed.
template <class V, class F>
void expect_derivatives(char const* name, F const& f, double x, double y) {
  double const tol = std::is_same_v<aha::scalar_t<V>, float> ? 2e-5 : 1e-8;
  double const h = 1e-5;
  auto const value = [&](double a, double b) { return f(aha::dual<double, 1>(a), aha::dual<double, 1>(b)).value; };
  double const dx = (value(x + h, y) - value(x - h, y)) / (2 * h);
  double const dy = (value(x, y + h) - value(x, y - h)) / (2 * h);
  double const size = 1 + std::abs(value(x, y)) + std::abs(dx) + std::abs(dy);
  auto const two = evaluate<V, 2>(f, x, y);
  EXPECT_NEAR(two[0], value(x, y), tol * size) << name;
  EXPECT_NEAR(two[1], dx, tol * size) << name << " by x at " << x << ", " << y;
  EXPECT_NEAR(two[2], dy, tol * size) << name << " by y at " << x << ", " << y;
  auto const one = evaluate<V, 1>(f, x, y);
  EXPECT_NEAR(one[1], dx + dy, tol * size) << name << " along both at " << x << ", " << y;
}

TYPED_TEST(duals, every_primitive_equals_central_differences) {
  using V = TypeParam;
  for (double x : {-1.7, -0.49, -0.3, 0.31, 0.51, 1.9}) {
    for (double y : {0.45, 1.2, 2.5}) {
      auto const check = [&](char const* name, auto const& f) { expect_derivatives<V>(name, f, x, y); };
      check("-x", [](auto const& a, auto const&) { return -a; });
      check("x + y", [](auto const& a, auto const& b) { return a + b; });
      check("x - y", [](auto const& a, auto const& b) { return a - b; });
      check("x * y", [](auto const& a, auto const& b) { return a * b; });
      check("x / y", [](auto const& a, auto const& b) { return a / b; });
      check("passive + - * /", [](auto const& a, auto const& b) {
        using P = std::decay_t<decltype(a.value)>;
        return (lane<P>(3) - a) * lane<P>(2) + (lane<P>(2) * b - lane<P>(1)) / lane<P>(4) + (lane<P>(5) + a);
      });
      check("exp", [](auto const& a, auto const& b) { return math::exp(a) * b; });
      check("expm1", [](auto const& a, auto const& b) { return math::expm1(a) * b; });
      check("log", [](auto const& a, auto const& b) { return math::log(b) * a; });
      check("sqrt", [](auto const& a, auto const& b) { return math::sqrt(b) * a; });
      check("abs", [](auto const& a, auto const& b) { return math::abs(a) * b; });
      check("sigmoid", [](auto const& a, auto const& b) { return math::sigmoid(a * b); });
      check("expm1mx", [](auto const& a, auto const& b) { return math::expm1mx(a) * b; });
      check("min", [](auto const& a, auto const& b) { return math::min(a, b); });
      check("max", [](auto const& a, auto const& b) { return math::max(a, b); });
      check("clamp", [](auto const& a, auto const& b) {
        using P = std::decay_t<decltype(a.value)>;
        return math::clamp(a, lane<P>(-1), lane<P>(1)) * b;
      });
      check("select", [](auto const& a, auto const& b) {
        using P = std::decay_t<decltype(a.value)>;
        return math::select(a > lane<P>(0), a * b, a + b);
      });
    }
  }
}

TYPED_TEST(duals, ties_follow_torch) {
  using V = TypeParam;
  using D = aha::dual<V, 2>;
  auto const min = [](D const& a, D const& b) { return math::min(a, b); };
  auto const max = [](D const& a, D const& b) { return math::max(a, b); };
  for (auto const& tie : {evaluate<V, 2>(min, 0.75, 0.75), evaluate<V, 2>(max, 0.75, 0.75)}) {
    EXPECT_EQ(tie, (triple{0.75, 0.5, 0.5}));
  }
  auto const clamp = [](D const& a, D const&) { return math::clamp(a, lane<V>(-1), lane<V>(1)); };
  EXPECT_EQ((evaluate<V, 2>(clamp, 1, 0)), (triple{1, 1, 0})) << "passes at the upper bound";
  EXPECT_EQ((evaluate<V, 2>(clamp, -1, 0)), (triple{-1, 1, 0})) << "passes at the lower bound";
  EXPECT_EQ((evaluate<V, 2>(clamp, 1.25, 0)), (triple{1, 0, 0}));
  EXPECT_EQ((evaluate<V, 2>(clamp, -1.25, 0)), (triple{-1, 0, 0}));
  auto const abs = [](D const& a, D const&) { return math::abs(a); };
  EXPECT_EQ((evaluate<V, 2>(abs, 0, 0)), (triple{0, 0, 0}));
  auto const k3 = [](D const& a, D const&) { return math::expm1mx(a); };
  EXPECT_EQ((evaluate<V, 2>(k3, 0, 0)), (triple{0, 0, 0}));
}

TYPED_TEST(duals, gradients_can_be_stopped_and_replaced) {
  using V = TypeParam;
  using D = aha::dual<V, 2>;
  EXPECT_EQ((evaluate<V, 2>([](D const& a, D const& b) { return math::stop_gradient(a) * b; }, 3, 5)),
            (triple{15, 0, 3}));
  EXPECT_EQ((evaluate<V, 2>([](D const& a, D const& b) { return math::straight_through(a * a, b); }, 3, 5)),
            (triple{9, 0, 1}));
}

TYPED_TEST(duals, the_derivative_of_expm1mx_does_not_cancel) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  using D = aha::dual<V, 1>;
  for (double x = 1e-6; x < 80; x *= 1.3) {
    for (double s : {-1.0, 1.0}) {
      double const at = static_cast<double>(static_cast<T>(s * x));
      double const want = std::expm1(at);
      double const got = evaluate<V, 1>([](D const& a, D const&) { return math::expm1mx(a); }, at, 0)[1];
      // both arguments share the only seed, and the second is not used
      EXPECT_NEAR(got, want, std::abs(want) * (std::is_same_v<T, float> ? 1e-6 : 1e-14)) << at;
    }
  }
}

}  // namespace

// SPDX-License-Identifier: MIT
// Lane maths on float, double and SIMD batches, against long double.
#include <aha/cpu/simd.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

namespace {

using aha::lane;
using aha::lane_ops;
namespace math = aha::math;
using wide = long double;

template <class V>
class lanes : public ::testing::Test {};
using lane_types = ::testing::Types<float, double, aha::simd_lane<float>, aha::simd_lane<double>>;
TYPED_TEST_SUITE(lanes, lane_types);

/// f on every element of x, in lanes of V; the last lane is padded with x[0].
template <class V, class F>
std::vector<aha::scalar_t<V>> map(std::vector<aha::scalar_t<V>> const& x, F const& f) {
  using T = aha::scalar_t<V>;
  constexpr int width = lane_ops<V>::width;
  std::vector<T> y(x.size());
  for (std::size_t k = 0; k < x.size(); k += width) {
    T in[width];
    T out[width];
    for (std::size_t j = 0; j < width; ++j) in[j] = k + j < x.size() ? x[k + j] : x[0];
    lane_ops<V>::store(out, f(lane_ops<V>::load(in)));
    for (std::size_t j = 0; j < width && k + j < x.size(); ++j) y[k + j] = out[j];
  }
  return y;
}

/// Points between low and high, as dense near 0 as far from it, both signs where low < 0.
template <class T>
std::vector<T> points(double low, double high) {
  std::vector<T> x;
  for (int k = 0; k <= 4000; ++k) x.push_back(static_cast<T>(low + (high - low) * k / 4000));
  for (double m = 1e-6; m <= std::max(std::abs(low), std::abs(high)); m *= 1.01) {
    if (m <= high) x.push_back(static_cast<T>(m));
    if (-m >= low) x.push_back(static_cast<T>(-m));
  }
  return x;
}

/// Error in units of the last place of the exact result.
template <class T>
double ulps(T got, wide want) {
  T const nearest = static_cast<T>(want);
  T const unit = std::nextafter(std::abs(nearest), std::numeric_limits<T>::infinity()) - std::abs(nearest);
  return static_cast<double>(std::abs(static_cast<wide>(got) - want) / static_cast<wide>(unit));
}

template <class V, class F, class Want>
double worst_ulps(double low, double high, F const& f, Want const& want) {
  using T = aha::scalar_t<V>;
  std::vector<T> const x = points<T>(low, high);
  std::vector<T> const y = map<V>(x, f);
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); ++k) worst = std::max(worst, ulps<T>(y[k], want(static_cast<wide>(x[k]))));
  return worst;
}

/// Bounds in ulp, the final rounding included. Measured with gcc 12, glibc 2.36 and xsimd 8.1 on AVX2: the comments; other
/// instruction sets evaluate the same polynomials without FMA, hence the room.
struct ulp_bound {
  char const* name;
  double scalar_float, scalar_double, batch_float, batch_double;
};
constexpr ulp_bound ulp_bounds[] = {
    {"exp", 1, 1, 2, 1.5},      // 0.50 0.50 1.37 0.82
    {"expm1", 1.5, 1.5, 3, 3},  // 0.72 0.71 1.97 1.93
    {"log", 1, 1, 1.5, 1.5},    // 0.61 0.50 0.69 0.72
    {"sqrt", 0.51, 0.51, 0.51, 0.51},
    {"sigmoid", 3, 3, 3.5, 3.5},  // 2.07 1.91 2.07 1.92
};

TYPED_TEST(lanes, functions_are_within_their_ulp_bounds) {
  using V = TypeParam;
  constexpr bool single = std::is_same_v<aha::scalar_t<V>, float>;
  constexpr bool batch = !std::is_floating_point_v<V>;
  for (ulp_bound const& b : ulp_bounds) {
    std::string_view const name = b.name;
    double got = 0;
    if (name == "exp") {
      got = worst_ulps<V>(
          -80, 80, [](V const& x) { return math::exp(x); }, [](wide x) { return std::exp(x); });
    } else if (name == "expm1") {
      got = worst_ulps<V>(
          -80, 80, [](V const& x) { return math::expm1(x); }, [](wide x) { return std::expm1(x); });
    } else if (name == "log") {
      got = worst_ulps<V>(
          1e-6, 1000, [](V const& x) { return math::log(x); }, [](wide x) { return std::log(x); });
    } else if (name == "sqrt") {
      got = worst_ulps<V>(
          0, 1000, [](V const& x) { return math::sqrt(x); }, [](wide x) { return std::sqrt(x); });
    } else {
      got = worst_ulps<V>(
          -80, 80, [](V const& x) { return math::sigmoid(x); }, [](wide x) { return 1 / (1 + std::exp(-x)); });
    }
    EXPECT_LE(got, batch ? (single ? b.batch_float : b.batch_double) : (single ? b.scalar_float : b.scalar_double))
        << name;
    EXPECT_GT(got, 0.4) << name << ": an error below rounding means that nothing was compared";
  }
}

/// e^x - 1 - x in long double, by its series where the subtraction would cancel.
wide exact_expm1mx(wide x) {
  if (std::abs(x) > 0.3L) return std::expm1(x) - x;
  wide s = 0;
  wide term = x;
  for (int k = 2; k < 40; ++k) s += term *= x / static_cast<wide>(k);
  return s;
}

TYPED_TEST(lanes, expm1mx_does_not_cancel) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  std::vector<T> const x = points<T>(-80, 80);
  std::vector<T> const y = map<V>(x, [](V const& v) { return math::expm1mx(v); });
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    EXPECT_GE(y[k], T(0)) << x[k];
    if (std::abs(x[k]) < T(1e-6)) continue;
    wide const want = exact_expm1mx(static_cast<wide>(x[k]));
    worst = std::max(worst, static_cast<double>(std::abs(static_cast<wide>(y[k]) - want) / want));
  }
  EXPECT_LE(worst, (std::is_same_v<T, float> ? 1e-6 : 2e-15));
  EXPECT_GT(worst, 0);
  for (T tiny : {T(0), T(1e-30), T(-1e-30)})
    EXPECT_GE(map<V>({tiny}, [](V const& v) { return math::expm1mx(v); })[0], T(0));
}

/// A walk over the bit patterns of all floats, infinities, NaNs and subnormals among them.
std::vector<float> floats() {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32U); bits += 20011) {
    auto const pattern = static_cast<std::uint32_t>(bits);
    float f = 0;
    std::memcpy(&f, &pattern, sizeof f);
    x.push_back(f);
  }
  for (float const edge :
       {-104.0F, -103.9F, -88.0F, -87.5F, -87.33F, -85.9F, 88.37F, 88.72283F, 88.73F, 89.0F, 1e30F}) {
    for (float const f : {edge, std::nextafter(edge, -1e38F), std::nextafter(edge, 1e38F)}) x.push_back(f);
  }
  float const inf = std::numeric_limits<float>::infinity();
  for (float const f : {0.0F, -0.0F, inf, -inf}) x.push_back(f);
  return x;
}

/// What is below 2^-124 may be 0.
double ulps_or_nothing(float got, wide want) {
  if (std::isinf(static_cast<float>(want))) return got == static_cast<float>(want) ? 0 : 1e9;
  if (std::abs(want) < 0x1p-124L) return std::abs(static_cast<wide>(got)) <= 0x1p-124L ? 0 : 1e9;
  return ulps<float>(got, want);
}

TEST(float_exponentials, hold_their_bounds_over_all_floats) {
  using V = aha::simd_lane<float>;
  std::vector<float> const x = floats();
  std::vector<float> const e = map<V>(x, [](V const& v) { return math::exp(v); });
  std::vector<float> const whole = map<V>(x, [](V const& v) { return math::all_exponentials(v).exp; });
  std::vector<float> const less_1 = map<V>(x, [](V const& v) { return math::all_exponentials(v).expm1; });
  std::vector<float> const rest = map<V>(x, [](V const& v) { return math::all_exponentials(v).expm1mx; });
  double worst[4] = {};
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (std::isnan(x[k])) {
      EXPECT_TRUE(std::isnan(e[k]) && std::isnan(whole[k]) && std::isnan(less_1[k]) && std::isnan(rest[k])) << k;
      continue;
    }
    wide const v = static_cast<wide>(x[k]);
    worst[0] = std::max(worst[0], ulps_or_nothing(e[k], std::exp(v)));
    worst[1] = std::max(worst[1], ulps_or_nothing(whole[k], std::exp(v)));
    worst[2] = std::max(worst[2], ulps_or_nothing(less_1[k], std::expm1(v)));
    if (std::isfinite(x[k])) worst[3] = std::max(worst[3], ulps_or_nothing(rest[k], exact_expm1mx(v)));
    EXPECT_GE(rest[k], 0.0F) << x[k];
  }
  // Measured on SSE4.2, AVX2 and AVX-512: at most 1.5, 1.5, 1.4 and 5.5 ulp.
  EXPECT_LE(worst[0], 2.0);
  EXPECT_LE(worst[1], 2.0);
  EXPECT_LE(worst[2], 2.0);
  EXPECT_LE(worst[3], 7.0);
  for (double const w : worst) EXPECT_GT(w, 0.4);
}

TYPED_TEST(lanes, masked_loads_and_mask_bits) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  constexpr int width = lane_ops<V>::width;
  T in[width], order[width], loaded[width], kept[width];
  T const nan = std::numeric_limits<T>::quiet_NaN();
  for (int k = 0; k < width; ++k) {
    order[k] = static_cast<T>(k % 3);
    in[k] = k % 3 == 1 ? static_cast<T>(k + 1) : nan;
  }
  aha::mask_t<V> const m = lane_ops<V>::load(order) == lane<V>(1);
  lane_ops<V>::store(loaded, lane_ops<V>::load_where(m, in));
  lane_ops<V>::store(kept, math::zero_unless(m, lane_ops<V>::load(in)));
  std::uint32_t bits = 0;
  for (int k = 0; k < width; ++k) {
    T const want = k % 3 == 1 ? static_cast<T>(k + 1) : T(0);
    EXPECT_EQ(loaded[k], want);
    EXPECT_EQ(kept[k], want);
    bits |= (k % 3 == 1 ? 1U : 0U) << k;
  }
  EXPECT_EQ(lane_ops<V>::bits(m), bits);
}

TYPED_TEST(lanes, extreme_inputs) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  T const inf = std::numeric_limits<T>::infinity();
  T const nan = std::numeric_limits<T>::quiet_NaN();
  auto const at = [](T x, auto const& f) { return map<V>({x}, f)[0]; };
  auto const sigmoid = [](V const& x) { return math::sigmoid(x); };
  EXPECT_EQ(at(T(1e4), sigmoid), T(1));
  EXPECT_EQ(at(T(-1e4), sigmoid), T(0));
  EXPECT_EQ(at(inf, sigmoid), T(1));
  EXPECT_EQ(at(-inf, sigmoid), T(0));
  EXPECT_EQ(at(T(0), sigmoid), T(0.5));
  auto const exp = [](V const& x) { return math::exp(x); };
  EXPECT_EQ(at(T(0), exp), T(1));
  EXPECT_EQ(at(-inf, exp), T(0));
  EXPECT_EQ(at(inf, exp), inf);
  EXPECT_TRUE(std::isnan(at(nan, exp)));
  auto const clamp = [](V const& x) { return math::clamp(x, lane<V>(-2), lane<V>(3)); };
  EXPECT_EQ(at(T(-5), clamp), T(-2));
  EXPECT_EQ(at(T(-2), clamp), T(-2));
  EXPECT_EQ(at(T(0.5), clamp), T(0.5));
  EXPECT_EQ(at(T(3), clamp), T(3));
  EXPECT_EQ(at(inf, clamp), T(3));
  EXPECT_EQ(at(-inf, clamp), T(-2));
  EXPECT_TRUE(std::isnan(at(nan, clamp))) << "a NaN shows";
  EXPECT_EQ(at(T(-2), [](V const& x) { return math::abs(x); }), T(2));
}

TYPED_TEST(lanes, select_min_max_take_lanes_one_by_one) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  std::vector<T> x;
  for (int k = 0; k < 32; ++k) x.push_back(static_cast<T>(k % 5 - 2));
  auto const chosen = map<V>(x, [](V const& v) { return math::select(v > lane<V>(0), lane<V>(10), v); });
  auto const least = map<V>(x, [](V const& v) { return math::min(v, lane<V>(0.5)); });
  auto const most = map<V>(x, [](V const& v) { return math::max(v, lane<V>(0.5)); });
  auto const stopped = map<V>(x, [](V const& v) { return math::stop_gradient(v); });
  auto const through = map<V>(x, [](V const& v) { return math::straight_through(v, lane<V>(7)); });
  for (std::size_t k = 0; k < x.size(); ++k) {
    EXPECT_EQ(chosen[k], x[k] > T(0) ? T(10) : x[k]);
    EXPECT_EQ(least[k], std::min(x[k], T(0.5)));
    EXPECT_EQ(most[k], std::max(x[k], T(0.5)));
    EXPECT_EQ(stopped[k], x[k]);
    EXPECT_EQ(through[k], x[k]);
  }
}

TYPED_TEST(lanes, loads_and_stores_need_no_alignment) {
  using V = TypeParam;
  using T = aha::scalar_t<V>;
  constexpr int width = lane_ops<V>::width;
  std::vector<T> x(64);
  for (std::size_t k = 0; k < 64; ++k) x[k] = static_cast<T>(k);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::vector<T> y(64, T(-1));
    lane_ops<V>::store(y.data() + offset, lane_ops<V>::load(x.data() + offset));
    for (std::size_t k = 0; k < 64; ++k) EXPECT_EQ(y[k], k >= offset && k < offset + width ? x[k] : T(-1));
  }
}

}  // namespace

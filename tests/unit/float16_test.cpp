// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/row_io.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

float from_bits(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// A finite float16 by the definition of the format.
double value_of(std::uint16_t bits) {
  int const exponent = (bits >> 10) & 31;
  int const fraction = bits & 1023;
  double const magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

/// Bits of |x|'s nearest float16 by exhaustive reasoning in double: the neighbours of x in the sorted list, the closer
/// one, ties to the even one. 65536 takes the place of infinity, as if the exponent went on.
std::uint16_t nearest(double x) {
  double const magnitude = std::fabs(x);
  std::uint16_t low = 0;
  std::uint16_t high = 0x7C00;
  while (high - low > 1) {
    auto const middle = static_cast<std::uint16_t>((low + high) / 2);
    (value_of(middle) <= magnitude ? low : high) = middle;
  }
  double const above = high == 0x7C00 ? 65536.0 : value_of(high);
  double const to_low = magnitude - value_of(low);
  double const to_high = above - magnitude;
  std::uint16_t const chosen = to_low == to_high ? ((low & 1U) == 0 ? low : high) : (to_low < to_high ? low : high);
  return static_cast<std::uint16_t>(chosen | (std::signbit(x) ? 0x8000U : 0U));
}

// All 65536: exact in float32, back to the same bits; NaNs stay NaNs, quiet, with their payload.
TEST(float16, every_value_is_exact_and_survives_the_round_trip) {
  for (std::uint32_t b = 0; b < 65536; ++b) {
    auto const bits = static_cast<std::uint16_t>(b);
    float const x = aha::to_float(aha::float16{bits});
    if ((b & 0x7C00U) != 0x7C00U) {
      ASSERT_EQ(static_cast<double>(x), value_of(bits)) << b;
      ASSERT_EQ(std::signbit(x), (b & 0x8000U) != 0);
      ASSERT_EQ(aha::to_float16(x).bits, bits);
    } else if ((b & 0x03FFU) == 0) {
      ASSERT_EQ(x, (b & 0x8000U) != 0 ? -INFINITY : INFINITY);
      ASSERT_EQ(aha::to_float16(x).bits, bits);
    } else {
      ASSERT_TRUE(std::isnan(x)) << b;
      ASSERT_EQ(aha::to_float16(x).bits, bits | 0x0200U);
    }
  }
}

// Every float16 and the next one: their midpoint and its float32 neighbours on both sides, with both signs.
TEST(float16, rounds_every_gap_to_nearest_even) {
  for (std::uint16_t b = 0; b < 0x7C00U; ++b) {
    double const low = value_of(b);
    double const high = b == 0x7BFFU ? 65536.0 : value_of(static_cast<std::uint16_t>(b + 1));
    auto const middle = static_cast<float>(0.5 * (low + high));
    ASSERT_EQ(static_cast<double>(middle), 0.5 * (low + high));
    for (float x : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, 1e9F), static_cast<float>(low)}) {
      ASSERT_EQ(aha::to_float16(x).bits, nearest(static_cast<double>(x))) << b;
      ASSERT_EQ(aha::to_float16(-x).bits, nearest(-static_cast<double>(x))) << b;
    }
  }
}

TEST(float16, literal_values_and_random_floats) {
  EXPECT_EQ(aha::to_float16(1.0F).bits, 0x3C00U);
  EXPECT_EQ(aha::to_float16(-2.0F).bits, 0xC000U);
  EXPECT_EQ(aha::to_float16(65504.0F).bits, 0x7BFFU);
  EXPECT_EQ(aha::to_float16(65519.996F).bits, 0x7BFFU);
  EXPECT_EQ(aha::to_float16(65520.0F).bits, 0x7C00U);
  EXPECT_EQ(aha::to_float16(std::numeric_limits<float>::max()).bits, 0x7C00U);
  EXPECT_EQ(aha::to_float16(-INFINITY).bits, 0xFC00U);
  EXPECT_EQ(aha::to_float16(0x1p-24F).bits, 1U);
  EXPECT_EQ(aha::to_float16(0x1p-25F).bits, 0U);  // a tie: to even
  EXPECT_EQ(aha::to_float16(-0x1.8p-25F).bits, 0x8001U);
  EXPECT_EQ(aha::to_float16(-0.0F).bits, 0x8000U);
  EXPECT_EQ(aha::to_float16(std::numeric_limits<float>::denorm_min()).bits, 0U);
  EXPECT_EQ(aha::to_float16(from_bits(0x7F800001U)).bits, 0x7E00U);  // payload in the lower part only
  EXPECT_EQ(aha::to_float16(from_bits(0xFFFFFFFFU)).bits, 0xFFFFU);
  std::mt19937 random(7);
  for (int k = 0; k < 200000; ++k) {
    float const x = from_bits(static_cast<std::uint32_t>(random()));
    if (std::isfinite(x)) {
      ASSERT_EQ(aha::to_float16(x).bits, nearest(static_cast<double>(x))) << x;
    }
  }
}

// Blocks go through F16C where the target has it: the same bits as single conversions, NaNs included, at every tail.
TEST(float16, blocks_equal_single_conversions) {
  std::vector<aha::float16> all(65536);
  for (std::size_t b = 0; b < all.size(); ++b) all[b] = aha::float16{static_cast<std::uint16_t>(b)};
  std::vector<float> wide(all.size());
  aha::widen(all.data(), 65536, wide.data());
  for (std::size_t b = 0; b < all.size(); ++b) {
    float const want = aha::to_float(all[b]);
    ASSERT_EQ(std::memcmp(&wide[b], &want, sizeof want), 0) << b;
  }
  std::mt19937 random(11);
  for (std::int64_t n : {0, 1, 7, 8, 9, 15, 16, 17, 127, 2047, 2048, 60000}) {
    for (std::int64_t offset : {0, 1, 7}) {
      std::vector<float> x(static_cast<std::size_t>(n + offset));
      std::vector<aha::float16> y(x.size() + 1, aha::float16{0x1234});
      // a third of the numbers in float16's normal range, a third among its subnormals, the others anywhere
      for (std::size_t k = 0; k < x.size(); ++k) {
        auto const bits = static_cast<std::uint32_t>(random());
        std::uint32_t const exponent = k % 3 == 0 ? 112U + bits % 32U : 100U + bits % 13U;
        x[k] = from_bits(k % 3 == 2 ? bits : (bits & 0x807FFFFFU) | (exponent << 23));
      }
      aha::narrow(x.data() + offset, n, y.data() + offset);
      for (std::int64_t k = offset; k < n + offset; ++k) {
        ASSERT_EQ(y[static_cast<std::size_t>(k)].bits, aha::to_float16(x[static_cast<std::size_t>(k)]).bits);
      }
      EXPECT_EQ(y.back().bits, 0x1234U);
      std::vector<float> z(x.size() + 1, 42.0F);
      aha::widen(y.data() + offset, n, z.data() + offset);
      for (std::int64_t k = offset; k < n + offset; ++k) {
        float const want = aha::to_float(y[static_cast<std::size_t>(k)]);
        ASSERT_EQ(std::memcmp(&z[static_cast<std::size_t>(k)], &want, sizeof want), 0);
      }
      EXPECT_EQ(z.back(), 42.0F);
    }
  }
}

}  // namespace

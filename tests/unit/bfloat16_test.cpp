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

/// Nearest bfloat16 of a finite float by exhaustive reasoning in double: the two neighbours, the closer, ties to even.
std::uint16_t nearest(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  auto const low = static_cast<std::uint16_t>(bits >> 16);
  auto const high = static_cast<std::uint16_t>(low + 1);
  double const at_low = static_cast<double>(aha::to_float(aha::bfloat16{low}));
  double at_high = static_cast<double>(aha::to_float(aha::bfloat16{high}));
  if (std::isinf(at_high)) at_high = std::copysign(std::ldexp(1.0, 128), at_low);
  double const below = std::fabs(static_cast<double>(x) - at_low);
  double const above = std::fabs(at_high - static_cast<double>(x));
  if (below == above) return (low & 1U) == 0 ? low : high;
  return below < above ? low : high;
}

TEST(bfloat16, every_value_survives_the_round_trip) {
  for (std::uint32_t b = 0; b < 65536; ++b) {
    auto const bits = static_cast<std::uint16_t>(b);
    float const x = aha::to_float(aha::bfloat16{bits});
    if (std::isnan(x)) {
      aha::bfloat16 const back = aha::to_bfloat16(x);
      EXPECT_TRUE(std::isnan(aha::to_float(back)));
      EXPECT_EQ(back.bits, bits | 0x40U);
    } else {
      EXPECT_EQ(aha::to_bfloat16(x).bits, bits);
    }
  }
}

TEST(bfloat16, rounds_to_nearest_even) {
  EXPECT_EQ(aha::to_bfloat16(1.0F).bits, 0x3F80U);
  EXPECT_EQ(aha::to_bfloat16(from_bits(0x3F808000U)).bits, 0x3F80U);  // a tie: down to even
  EXPECT_EQ(aha::to_bfloat16(from_bits(0x3F818000U)).bits, 0x3F82U);  // a tie: up to even
  EXPECT_EQ(aha::to_bfloat16(from_bits(0x3F808001U)).bits, 0x3F81U);
  EXPECT_EQ(aha::to_bfloat16(std::numeric_limits<float>::max()).bits, 0x7F80U);
  EXPECT_EQ(aha::to_bfloat16(-std::numeric_limits<float>::infinity()).bits, 0xFF80U);
  // NaNs whose payload lies in the lower half only, and the one that addition would carry to zero
  EXPECT_TRUE(std::isnan(aha::to_float(aha::to_bfloat16(from_bits(0x7F800001U)))));
  EXPECT_TRUE(std::isnan(aha::to_float(aha::to_bfloat16(from_bits(0xFFFFFFFFU)))));
  std::mt19937 random(7);
  for (int k = 0; k < 200000; ++k) {
    float const x = from_bits(static_cast<std::uint32_t>(random()));
    if (std::isfinite(x)) {
      ASSERT_EQ(aha::to_bfloat16(x).bits, nearest(x)) << x;
    }
  }
}

// Lengths around the step of 16: the vector body and its tail must agree with the scalar conversions bit for bit.
TEST(bfloat16, blocks_equal_single_conversions) {
  std::mt19937 random(11);
  for (std::int64_t n : {0, 1, 15, 16, 17, 31, 32, 33, 127, 2047, 2048}) {
    for (std::int64_t offset : {0, 1, 7}) {
      std::vector<float> x(static_cast<std::size_t>(n + offset));
      std::vector<aha::bfloat16> y(x.size() + 1, aha::bfloat16{0x1234});
      for (float& v : x) v = from_bits(static_cast<std::uint32_t>(random()));
      aha::narrow(x.data() + offset, n, y.data() + offset);
      for (std::int64_t k = 0; k < n; ++k) {
        ASSERT_EQ(y[static_cast<std::size_t>(offset + k)].bits,
                  aha::to_bfloat16(x[static_cast<std::size_t>(offset + k)]).bits);
      }
      EXPECT_EQ(y.back().bits, 0x1234U);
      std::vector<float> z(x.size() + 1, 42.0F);
      aha::widen(y.data() + offset, n, z.data() + offset);
      for (std::int64_t k = 0; k < n; ++k) {
        float const want = aha::to_float(y[static_cast<std::size_t>(offset + k)]);
        ASSERT_EQ(std::memcmp(&z[static_cast<std::size_t>(offset + k)], &want, sizeof want), 0);
      }
      EXPECT_EQ(z.back(), 42.0F);
    }
  }
}

TEST(bfloat16, names_and_types) {
  EXPECT_EQ(aha::dtype_of<double const>(), aha::dtype::float64);
  EXPECT_EQ(aha::dtype_of<aha::bfloat16>(), aha::dtype::bfloat16);
  EXPECT_EQ(aha::dtype_of<aha::float16 const>(), aha::dtype::float16);
  EXPECT_STREQ(aha::name_of(aha::dtype::float32), "float32");
  EXPECT_STREQ(aha::name_of(aha::dtype::float16), "float16");
  EXPECT_EQ(aha::element_bytes(aha::dtype::bfloat16), 2);
  EXPECT_EQ(aha::element_bytes(aha::dtype::float16), 2);
  static_assert(std::is_same_v<aha::computed_t<aha::float16>, float>);
  static_assert(std::is_same_v<aha::computed_t<aha::bfloat16>, float>);
  static_assert(std::is_same_v<aha::computed_t<double>, double>);
}

}  // namespace

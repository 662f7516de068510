// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>
#include <cstring>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// Storage type of IEEE binary16 data (1 sign, 5 exponent, 10 fraction bits). It holds bits and has no operators: numbers
/// are widened, computed with in float32 and rounded once by `to_float16`. Same representation as torch.float16,
/// numpy.float16 and `_Float16`. Largest finite number 65504, smallest 2^-24: below 2^-25 a gradient becomes 0, so that
/// hosts of float16 scale their losses.
struct float16 {
  std::uint16_t bits;
};
static_assert(sizeof(float16) == 2 && std::is_trivially_copyable_v<float16>);

/// `to_float` of N numbers. Every step is a loop of its own over arrays of one width, and numbers, subnormals and the rest
/// are all computed and one is chosen: compilers turn that into SIMD code on every instruction set.
template <int N>
AHA_FN inline void widen_float16(std::uint16_t const (&in)[N], float (&out)[N]) {
  std::uint32_t magnitude[N], sign[N], bits[N];
  float small[N];
  for (int k = 0; k < N; ++k) sign[k] = in[k];
  for (int k = 0; k < N; ++k) magnitude[k] = (sign[k] & 0x7FFFU) << 13;
  for (int k = 0; k < N; ++k) sign[k] = (sign[k] & 0x8000U) << 16;
  // A subnormal fraction put below the leading 1 of 2^-14, minus that 1.
  for (int k = 0; k < N; ++k) bits[k] = magnitude[k] + (113U << 23);
  std::memcpy(small, bits, sizeof small);
  for (int k = 0; k < N; ++k) small[k] -= 0x1p-14F;
  std::memcpy(bits, small, sizeof bits);
  for (int k = 0; k < N; ++k) {
    std::uint32_t const m = magnitude[k];
    std::uint32_t const special = m | (m > 0x0F800000U ? 0x7FC00000U : 0x7F800000U);
    std::uint32_t const finite = m < 0x00800000U ? bits[k] : m + (112U << 23);
    bits[k] = sign[k] | (m < 0x0F800000U ? finite : special);
  }
  std::memcpy(out, bits, sizeof out);
}

/// `to_float16` of N numbers.
template <int N>
AHA_FN inline void narrow_float16(float const (&in)[N], std::uint16_t (&out)[N]) {
  std::uint32_t magnitude[N], sign[N], bits[N];
  float small[N];
  std::memcpy(sign, in, sizeof sign);
  for (int k = 0; k < N; ++k) magnitude[k] = sign[k] & 0x7FFFFFFFU;
  for (int k = 0; k < N; ++k) sign[k] = (sign[k] >> 16) & 0x8000U;
  // Adding 0.5 leaves the fraction's 2^-24 in the last bit, rounded to nearest even by the addition itself.
  std::memcpy(small, magnitude, sizeof small);
  for (int k = 0; k < N; ++k) small[k] += 0.5F;
  std::memcpy(bits, small, sizeof bits);
  for (int k = 0; k < N; ++k) {
    std::uint32_t const m = magnitude[k];
    // An overflow of the fraction carries into the exponent, which is what rounding wants, up to infinity.
    std::uint32_t const normal = (m - (112U << 23) + 0xFFFU + ((m >> 13) & 1U)) >> 13;
    std::uint32_t const finite = m < (113U << 23) ? bits[k] - (126U << 23) : normal;
    std::uint32_t const special = m > 0x7F800000U ? 0x7E00U | ((m >> 13) & 0x1FFU) : 0x7C00U;
    bits[k] = sign[k] | (m < (143U << 23) ? finite : special);
  }
  for (int k = 0; k < N; ++k) out[k] = static_cast<std::uint16_t>(bits[k]);
}

/// Exact: every float16, subnormals included, is a float32. A NaN becomes quiet and keeps its payload, as F16C has it.
AHA_FN inline float to_float(float16 x) {
  std::uint16_t const in[1] = {x.bits};
  float out[1];
  widen_float16(in, out);
  return out[0];
}

/// Rounds to the nearest float16, ties to even, subnormals included; from 65520 on infinity. A NaN stays a (quiet) NaN with
/// its sign and the upper part of its payload.
AHA_FN inline float16 to_float16(float x) {
  float const in[1] = {x};
  std::uint16_t out[1];
  narrow_float16(in, out);
  return float16{out[0]};
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/dtype.hpp>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

AHA_NAMESPACE_BEGIN

/// bfloat16 to float32, exact. Fixed inner trips: compilers turn them into integer widening and shifts at -O2 on every
/// instruction set, which xsimd 8.1 has no operation for.
inline void widen(bfloat16 const* from, std::int64_t n, float* to) {
  constexpr std::int64_t step = 16;
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    std::uint16_t in[step];
    std::uint32_t bits[step];
    std::memcpy(in, from + i, sizeof in);
    for (std::int64_t k = 0; k < step; ++k) bits[k] = static_cast<std::uint32_t>(in[k]) << 16;
    std::memcpy(to + i, bits, sizeof bits);
  }
  for (; i < n; ++i) to[i] = to_float(from[i]);
}

/// float32 to bfloat16 with one rounding, as `to_bfloat16`.
inline void narrow(float const* from, std::int64_t n, bfloat16* to) {
  constexpr std::int64_t step = 16;
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    float in[step];
    bfloat16 out[step];
    std::memcpy(in, from + i, sizeof in);
    for (std::int64_t k = 0; k < step; ++k) out[k] = to_bfloat16(in[k]);
    std::memcpy(to + i, out, sizeof out);
  }
  for (; i < n; ++i) to[i] = to_bfloat16(from[i]);
}

#if defined(__F16C__)
// F16C implies AVX. Eight numbers, to nearest even whatever the rounding mode.
inline void widen_eight(float16 const* from, float* to) {
  _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<__m128i const*>(from))));
}
inline void narrow_eight(float const* from, float16* to) {
  __m128i const bits = _mm256_cvtps_ph(_mm256_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bits);
}
#else
inline void widen_eight(float16 const* from, float* to) {
  std::uint16_t in[8];
  float out[8];
  std::memcpy(in, from, sizeof in);
  widen_float16(in, out);
  std::memcpy(to, out, sizeof out);
}
inline void narrow_eight(float const* from, float16* to) {
  float in[8];
  std::uint16_t out[8];
  std::memcpy(in, from, sizeof in);
  narrow_float16(in, out);
  std::memcpy(to, out, sizeof out);
}
#endif

/// float16 to float32, exact, and back with one rounding: the same bits with F16C and without.
inline void widen(float16 const* from, std::int64_t n, float* to) {
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) widen_eight(from + i, to + i);
  for (; i < n; ++i) to[i] = to_float(from[i]);
}
inline void narrow(float const* from, std::int64_t n, float16* to) {
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) narrow_eight(from + i, to + i);
  for (; i < n; ++i) to[i] = to_float16(from[i]);
}

/// One element, exact.
template <class Stored>
double widened(Stored x) {
  if constexpr (std::is_floating_point_v<Stored>) {
    return static_cast<double>(x);
  } else {
    return static_cast<double>(to_float(x));
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <aha/core/dtype.hpp>

AHA_NAMESPACE_BEGIN

/// Bytes of a granule: what one thread loads or stores at once, and the alignment of the bulk copy engine.
inline constexpr int granule_bytes = 16;
template <class Stored>
inline constexpr int granule_size = granule_bytes / static_cast<int>(sizeof(Stored));

// Sixteen bytes of logits in registers. Explicit conversions only: hosts may switch the operators of CUDA's half types
// off. Every element is widened exactly and rounded once on the way back.

/// Two adjacent 16-bit elements of a word as floats.
template <class Stored>
__device__ inline float2 widen_pair(std::uint32_t word) {
  if constexpr (std::is_same_v<Stored, bfloat16>) {
    return {__uint_as_float(word << 16), __uint_as_float(word & 0xFFFF0000U)};
  } else {
    __half2 h;
    memcpy(&h, &word, sizeof h);
    return __half22float2(h);
  }
}
/// Two floats rounded to a word of 16-bit elements; a NaN stays one.
template <class Stored>
__device__ inline std::uint32_t narrow_pair(float low, float high) {
  std::uint32_t word;
  if constexpr (std::is_same_v<Stored, bfloat16>) {
    __nv_bfloat162 const h = __floats2bfloat162_rn(low, high);
    memcpy(&word, &h, sizeof word);
  } else {
    __half2 const h = __floats2half2_rn(low, high);
    memcpy(&word, &h, sizeof word);
  }
  return word;
}
/// The larger of each half of two words. NaNs are passed over: they surface in the sum.
template <class Stored>
__device__ inline std::uint32_t larger_pair(std::uint32_t a, std::uint32_t b) {
  std::uint32_t word;
  if constexpr (std::is_same_v<Stored, bfloat16>) {
    __nv_bfloat162 x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x = __hmax2(x, y);
    memcpy(&word, &x, sizeof word);
  } else {
    __half2 x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x = __hmax2(x, y);
    memcpy(&word, &x, sizeof word);
  }
  return word;
}

/// The granule as floats.
template <class Stored>
__device__ inline void widen(uint4 const& g, float (&x)[granule_size<Stored>]) {
  std::uint32_t const words[4] = {g.x, g.y, g.z, g.w};
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if constexpr (std::is_same_v<Stored, float>) {
      x[k] = __uint_as_float(words[k]);
    } else {
      float2 const pair = widen_pair<Stored>(words[k]);
      x[2 * k] = pair.x;
      x[2 * k + 1] = pair.y;
    }
  }
}
/// Floats to a granule, each rounded once.
template <class Stored>
__device__ inline uint4 narrow(float const (&x)[granule_size<Stored>]) {
  if constexpr (std::is_same_v<Stored, float>) {
    return {__float_as_uint(x[0]), __float_as_uint(x[1]), __float_as_uint(x[2]), __float_as_uint(x[3])};
  } else {
    return {narrow_pair<Stored>(x[0], x[1]), narrow_pair<Stored>(x[2], x[3]), narrow_pair<Stored>(x[4], x[5]),
            narrow_pair<Stored>(x[6], x[7])};
  }
}
/// Largest element of `N` granules, -inf at least.
template <class Stored, int N>
__device__ inline float maximum(uint4 const (&g)[N]) {
  if constexpr (std::is_same_v<Stored, float>) {
    float top = -INFINITY;
#pragma unroll
    for (int n = 0; n < N; ++n) {
      top = fmaxf(top, fmaxf(fmaxf(__uint_as_float(g[n].x), __uint_as_float(g[n].y)),
                             fmaxf(__uint_as_float(g[n].z), __uint_as_float(g[n].w))));
    }
    return top;
  } else {
    std::uint32_t top = g[0].x;
#pragma unroll
    for (int n = 0; n < N; ++n) {
      if (n > 0) top = larger_pair<Stored>(top, g[n].x);
      top = larger_pair<Stored>(top, g[n].y);
      top = larger_pair<Stored>(top, larger_pair<Stored>(g[n].z, g[n].w));
    }
    float2 const pair = widen_pair<Stored>(top);
    return fmaxf(fmaxf(pair.x, pair.y), -INFINITY);  // a pair of NaN becomes -inf
  }
}

/// One element, exact.
template <class Stored>
__device__ inline float widened(Stored x) {
  if constexpr (std::is_same_v<Stored, float>) {
    return x;
  } else {
    return widen_pair<Stored>(x.bits).x;
  }
}
/// One float, rounded once.
template <class Stored>
__device__ inline Stored narrowed(float x) {
  if constexpr (std::is_same_v<Stored, float>) {
    return x;
  } else {
    return Stored{static_cast<std::uint16_t>(narrow_pair<Stored>(x, x))};
  }
}
/// -inf as stored: what stands for elements that are not there.
template <class Stored>
__device__ inline std::uint32_t minus_infinity_word() {
  if constexpr (std::is_same_v<Stored, float>) return 0xFF800000U;
  if constexpr (std::is_same_v<Stored, bfloat16>) return 0xFF80FF80U;
  return 0xFC00FC00U;
}

/// Sixteen bytes that begin `shift` bytes (a multiple of the element's size) behind the granule `low`, whose successor is
/// `high`. Without branches: the shift is the same for a whole row.
__device__ inline uint4 shifted(uint4 const& low, uint4 const& high, int shift) {
  std::uint32_t w[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
  bool const by_two = (shift & 8) != 0;
#pragma unroll
  for (int k = 0; k < 6; ++k) w[k] = by_two ? w[k + 2] : w[k];
  bool const by_one = (shift & 4) != 0;
#pragma unroll
  for (int k = 0; k < 5; ++k) w[k] = by_one ? w[k + 1] : w[k];
  int const bits = (shift & 2) * 8;
#pragma unroll
  for (int k = 0; k < 4; ++k) w[k] = __funnelshift_r(w[k], w[k + 1], static_cast<std::uint32_t>(bits));
  return {w[0], w[1], w[2], w[3]};
}
/// Sixteen bytes that begin `offset` bytes (more than -16, less than 16) behind granule g of what `granule(n)` gives.
template <class Granule>
__device__ inline uint4 read_at(Granule const& granule, int g, int offset) {
  if (offset == 0) return granule(g);
  return offset > 0 ? shifted(granule(g), granule(g + 1), offset)
                    : shifted(granule(g - 1), granule(g), offset + granule_bytes);
}

AHA_NAMESPACE_END

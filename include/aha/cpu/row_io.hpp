// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/dtype.hpp>
#include <aha/cpu/simd.hpp>
#include <cstring>
#include <limits>

#if defined(__F16C__)
#include <immintrin.h>
#endif

AHA_NAMESPACE_BEGIN

/// Elements of a row that are worked on at a time. A block of float32 is 8 KB: it stays in the first-level cache between
/// the pass for its maximum and the pass of exponentials, so that memory sees one read of the row. Blocks are cut from
/// the start of the row, so that a row's results do not depend on its address, its neighbours or the threads.
inline constexpr std::int64_t row_block = 2048;

/// Room for one block, for what cannot be used where it lies.
template <class P>
struct alignas(64) block_scratch {
  P values[row_block];
};

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

/// A block as the row loops read it.
template <class P>
struct row_view {
  P const* values;
  std::int64_t size;  ///< a multiple of the batch width; what lies behind the row's end is -inf, which weighs nothing
};

/// `n <= row_block` elements in their computed type: full blocks of float and double where they lie, others in `scratch`.
template <class V, class Stored>
row_view<computed_t<Stored>> load_block(Stored const* from, std::int64_t n,
                                        block_scratch<computed_t<Stored>>& scratch) {
  using P = computed_t<Stored>;
  if constexpr (std::is_same_v<Stored, P>) {
    if (n == row_block) return {from, n};
    std::memcpy(scratch.values, from, static_cast<std::size_t>(n) * sizeof(P));
  } else {
    widen(from, n, scratch.values);
  }
  constexpr std::int64_t width = lane_ops<V>::width;
  std::int64_t const size = (n + width - 1) / width * width;
  for (std::int64_t i = n; i < size; ++i) scratch.values[i] = -std::numeric_limits<P>::infinity();
  return {scratch.values, size};
}

/// Where a block's results are computed: in place for full blocks of float and double, otherwise in `scratch`.
template <class Stored>
computed_t<Stored>* store_target(Stored* to, std::int64_t n, block_scratch<computed_t<Stored>>& scratch) {
  if constexpr (std::is_same_v<Stored, computed_t<Stored>>) {
    if (n == row_block) return to;
  }
  return scratch.values;
}

/// Ends what `store_target` began: the first `n` results go to the row, rounded once where it is narrower.
template <class Stored>
void store_block(computed_t<Stored> const* values, std::int64_t n, Stored* to) {
  if constexpr (std::is_same_v<Stored, computed_t<Stored>>) {
    if (values != to) std::memcpy(to, values, static_cast<std::size_t>(n) * sizeof(Stored));
  } else {
    narrow(values, n, to);
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/row_conversion.hpp>
#include <aha/cpu/simd_pair.hpp>
#include <limits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

AHA_NAMESPACE_BEGIN

/// Elements of a row that are worked on at a time. A block of float32 is 8 KB: it stays in the first-level cache between
/// the pass for its maximum and the pass of exponentials, so that memory sees one read of the row. Blocks are cut from
/// the start of the row, so that a row's results do not depend on its address, its neighbours or the threads.
inline constexpr std::int64_t row_block = 2048;

/// Asks for `n` elements from `from` on, wherever that points: while a block's exponentials are computed memory would idle,
/// and wait for it is all that the next block's maximum does.
template <class Stored>
AHA_INLINE void prefetch_row([[maybe_unused]] Stored const* from, [[maybe_unused]] std::int64_t n) {
#if defined(__GNUC__) || defined(__clang__)
  for (std::int64_t k = 0; k < n; k += 64 / static_cast<std::int64_t>(sizeof(Stored))) __builtin_prefetch(from + k);
#endif
}

/// One lane of a row from `from[0 ...]`, widened in registers where the instruction set has an instruction for that.
template <class V, class Stored>
AHA_INLINE V load_row(Stored const* from) {
  using P = scalar_t<V>;
  static_assert(std::is_same_v<P, computed_t<Stored>>);
  if constexpr (std::is_same_v<Stored, P>) {
    return lane_ops<V>::load(from);
  } else {
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) {
      __m256i const bits = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(from));
      if constexpr (std::is_same_v<Stored, float16>) return V(_mm512_cvtph_ps(bits));
      return V(_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16)));
    }
#endif
#if defined(__AVX2__) && defined(__F16C__)
    if constexpr (sizeof(V) == 32) {
      __m128i const bits = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
      if constexpr (std::is_same_v<Stored, float16>) return V(_mm256_cvtph_ps(bits));
      return V(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16)));
    }
#endif
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16 && std::is_same_v<Stored, bfloat16>) {
      __m128i const bits = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(from));
      return V(_mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), bits)));
    }
#endif
    P wide[lane_ops<V>::width];
    widen(from, lane_ops<V>::width, wide);
    return lane_ops<V>::load(wide);
  }
}

/// Whether two lanes of a row are taken from memory as the even and the odd elements: a shift and a mask instead of
/// shuffles. Only sums, maxima and what goes back to its place may be made of them.
template <class V, class Stored>
inline constexpr bool even_and_odd =
#if defined(__SSE2__)
    std::is_same_v<Stored, bfloat16> && (sizeof(V) == 16
#if defined(__AVX2__)
                                         || sizeof(V) == 32
#endif
#if defined(__AVX512F__)
                                         || sizeof(V) == 64
#endif
                                        );
#else
    false;
#endif

#if defined(__AVX2__)
// Shifts by 16, as shuffles: the processor's shifters are where its multiplications are, which a row keeps busy.
AHA_INLINE __m256i low_half_up(__m256i u) {
  return _mm256_shuffle_epi8(u, _mm256_set_epi8(13, 12, -1, -1, 9, 8, -1, -1, 5, 4, -1, -1, 1, 0, -1, -1, 13, 12, -1,
                                                -1, 9, 8, -1, -1, 5, 4, -1, -1, 1, 0, -1, -1));
}
AHA_INLINE __m256i high_half_down(__m256i u) {
  return _mm256_shuffle_epi8(u, _mm256_set_epi8(-1, -1, 15, 14, -1, -1, 11, 10, -1, -1, 7, 6, -1, -1, 3, 2, -1, -1, 15,
                                                14, -1, -1, 11, 10, -1, -1, 7, 6, -1, -1, 3, 2));
}
#endif

/// Two lanes of a row from `from[0 ...]`, in the order that `store_rows` puts back.
template <class V, class Stored>
AHA_INLINE batch_pair<V> load_rows(Stored const* from) {
  if constexpr (even_and_odd<V, Stored>) {
    constexpr int high = static_cast<int>(0xFFFF0000U);
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) {
      __m512i const w = _mm512_loadu_si512(from);
      return {V(_mm512_castsi512_ps(_mm512_slli_epi32(w, 16))),
              V(_mm512_castsi512_ps(_mm512_and_si512(w, _mm512_set1_epi32(high))))};
    }
#endif
#if defined(__AVX2__)
    if constexpr (sizeof(V) == 32) {
      __m256i const w = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(from));
      return {V(_mm256_castsi256_ps(low_half_up(w))),
              V(_mm256_castsi256_ps(_mm256_and_si256(w, _mm256_set1_epi32(high))))};
    }
#endif
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16) {
      __m128i const w = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
      return {V(_mm_castsi128_ps(_mm_slli_epi32(w, 16))), V(_mm_castsi128_ps(_mm_and_si128(w, _mm_set1_epi32(high))))};
    }
#endif
  } else {
    return {load_row<V>(from), load_row<V>(from + lane_ops<V>::width)};
  }
}

// A float, not NaN, as integers whose high half is `to_bfloat16` of it.
#if defined(__SSE2__)
AHA_INLINE __m128i rounded_at_half(__m128i u) {
  __m128i const odd = _mm_and_si128(_mm_srli_epi32(u, 16), _mm_set1_epi32(1));
  return _mm_add_epi32(_mm_add_epi32(u, _mm_set1_epi32(0x7FFF)), odd);
}
#endif
#if defined(__AVX2__)
AHA_INLINE __m256i rounded_at_half(__m256i u) {
  __m256i const odd = _mm256_and_si256(high_half_down(u), _mm256_set1_epi32(1));
  return _mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7FFF)), odd);
}
#endif
#if defined(__AVX512F__)
AHA_INLINE __m512i rounded_at_half(__m512i u) {
  __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  return _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7FFF)), odd);
}
#endif

/// One lane of results, none NaN, to `to[0 ...]`, rounded once where that is narrower.
template <class V, class Stored>
AHA_INLINE void store_row(V const& x, Stored* to) {
  if constexpr (std::is_same_v<Stored, scalar_t<V>>) {
    lane_ops<V>::store(to, x);
  } else {
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) {
      __m256i bits;
      if constexpr (std::is_same_v<Stored, float16>) {
        bits = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
      } else {
        bits = _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded_at_half(_mm512_castps_si512(x)), 16));
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bits);
      return;
    }
#endif
#if defined(__AVX2__) && defined(__F16C__)
    if constexpr (sizeof(V) == 32) {
      __m128i bits;
      if constexpr (std::is_same_v<Stored, float16>) {
        bits = _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
      } else {
        __m256i const chosen = _mm256_srli_epi32(rounded_at_half(_mm256_castps_si256(x)), 16);
        bits = _mm_packus_epi32(_mm256_castsi256_si128(chosen), _mm256_extracti128_si256(chosen, 1));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bits);
      return;
    }
#endif
    scalar_t<V> wide[lane_ops<V>::width];
    lane_ops<V>::store(wide, x);
    narrow(wide, lane_ops<V>::width, to);
  }
}

/// Whether two lanes of results have stores that go past the caches: of whole float and double batches, and of bfloat16.
template <class V, class Stored>
inline constexpr bool can_stream =
#if defined(__SSE2__)
    (std::is_same_v<Stored, scalar_t<V>> && !std::is_floating_point_v<V>) || even_and_odd<V, Stored>;
#else
    false;
#endif
/// One lane of its own type past the caches.
template <class V, class Stored>
AHA_INLINE void stream_row([[maybe_unused]] V const& x, [[maybe_unused]] Stored* to) {
#if defined(__SSE2__)
  if constexpr (std::is_same_v<Stored, scalar_t<V>>) {
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && std::is_same_v<Stored, float>) _mm512_stream_ps(to, x);
    if constexpr (sizeof(V) == 64 && std::is_same_v<Stored, double>) _mm512_stream_pd(to, x);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && std::is_same_v<Stored, float>) _mm256_stream_ps(to, x);
    if constexpr (sizeof(V) == 32 && std::is_same_v<Stored, double>) _mm256_stream_pd(to, x);
#endif
    if constexpr (sizeof(V) == 16 && std::is_same_v<Stored, float>) _mm_stream_ps(to, x);
    if constexpr (sizeof(V) == 16 && std::is_same_v<Stored, double>) _mm_stream_pd(to, x);
  }
#endif
}
template <class V>
void end_of_stream() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/// Two lanes of results, none NaN, to `to[0 ...]`, in the order of `load_rows`. `Stream`: past the caches, to an address that
/// is a multiple of the lane's size; `end_of_stream` orders such stores before what follows.
template <bool Stream = false, class V, class Stored>
AHA_INLINE void store_rows(batch_pair<V> const& x, Stored* to) {
  static_assert(!Stream || can_stream<V, Stored>);
  if constexpr (even_and_odd<V, Stored>) {
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) {
      __m512i const even = _mm512_srli_epi32(rounded_at_half(_mm512_castps_si512(x.a)), 16);
      __m512i const odd = rounded_at_half(_mm512_castps_si512(x.b));
      constexpr int a_or_b_and_c = 0xF8;
      _mm512_storeu_si512(
          to, _mm512_ternarylogic_epi32(even, odd, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U)), a_or_b_and_c));
    }
#endif
#if defined(__AVX2__)
    if constexpr (sizeof(V) == 32) {
      __m256i const even = high_half_down(rounded_at_half(_mm256_castps_si256(x.a)));
      __m256i const odd = rounded_at_half(_mm256_castps_si256(x.b));
      __m256i const both = _mm256_blend_epi16(even, odd, 0xAA);
      if constexpr (Stream) {
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to), both);
      } else {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), both);
      }
    }
#endif
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16) {
      __m128i const even = _mm_srli_epi32(rounded_at_half(_mm_castps_si128(x.a)), 16);
      __m128i const odd = rounded_at_half(_mm_castps_si128(x.b));
      __m128i const high = _mm_and_si128(odd, _mm_set1_epi32(static_cast<int>(0xFFFF0000U)));
      if constexpr (Stream) {
        _mm_stream_si128(reinterpret_cast<__m128i*>(to), _mm_or_si128(even, high));
      } else {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_or_si128(even, high));
      }
    }
#endif
  } else if constexpr (Stream) {
    stream_row(x.a, to);
    stream_row(x.b, to + lane_ops<V>::width);
  } else {
    store_row(x.a, to);
    store_row(x.b, to + lane_ops<V>::width);
  }
}

/// `n` elements, at most a lane: what lies behind them is -inf, which weighs nothing. Results may be NaN.
template <class V, class Stored>
V load_row_end(Stored const* from, std::int64_t n) {
  using P = scalar_t<V>;
  P wide[lane_ops<V>::width];
  for (P& x : wide) x = -std::numeric_limits<P>::infinity();
  for (std::int64_t k = 0; k < n; ++k) {
    if constexpr (std::is_same_v<Stored, P>) {
      wide[k] = from[k];
    } else {
      wide[k] = to_float(from[k]);
    }
  }
  return lane_ops<V>::load(wide);
}
template <class V, class Stored>
void store_row_end(V const& x, std::int64_t n, Stored* to) {
  scalar_t<V> wide[lane_ops<V>::width];
  lane_ops<V>::store(wide, x);
  if constexpr (std::is_same_v<Stored, scalar_t<V>>) {
    std::memcpy(to, wide, static_cast<std::size_t>(n) * sizeof(Stored));
  } else {
    narrow(wide, n, to);
  }
}

AHA_NAMESPACE_END

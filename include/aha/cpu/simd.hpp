// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/simd_exp.hpp>
#include <cstdint>

#if !defined(AHA_WITHOUT_XSIMD)
#include <xsimd/xsimd.hpp>
#endif

AHA_NAMESPACE_BEGIN

#if defined(AHA_WITHOUT_XSIMD)

/// One token a lane: what a host without xsimd asks for by the macro, for the whole program. Correct and slow, and never
/// chosen by anything here: without the macro a missing xsimd is the compiler's error.
template <class T>
using simd_lane = T;

#else

/// The lane contract over xsimd batches: the only SIMD layer of the library. Uses operations that exist in xsimd 8.1
/// and in current releases. Loads and stores are unaligned: columns come from the host as they are. Intrinsics stand where
/// xsimd 8.1 has no operation, or a slow one.
template <class T, class Arch>
struct lane_ops<xsimd::batch<T, Arch>> {
  using V = xsimd::batch<T, Arch>;
  using scalar = T;
  using passive = V;
  using mask = typename V::batch_bool_type;
  static constexpr int width = static_cast<int>(V::size);
  static constexpr bool has_mask_registers = std::is_base_of_v<xsimd::avx512f, Arch>;
  static constexpr bool is_float = std::is_same_v<T, float>;

  AHA_INLINE static V broadcast(double x) { return V(static_cast<T>(x)); }
  AHA_INLINE static V constant(T x) { return V(x); }
  AHA_INLINE static V load(T const* p) { return V::load_unaligned(p); }
  AHA_INLINE static V load_where(mask const& m, T const* p) {
#if defined(__AVX512F__)
    if constexpr (has_mask_registers && is_float) return _mm512_maskz_loadu_ps(m, p);
    if constexpr (has_mask_registers && !is_float) return _mm512_maskz_loadu_pd(m, p);
#endif
    return zero_unless(m, load(p));
  }
  AHA_INLINE static void store(T* p, V const& x) { x.store_unaligned(p); }
  AHA_INLINE static V select(mask const& m, V const& a, V const& b) { return xsimd::select(m, a, b); }
  /// One instruction where `select` is up to three.
  AHA_INLINE static V zero_unless(mask const& m, V const& x) {
#if defined(__SSE2__)
    if constexpr (!has_mask_registers) return x & V(m.data);
#endif
    return xsimd::select(m, x, V(T(0)));
  }
  AHA_INLINE static std::uint32_t bits(mask const& m) {
#if defined(__AVX512F__)
    if constexpr (has_mask_registers) return static_cast<std::uint32_t>(m.data);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && is_float) return static_cast<std::uint32_t>(_mm256_movemask_ps(m.data));
    if constexpr (sizeof(V) == 32 && !is_float) return static_cast<std::uint32_t>(_mm256_movemask_pd(m.data));
#endif
    T lanes[width];
    store(lanes, zero_unless(m, V(T(1))));
    std::uint32_t r = 0;
    for (int k = 0; k < width; ++k) r |= (lanes[k] != T(0) ? 1U : 0U) << k;
    return r;
  }
  AHA_INLINE static V exp(V const& x) {
    if constexpr (is_float) {
      return float_exponential<V>::all(x).exp;
    } else {
      return xsimd::exp(x);
    }
  }
  AHA_INLINE static exponentials<V> all_exponentials(V const& x) {
    if constexpr (is_float) {
      return float_exponential<V>::all(x);
    } else {
      return math::exponentials_by_series(x);
    }
  }
  AHA_INLINE static V expm1(V const& x) {
    if constexpr (is_float) {
      return float_exponential<V>::all(x).expm1;
    } else {
      return xsimd::expm1(x);
    }
  }
  AHA_INLINE static V log(V const& x) { return xsimd::log(x); }
  AHA_INLINE static V sqrt(V const& x) { return xsimd::sqrt(x); }
  AHA_INLINE static V abs(V const& x) { return xsimd::abs(x); }
#if defined(__SSE2__)
  // minps and maxps are what the contract says, ties and NaN included: the second operand where the comparison fails.
  AHA_INLINE static V min(V const& a, V const& b) { return xsimd::min(b, a); }
  AHA_INLINE static V max(V const& a, V const& b) { return xsimd::max(b, a); }
#else
  AHA_INLINE static V min(V const& a, V const& b) { return xsimd::select(b < a, b, a); }
  AHA_INLINE static V max(V const& a, V const& b) { return xsimd::select(a < b, b, a); }
#endif

  // What the exponentials are made of, float only.
  using integers = xsimd::batch<std::int32_t, Arch>;

  /// a b + c with one rounding where the instruction set has that, whatever -ffp-contract says.
  AHA_INLINE static V multiply_add(V const& a, V const& b, V const& c) {
#if defined(__AVX512F__)
    if constexpr (has_mask_registers && is_float) return _mm512_fmadd_ps(a, b, c);
#endif
    return xsimd::fma(a, b, c);
  }
  /// 2^(n - 127) for the integer n in the low bits of `shifted`, 0 <= n <= 254: 0 for n = 0.
  AHA_INLINE static V low_bits_as_exponent(V const& shifted) {
#if XSIMD_VERSION_MAJOR < 9
    return xsimd::bitwise_cast<V>(xsimd::bitwise_cast<integers>(shifted) << 23);
#else
    return xsimd::bitwise_cast<float>(xsimd::bitwise_cast<std::int32_t>(shifted) << 23);
#endif
  }
  /// y 2^n for the integer n in the low bits of `shifted`, where y and the result are ordinary numbers.
  AHA_INLINE static V add_exponent(V const& y, V const& shifted) {
#if XSIMD_VERSION_MAJOR < 9
    return xsimd::bitwise_cast<V>(xsimd::bitwise_cast<integers>(y) + (xsimd::bitwise_cast<integers>(shifted) << 23));
#else
    return xsimd::bitwise_cast<float>(xsimd::bitwise_cast<std::int32_t>(y) +
                                      (xsimd::bitwise_cast<std::int32_t>(shifted) << 23));
#endif
  }
};

/// The widest batch of T that the translation unit's flags allow.
template <class T>
using simd_lane = xsimd::batch<T>;

#endif

AHA_NAMESPACE_END

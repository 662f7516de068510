// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/math.hpp>

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
/// and in current releases. Loads and stores are unaligned: columns come from the host as they are.
template <class T, class Arch>
struct lane_ops<xsimd::batch<T, Arch>> {
  using V = xsimd::batch<T, Arch>;
  using scalar = T;
  using passive = V;
  using mask = typename V::batch_bool_type;
  static constexpr int width = static_cast<int>(V::size);

  static V broadcast(double x) { return V(static_cast<T>(x)); }
  static V load(T const* p) { return V::load_unaligned(p); }
  static void store(T* p, V const& x) { x.store_unaligned(p); }
  static V select(mask const& m, V const& a, V const& b) { return xsimd::select(m, a, b); }
  static V exp(V const& x) { return xsimd::exp(x); }
  static V expm1(V const& x) { return xsimd::expm1(x); }
  static V log(V const& x) { return xsimd::log(x); }
  static V sqrt(V const& x) { return xsimd::sqrt(x); }
  static V abs(V const& x) { return xsimd::abs(x); }
  static V min(V const& a, V const& b) { return xsimd::select(b < a, b, a); }
  static V max(V const& a, V const& b) { return xsimd::select(a < b, b, a); }
};

/// The widest batch of T that the translation unit's flags allow.
template <class T>
using simd_lane = xsimd::batch<T>;

#endif

AHA_NAMESPACE_END

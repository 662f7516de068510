// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/math.hpp>

AHA_NAMESPACE_BEGIN

/// Exponentials of float batches, one reduction for every instruction set:  x = n ln 2 + r,  |r| <= ln 2 / 2,
/// e^r = 1 + r + r^2 q(r), q a polynomial fitted to the least largest error. Within 1.5 ulp for e^x, infinities and NaN
/// included; what is below 2^-125 is 0. A third of xsimd 8.1's instructions. e^x alone is the same e^x: whoever asks for
/// both at one x pays once. `V` is a lane with the float operations of `simd.hpp`: every step is written for all of its
/// batches before the next.
template <class V>
struct float_exponential {
  using ops = lane_ops<V>;

  /// With 2^n = 2 h and s = r^2 q(r), to 0.05 ulp:  e^x - 1 - x = 2 (h s + (h r + (h - 1/2) - x/2)). Where n is 0 the bracket
  /// is exactly 0, so that nothing cancels near 0.
  AHA_INLINE static exponentials<V> all(V const& given) {
    V const limited = ops::min(given, c(89.0F));
    V const x = ops::max(limited, c(-87.5F));
    V const shifted = shift(x);
    V const r = rest(x, shifted - c(magic));
    V q = ops::multiply_add(c(0x1.a17e58p-13F), r, c(0x1.6d4368p-10F));
    q = ops::multiply_add(q, r, c(0x1.1110acp-7F));
    q = ops::multiply_add(q, r, c(0x1.5554e8p-5F));
    q = ops::multiply_add(q, r, c(0x1.555556p-3F));
    q = ops::multiply_add(q, r, c(0.5F));
    V const square = r * r;
    V const h = ops::add_exponent(c(0x1p-1F), shifted);
    V const a = h - c(0.5F);
    V const value = ops::multiply_add(h, square * q, ops::multiply_add(h, r, a) - c(0.5F) * limited);
    V const e1 = ops::multiply_add(square, q, r);
    V const less_1 = ops::multiply_add(h, e1, a);
    V const whole = ops::multiply_add(h, e1, h);
    return {whole + whole, less_1 + less_1, value + value};
  }

 private:
  static constexpr float magic = 0x1.8p23F;  // adding it rounds to the nearest integer and leaves that in the low bits
  AHA_INLINE static V c(float x) { return ops::constant(x); }
  AHA_INLINE static V shift(V const& x) { return ops::multiply_add(x, c(0x1.715476p0F), c(magic)); }
  /// x - n ln 2, with ln 2 in two parts; n times the first is exact.
  AHA_INLINE static V rest(V const& x, V const& n) {
    return ops::multiply_add(n, c(0x1.bd0106p-13F), ops::multiply_add(n, c(-0x1.63p-1F), x));
  }
};

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/simd.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

AHA_NAMESPACE_BEGIN

/// Scaled logits below this have e^z = 0 in float and double alike. Clamping there keeps 0 * -inf out of p log p.
inline constexpr double negligible_logit = -1000.0;

/// The exponentials of a softmax, f e^((x - top)/tau - s): of logits x, for one `top`, temperature tau, shift s and factor f a
/// row. -inf and whatever is too small for an ordinary number give 0; a NaN, or +inf where that is the top, gives NaN. Where
/// e^... exceeds the range of the type (a `top` below the largest logit, no `s` to make up for it) results mean nothing.
/// This is the form of a lane that has an exponential of its own.
template <class V, bool = std::is_same_v<scalar_t<V>, float> && !std::is_floating_point_v<V>>
struct softmax_exponential {
  V top, scale, subtracted, factor;

  softmax_exponential(double largest, double temperature, double s = 0.0, double f = 1.0)
      : top(lane<V>(largest)), scale(lane<V>(1.0 / temperature)), subtracted(lane<V>(s)), factor(lane<V>(f)) {}
  /// (x - top)/tau where the exponential is not 0, else any finite number.
  AHA_INLINE V exponent(V const& x) const { return math::max((x - top) * scale, lane<V>(negligible_logit)); }
  AHA_INLINE V operator()(V const& x) const { return factor * math::exp((x - top) * scale - subtracted); }
  /// sum + the exponential of x, without the factor.
  AHA_INLINE V added(V const& sum, V const& x) const { return sum + math::exp((x - top) * scale - subtracted); }
};

/// The same for batches of floats, to a power of 2: with c = log2(e)/tau and L = s log2(e),
///   x - top = z,  n = round(z c),  r = z c - n,  e^... = 2^r 2^(n - round(L)) 2^(round(L) - L),
/// 2^r by a polynomial fitted to the least largest relative error (0.05 ulp), 2^(n - round(L)) made of bits: adding `magic`
/// leaves n - round(L) + 127 in the low ones, 0 where the result shall be 0. What depends on the row alone is prepared: two
/// thirds of the instructions of the general exponential, which must know its argument as a number. Two roundings beside that
/// of x - top.
template <class V>
struct softmax_exponential<V, true> {
  using ops = lane_ops<V>;
  static constexpr int degree = 6;
  V top, rate, rate_rest, magic, floor, scale;
  V polynomial[degree + 1];  ///< times f 2^(round(L) - L)

  softmax_exponential(double largest, double temperature, double s = 0.0, double f = 1.0) {
    double const c = 1.44269504088896340736 / temperature;
    double const shift = s * 1.44269504088896340736;
    double const whole = std::nearbyint(std::max(-4e6, std::min(shift, 4e6)));  // the magic number has 22 bits for it
    constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max());
    top = ops::broadcast(largest);
    rate = ops::broadcast(c);
    rate_rest = ops::broadcast(c - static_cast<double>(static_cast<float>(c)));
    magic = ops::broadcast(0x1.8p23 + 127.0 - whole);
    floor = ops::broadcast(std::max((whole - 127.0) / c, lowest));
    scale = ops::broadcast(1.0 / temperature);
    double const factor = f * std::exp2(whole - shift);
    constexpr double two_to_the[] = {1.0,           0x1.62e432p-1,  0x1.ebfbe6p-3, 0x1.c6ada6p-5,
                                     0x1.3b21c6p-7, 0x1.5fbfb4p-10, 0x1.4bcd60p-13};
    for (int k = 0; k <= degree; ++k) polynomial[k] = ops::broadcast(factor * two_to_the[k]);
  }
  AHA_INLINE V exponent(V const& x) const { return bounded(x) * scale; }
  AHA_INLINE V operator()(V const& x) const {
    parts const p = parts_of(x);
    return p.mantissa * p.power;
  }
  AHA_INLINE V added(V const& sum, V const& x) const {
    parts const p = parts_of(x);
    return ops::multiply_add(p.mantissa, p.power, sum);
  }

 private:
  struct parts {
    V mantissa, power;
  };
  AHA_INLINE V bounded(V const& x) const { return ops::max(x - top, floor); }
  AHA_INLINE parts parts_of(V const& x) const {
    V const z = bounded(x);
    V const shifted = ops::multiply_add(z, rate, magic);
    V const minus_n = magic - shifted;
    V const r = ops::multiply_add(z, rate_rest, ops::multiply_add(z, rate, minus_n));
    V q = ops::multiply_add(polynomial[degree], r, polynomial[degree - 1]);
    for (int k = degree - 1; k > 0; --k) q = ops::multiply_add(q, r, polynomial[k - 1]);
    return {q, ops::low_bits_as_exponent(shifted)};
  }
};

AHA_NAMESPACE_END

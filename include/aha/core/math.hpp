// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/device_math.hpp>
#include <cmath>
#include <cstdint>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// e^x and what cancels in it, from one exponential.
template <class V>
struct exponentials {
  V exp;      ///< e^x
  V expm1;    ///< e^x - 1
  V expm1mx;  ///< e^x - 1 - x: never negative, relative error of a few units in the last place
};

namespace math {
template <class V>
AHA_FN inline exponentials<V> exponentials_by_series(V const& x);
}

/// The lane contract. A lane is the number type that a term is written over: `float` and `double` here, a SIMD batch
/// (`aha/cpu/simd.hpp`) or a dual number of either (`aha/core/dual.hpp`). Each specialises this template; terms call the
/// functions of `aha::math`, always qualified (an unqualified `exp` would find the batch library's by ADL).
template <class V>
struct lane_ops {
  static_assert(std::is_floating_point_v<V>, "aha: not a lane: expected float, double, a SIMD batch or a dual of them");
  using scalar = V;
  using passive = V;
  using mask = bool;
  static constexpr int width = 1;

  AHA_FN static V broadcast(double x) { return static_cast<V>(x); }
  AHA_FN static V load(V const* p) { return *p; }
  /// The value of `p[0 ...]` where `m`, else 0: what is masked is selected out before any maths.
  AHA_FN static V load_where(bool m, V const* p) { return m ? *p : V(0); }
  AHA_FN static void store(V* p, V x) { *p = x; }
  AHA_FN static V select(bool m, V a, V b) { return m ? a : b; }
  /// x where `m`, else 0.
  AHA_FN static V zero_unless(bool m, V x) { return m ? x : V(0); }
  /// Bit k of the result is lane k.
  AHA_FN static std::uint32_t bits(bool m) { return m ? 1U : 0U; }
  AHA_FN static V exp(V x) { return std::exp(x); }
  AHA_FN static V expm1(V x) { return std::expm1(x); }
  AHA_FN static exponentials<V> all_exponentials(V x) { return math::exponentials_by_series(x); }
  AHA_FN static V log(V x) { return std::log(x); }
  AHA_FN static V sqrt(V x) { return std::sqrt(x); }
  AHA_FN static V abs(V x) { return x < V(0) ? -x : x; }
  AHA_FN static V min(V a, V b) {
#if AHA_DEVICE_CODE
    if constexpr (std::is_same_v<V, float>) return device_math::min(a, b);
#endif
    return b < a ? b : a;
  }
  AHA_FN static V max(V a, V b) {
#if AHA_DEVICE_CODE
    if constexpr (std::is_same_v<V, float>) return device_math::max(a, b);
#endif
    return a < b ? b : a;
  }
};

template <class V>
using scalar_t = typename lane_ops<V>::scalar;  ///< float or double
template <class V>
using passive_t = typename lane_ops<V>::passive;  ///< the lane without derivatives
template <class V>
using mask_t = typename lane_ops<V>::mask;  ///< what comparisons give and `select` takes; combine with && || !

/// A constant in every lane; parameters are doubles and are converted here, once, to the lane's scalar.
template <class V>
AHA_FN inline V lane(double x) {
  return lane_ops<V>::broadcast(x);
}

namespace math {

template <class V>
AHA_FN inline V select(mask_t<V> const& m, V const& a, V const& b) {
  return lane_ops<V>::select(m, a, b);
}
/// x where `m`, else 0.
template <class V>
AHA_FN inline V zero_unless(mask_t<V> const& m, V const& x) {
  return lane_ops<V>::zero_unless(m, x);
}
template <class V>
AHA_FN inline V exp(V const& x) {
  return lane_ops<V>::exp(x);
}
template <class V>
AHA_FN inline V expm1(V const& x) {
  return lane_ops<V>::expm1(x);
}
template <class V>
AHA_FN inline V log(V const& x) {
  return lane_ops<V>::log(x);
}
template <class V>
AHA_FN inline V sqrt(V const& x) {
  return lane_ops<V>::sqrt(x);
}
/// |x|; the derivative at 0 is 0, as torch has it.
template <class V>
AHA_FN inline V abs(V const& x) {
  return lane_ops<V>::abs(x);
}
/// At an exact tie the gradient is halved between both arguments, as torch.minimum has it.
template <class V>
AHA_FN inline V min(V const& a, V const& b) {
  return lane_ops<V>::min(a, b);
}
/// At an exact tie the gradient is halved between both arguments, as torch.maximum has it.
template <class V>
AHA_FN inline V max(V const& a, V const& b) {
  return lane_ops<V>::max(a, b);
}
/// x limited to [lo, hi]; the gradient passes at the bounds and is 0 beyond, as torch.clamp has it.
template <class V>
AHA_FN inline V clamp(V const& x, passive_t<V> const& lo, passive_t<V> const& hi) {
  if constexpr (std::is_same_v<V, passive_t<V>>) {
    return lane_ops<V>::min(lane_ops<V>::max(x, lo), hi);
  } else {
    return lane_ops<V>::clamp(x, lo, hi);
  }
}
/// 1 / (1 + e^-x), without overflow on either side.
template <class V>
AHA_FN inline V sigmoid(V const& x) {
  if constexpr (std::is_same_v<V, passive_t<V>>) {
    V const e = lane_ops<V>::exp(-lane_ops<V>::abs(x));
    V const s = lane<V>(1) / (lane<V>(1) + e);
    return lane_ops<V>::select(x < lane<V>(0), e * s, s);
  } else {
    return lane_ops<V>::sigmoid(x);
  }
}

/// Below this |x| the series of `exponentials_by_series` is used; above it e^x - 1 - x loses less than four bits.
inline constexpr double expm1mx_series_bound = 0.5;

/// `exponentials` of lanes that have no faster way: near 0 by the series e^x - 1 - x = x^2/2 (1 + x/3 (1 + x/4 (1 + ...))).
template <class V>
AHA_FN inline exponentials<V> exponentials_by_series(V const& x) {
  V s = lane<V>(1);
#if AHA_DEVICE_CODE
  if constexpr (std::is_same_v<V, float>) {
    s = device_math::small_expm1mx(x);
  } else
#endif
  {
    constexpr int last = std::is_same_v<scalar_t<V>, float> ? 9 : 17;
    for (int k = last; k >= 3; --k) s = lane<V>(1) + x * s * lane<V>(1.0 / k);
    s = x * x * lane<V>(0.5) * s;
  }
  V const e = lane_ops<V>::exp(x);
  V const e1 = e - lane<V>(1);
  mask_t<V> const small = lane_ops<V>::abs(x) < lane<V>(expm1mx_series_bound);
  return {e, lane_ops<V>::select(small, s + x, e1), lane_ops<V>::select(small, s, e1 - x)};
}

/// e^x, e^x - 1 and e^x - 1 - x for little more than one of them; no lane of duals.
template <class V>
AHA_FN inline exponentials<V> all_exponentials(V const& x) {
  return lane_ops<V>::all_exponentials(x);
}

/// e^x - 1 - x without cancellation near 0: never negative, relative error of a few units in the last place.
template <class V>
AHA_FN inline V expm1mx(V const& x) {
  if constexpr (std::is_same_v<V, passive_t<V>>) {
    return lane_ops<V>::all_exponentials(x).expm1mx;
  } else {
    return lane_ops<V>::expm1mx(x);
  }
}

/// The value of x with derivative 0.
template <class V>
AHA_FN inline V stop_gradient(V const& x) {
  if constexpr (std::is_same_v<V, passive_t<V>>) {
    return x;
  } else {
    return V(x.value);
  }
}

/// The value of `value` with the derivative of `gradient`.
template <class V>
AHA_FN inline V straight_through(V const& value, V const& gradient) {
  if constexpr (std::is_same_v<V, passive_t<V>>) {
    return value;
  } else {
    V r = gradient;
    r.value = value.value;
    return r;
  }
}

}  // namespace math

AHA_NAMESPACE_END

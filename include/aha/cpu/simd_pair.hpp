// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/simd.hpp>

AHA_NAMESPACE_BEGIN

/// Two batches as one lane. A term is a chain of dependent operations as long as all that a processor looks ahead; two
/// chains side by side, an operation of one and an operation of the other, keep its units busy.
template <class V>
struct batch_pair {
  V a;
  V b;

  AHA_INLINE friend batch_pair operator-(batch_pair const& x) { return {-x.a, -x.b}; }
  AHA_INLINE friend batch_pair operator+(batch_pair const& x, batch_pair const& y) { return {x.a + y.a, x.b + y.b}; }
  AHA_INLINE friend batch_pair operator-(batch_pair const& x, batch_pair const& y) { return {x.a - y.a, x.b - y.b}; }
  AHA_INLINE friend batch_pair operator*(batch_pair const& x, batch_pair const& y) { return {x.a * y.a, x.b * y.b}; }
  AHA_INLINE friend batch_pair operator/(batch_pair const& x, batch_pair const& y) { return {x.a / y.a, x.b / y.b}; }
};

/// What comparisons of pairs give.
template <class V>
struct mask_pair {
  mask_t<V> a;
  mask_t<V> b;

  AHA_INLINE friend mask_pair operator&&(mask_pair const& x, mask_pair const& y) { return {x.a && y.a, x.b && y.b}; }
  AHA_INLINE friend mask_pair operator||(mask_pair const& x, mask_pair const& y) { return {x.a || y.a, x.b || y.b}; }
  AHA_INLINE friend mask_pair operator!(mask_pair const& x) { return {!x.a, !x.b}; }
};

template <class V>
AHA_INLINE mask_pair<V> operator<(batch_pair<V> const& x, batch_pair<V> const& y) {
  return {x.a < y.a, x.b < y.b};
}
template <class V>
AHA_INLINE mask_pair<V> operator>(batch_pair<V> const& x, batch_pair<V> const& y) {
  return {x.a > y.a, x.b > y.b};
}
template <class V>
AHA_INLINE mask_pair<V> operator<=(batch_pair<V> const& x, batch_pair<V> const& y) {
  return {x.a <= y.a, x.b <= y.b};
}
template <class V>
AHA_INLINE mask_pair<V> operator>=(batch_pair<V> const& x, batch_pair<V> const& y) {
  return {x.a >= y.a, x.b >= y.b};
}
template <class V>
AHA_INLINE mask_pair<V> operator==(batch_pair<V> const& x, batch_pair<V> const& y) {
  return {x.a == y.a, x.b == y.b};
}

/// The lane contract, batch by batch: the bits of a token are those that one batch gives it.
template <class V>
struct lane_ops<batch_pair<V>> {
  using ops = lane_ops<V>;
  using P = batch_pair<V>;
  using scalar = typename ops::scalar;
  using passive = P;
  using mask = mask_pair<V>;
  static constexpr int half = ops::width;
  static constexpr int width = 2 * half;

  AHA_INLINE static P broadcast(double x) {
    V const v = ops::broadcast(x);
    return {v, v};
  }
  AHA_INLINE static P constant(scalar x) {
    V const v = ops::constant(x);
    return {v, v};
  }
  AHA_INLINE static P load(scalar const* p) { return {ops::load(p), ops::load(p + half)}; }
  AHA_INLINE static P load_where(mask const& m, scalar const* p) {
    return {ops::load_where(m.a, p), ops::load_where(m.b, p + half)};
  }
  AHA_INLINE static void store(scalar* p, P const& x) {
    ops::store(p, x.a);
    ops::store(p + half, x.b);
  }
  AHA_INLINE static P select(mask const& m, P const& x, P const& y) {
    return {ops::select(m.a, x.a, y.a), ops::select(m.b, x.b, y.b)};
  }
  AHA_INLINE static P zero_unless(mask const& m, P const& x) {
    return {ops::zero_unless(m.a, x.a), ops::zero_unless(m.b, x.b)};
  }
  AHA_INLINE static std::uint32_t bits(mask const& m) { return ops::bits(m.a) | ops::bits(m.b) << half; }
  AHA_INLINE static P log(P const& x) { return {ops::log(x.a), ops::log(x.b)}; }
  AHA_INLINE static P sqrt(P const& x) { return {ops::sqrt(x.a), ops::sqrt(x.b)}; }
  AHA_INLINE static P abs(P const& x) { return {ops::abs(x.a), ops::abs(x.b)}; }
  AHA_INLINE static P min(P const& x, P const& y) { return {ops::min(x.a, y.a), ops::min(x.b, y.b)}; }
  AHA_INLINE static P max(P const& x, P const& y) { return {ops::max(x.a, y.a), ops::max(x.b, y.b)}; }

  AHA_INLINE static P exp(P const& x) {
    if constexpr (std::is_same_v<scalar, float>) {
      return float_exponential<P>::all(x).exp;
    } else {
      return {ops::exp(x.a), ops::exp(x.b)};
    }
  }
  AHA_INLINE static exponentials<P> all_exponentials(P const& x) {
    if constexpr (std::is_same_v<scalar, float>) {
      return float_exponential<P>::all(x);
    } else {
      exponentials<V> const e = ops::all_exponentials(x.a);
      exponentials<V> const f = ops::all_exponentials(x.b);
      return {{e.exp, f.exp}, {e.expm1, f.expm1}, {e.expm1mx, f.expm1mx}};
    }
  }
  AHA_INLINE static P expm1(P const& x) { return all_exponentials(x).expm1; }

  AHA_INLINE static P multiply_add(P const& x, P const& y, P const& z) {
    return {ops::multiply_add(x.a, y.a, z.a), ops::multiply_add(x.b, y.b, z.b)};
  }
  AHA_INLINE static P add_exponent(P const& y, P const& shifted) {
    return {ops::add_exponent(y.a, shifted.a), ops::add_exponent(y.b, shifted.b)};
  }
};

/// The lane in which leaves are evaluated by an engine whose lane is V: a pair where there are registers for two chains.
template <class V, class = void>
struct leaf_lane {
  using type = V;
};
template <class V>
struct leaf_lane<V, std::enable_if_t<lane_ops<V>::has_mask_registers && lane_ops<V>::is_float>> {
  using type = batch_pair<V>;
};

AHA_NAMESPACE_END

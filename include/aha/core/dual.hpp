// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/math.hpp>

AHA_NAMESPACE_BEGIN

/// Forward-mode dual number over a lane: a value and N directional derivatives (1 or 2 seeds in this library).
/// The only place where derivatives of primitives are written; tie rules follow torch (see `aha::math`).
template <class V, int N>
struct dual {
  V value;
  V d[N];

  dual() = default;
  /// A passive value: derivative 0.
  AHA_FN explicit dual(V const& v) : value(v) {
    for (int i = 0; i < N; ++i) d[i] = lane<V>(0);
  }
  /// An active value: derivative 1 in direction `seed`.
  AHA_FN static dual seeded(V const& v, int seed) {
    dual r(v);
    r.d[seed] = lane<V>(1);
    return r;
  }

  AHA_FN friend dual operator-(dual const& a) {
    dual r;
    r.value = -a.value;
    for (int i = 0; i < N; ++i) r.d[i] = -a.d[i];
    return r;
  }
  AHA_FN friend dual operator+(dual const& a, dual const& b) {
    dual r;
    r.value = a.value + b.value;
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] + b.d[i];
    return r;
  }
  AHA_FN friend dual operator-(dual const& a, dual const& b) {
    dual r;
    r.value = a.value - b.value;
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] - b.d[i];
    return r;
  }
  AHA_FN friend dual operator*(dual const& a, dual const& b) {
    dual r;
    r.value = a.value * b.value;
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] * b.value + a.value * b.d[i];
    return r;
  }
  AHA_FN friend dual operator/(dual const& a, dual const& b) {
    dual r;
    r.value = a.value / b.value;
    for (int i = 0; i < N; ++i) r.d[i] = (a.d[i] - r.value * b.d[i]) / b.value;
    return r;
  }
  AHA_FN friend dual operator+(dual a, V const& b) {
    a.value = a.value + b;
    return a;
  }
  AHA_FN friend dual operator+(V const& a, dual const& b) { return b + a; }
  AHA_FN friend dual operator-(dual a, V const& b) {
    a.value = a.value - b;
    return a;
  }
  AHA_FN friend dual operator-(V const& a, dual const& b) {
    dual r;
    r.value = a - b.value;
    for (int i = 0; i < N; ++i) r.d[i] = -b.d[i];
    return r;
  }
  AHA_FN friend dual operator*(dual const& a, V const& b) {
    dual r;
    r.value = a.value * b;
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] * b;
    return r;
  }
  AHA_FN friend dual operator*(V const& a, dual const& b) { return b * a; }
  AHA_FN friend dual operator/(dual const& a, V const& b) {
    dual r;
    r.value = a.value / b;
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] / b;
    return r;
  }
  AHA_FN friend mask_t<V> operator<(dual const& a, V const& b) { return a.value < b; }
  AHA_FN friend mask_t<V> operator>(dual const& a, V const& b) { return a.value > b; }
  AHA_FN friend mask_t<V> operator<=(dual const& a, V const& b) { return a.value <= b; }
  AHA_FN friend mask_t<V> operator>=(dual const& a, V const& b) { return a.value >= b; }
};

/// The lane contract for dual numbers: each rule is f(v) and f'(v) times the seeds.
template <class V, int N>
struct lane_ops<dual<V, N>> {
  using D = dual<V, N>;
  using scalar = scalar_t<V>;
  using passive = V;
  using mask = mask_t<V>;

  AHA_FN static D broadcast(double x) { return D(lane<V>(x)); }
  AHA_FN static D select(mask const& m, D const& a, D const& b) {
    D r;
    r.value = math::select(m, a.value, b.value);
    for (int i = 0; i < N; ++i) r.d[i] = math::select(m, a.d[i], b.d[i]);
    return r;
  }
  AHA_FN static D exp(D const& x) {
    V const e = math::exp(x.value);
    return chain(e, e, x);
  }
  AHA_FN static D expm1(D const& x) { return chain(math::expm1(x.value), math::exp(x.value), x); }
  AHA_FN static D log(D const& x) { return chain(math::log(x.value), lane<V>(1) / x.value, x); }
  AHA_FN static D sqrt(D const& x) {
    V const s = math::sqrt(x.value);
    return chain(s, lane<V>(0.5) / s, x);
  }
  AHA_FN static D abs(D const& x) {
    V const sign =
        math::select(x.value > lane<V>(0), lane<V>(1), math::select(x.value < lane<V>(0), lane<V>(-1), lane<V>(0)));
    return chain(math::abs(x.value), sign, x);
  }
  AHA_FN static D sigmoid(D const& x) {
    V const s = math::sigmoid(x.value);
    return chain(s, s * math::sigmoid(-x.value), x);
  }
  AHA_FN static D expm1mx(D const& x) {
    exponentials<V> const e = math::all_exponentials(x.value);
    return chain(e.expm1mx, e.expm1, x);
  }
  AHA_FN static D min(D const& a, D const& b) {
    return pick(math::min(b.value, a.value), a.value < b.value, b.value < a.value, a, b);
  }
  AHA_FN static D max(D const& a, D const& b) {
    return pick(math::max(b.value, a.value), a.value > b.value, b.value > a.value, a, b);
  }
  AHA_FN static D clamp(D const& x, V const& lo, V const& hi) {
    D r;
    r.value = math::clamp(x.value, lo, hi);
    mask const inside = r.value == x.value;
    for (int i = 0; i < N; ++i) r.d[i] = math::zero_unless(inside, x.d[i]);
    return r;
  }

 private:
  AHA_FN static D chain(V const& value, V const& derivative, D const& x) {
    D r;
    r.value = value;
    for (int i = 0; i < N; ++i) r.d[i] = derivative * x.d[i];
    return r;
  }
  AHA_FN static D pick(V const& value, mask const& first, mask const& second, D const& a, D const& b) {
    D r;
    r.value = value;
    for (int i = 0; i < N; ++i) {
      V const half = (a.d[i] + b.d[i]) * lane<V>(0.5);
      r.d[i] = math::select(first, a.d[i], math::select(second, b.d[i], half));
    }
    return r;
  }
};

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/dtype.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

/// Softmax results and gradients of one row by their definitions, in float64 and without the engine's forms.
namespace oracle {

inline double widen(double x) { return x; }
inline double widen(float x) { return static_cast<double>(x); }
inline double widen(aha::bfloat16 x) { return static_cast<double>(aha::to_float(x)); }
inline double widen(aha::float16 x) { return static_cast<double>(aha::to_float(x)); }

/// A number as logits of a type hold it.
template <class Stored>
Stored stored(double x) {
  if constexpr (std::is_same_v<Stored, aha::bfloat16>) {
    return aha::to_bfloat16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<Stored, aha::float16>) {
    return aha::to_float16(static_cast<float>(x));
  } else {
    return static_cast<Stored>(x);
  }
}

/// What one rounding to the stored type may change of w: half a spacing, relative for normal numbers and absolute below.
template <class Stored>
double one_rounding(double w) {
  if constexpr (std::is_same_v<Stored, aha::bfloat16>) return 0x1p-8 * std::fabs(w);
  if constexpr (std::is_same_v<Stored, aha::float16>) return std::max(0x1p-11 * std::fabs(w), 0x1p-25);
  return 0.0;
}

/// Neumaier's sum: the oracle must not share the rounding that it measures.
struct exact_sum {
  double sum = 0;
  double carry = 0;
  void add(double x) {
    double const s = sum + x;
    carry += std::fabs(sum) >= std::fabs(x) ? (sum - s) + x : (x - s) + sum;
    sum = s;
  }
  double total() const { return sum + carry; }
};

struct row {
  double logp = 0;
  double lse = 0;
  double entropy = 0;
  double max = 0;
  double log_sum = 0;
  std::vector<double> log_p;
};

template <class Stored>
row softmax(Stored const* x, std::int64_t n, std::int64_t target, double tau) {
  row r;
  r.max = -std::numeric_limits<double>::infinity();
  for (std::int64_t v = 0; v < n; ++v) r.max = std::max(r.max, widen(x[v]));
  exact_sum sum;
  for (std::int64_t v = 0; v < n; ++v) sum.add(std::exp((widen(x[v]) - r.max) / tau));
  r.log_sum = std::log(sum.total());
  r.lse = r.max / tau + r.log_sum;
  r.log_p.resize(static_cast<std::size_t>(n));
  exact_sum h;
  for (std::int64_t v = 0; v < n; ++v) {
    double const lp = (widen(x[v]) - r.max) / tau - r.log_sum;
    r.log_p[static_cast<std::size_t>(v)] = lp;
    double const p = std::exp(lp);
    if (p > 0) h.add(-p * lp);
  }
  r.entropy = h.total();
  r.logp = r.log_p[static_cast<std::size_t>(target)];
  return r;
}

/// d (a log p_target + b H + c lse) / d x_v for every v.
inline std::vector<double> gradient(row const& r, std::int64_t target, double tau, double a, double b, double c = 0.0) {
  std::vector<double> g(r.log_p.size());
  for (std::size_t v = 0; v < g.size(); ++v) {
    double const lp = r.log_p[v];
    double const p = std::exp(lp);
    double d = (c - a) * p;
    if (p > 0) d -= b * p * (lp + r.entropy);
    if (static_cast<std::int64_t>(v) == target) {
      d = -a * std::expm1(lp) + c * p - (p > 0 ? b * p * (lp + r.entropy) : 0.0);
    }
    g[v] = d / tau;
  }
  return g;
}

}  // namespace oracle

// SPDX-License-Identifier: MIT
#pragma once

// Rows of logits in float64 on the host, and the values that rows of a storage type hold.

#include <aha/core/dtype.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace oracle {

template <class Stored>
double wide(Stored x) {
  if constexpr (std::is_same_v<Stored, float>) {
    return static_cast<double>(x);
  } else {
    return static_cast<double>(aha::to_float(x));
  }
}
template <class Stored>
Stored rounded(double x) {
  float const f = static_cast<float>(x);
  if constexpr (std::is_same_v<Stored, float>) {
    return f;
  } else if constexpr (std::is_same_v<Stored, aha::bfloat16>) {
    return aha::to_bfloat16(f);
  } else {
    return aha::to_float16(f);
  }
}
/// Relative size of half a step of a storage type.
template <class Stored>
constexpr double half_step = std::is_same_v<Stored, float> ? 0x1p-24
                                                           : (std::is_same_v<Stored, aha::bfloat16> ? 0x1p-9 : 0x1p-11);
/// Half the smallest step at all.
template <class Stored>
constexpr double smallest_half_step = std::is_same_v<Stored, aha::float16> ? 0x1p-25 : 0x1p-127;

struct row {
  std::vector<double> log_p;
  double logp = 0, entropy = 0, lse = 0, max = 0, log_sum = 0;
};

/// Softmax of a row at temperature tau; sums in long double.
template <class Stored>
row softmax(Stored const* x, std::size_t n, std::int64_t target, double tau) {
  row r;
  r.max = -INFINITY;
  for (std::size_t v = 0; v < n; ++v) r.max = std::max(r.max, wide(x[v]));
  long double s = 0;
  for (std::size_t v = 0; v < n; ++v) s += std::exp((wide(x[v]) - r.max) / tau);
  r.log_sum = static_cast<double>(std::log(s));
  long double h = 0;
  for (std::size_t v = 0; v < n; ++v) {
    double const l = (wide(x[v]) - r.max) / tau - r.log_sum;
    r.log_p.push_back(l);
    double const p = std::exp(l);
    if (p > 0) h -= static_cast<long double>(p) * l;
  }
  r.entropy = static_cast<double>(h);
  r.lse = r.max / tau + r.log_sum;
  r.logp = target < 0 ? -INFINITY : r.log_p[static_cast<std::size_t>(target)];
  return r;
}

/// a (delta_vt - p_v)/tau - b p_v (log p_v + H)/tau + c p_v/tau
inline std::vector<double> gradient(row const& r, std::int64_t target, double tau, double a, double b, double c) {
  std::vector<double> g;
  for (std::size_t v = 0; v < r.log_p.size(); ++v) {
    double const l = r.log_p[v];
    double const p = std::exp(l);
    double d = static_cast<std::int64_t>(v) == target ? -a * std::expm1(l) : -a * p;
    d += c * p;
    if (p > 0) d -= b * p * (l + r.entropy);
    g.push_back(d / tau);
  }
  return g;
}

enum class kind { normal, peaked, uniform, low, shifted, holes };
inline constexpr kind kinds[] = {kind::normal, kind::peaked, kind::uniform, kind::low, kind::shifted, kind::holes};

template <class Stored>
void fill_row(std::mt19937& g, kind k, Stored* x, std::size_t n, std::size_t target) {
  std::normal_distribution<double> normal(0, 3);
  bool const wide_type = std::is_same_v<Stored, float>;
  for (std::size_t v = 0; v < n; ++v) {
    double y = normal(g);
    if (k == kind::peaked) y = v == target ? 18 : y - 4;
    if (k == kind::uniform) y = 1.5;
    if (k == kind::low) y = -60 + y / 8;
    if (k == kind::shifted) y = y / 4 + (wide_type ? -1e4 : -200);
    if (k == kind::holes && v % 3 == 0 && v != target) y = -INFINITY;
    x[v] = rounded<Stored>(y);
  }
}

}  // namespace oracle

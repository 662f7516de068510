// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <aha/core/order_free_sum.hpp>
#include <cmath>
#include <cstdint>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// Count, mean and sum of squared deviations of a set of numbers, in double. Mergeable: a block of rows or a rank
/// contributes its own and the host's engine adds them up.
///
///   push (Welford 1962):  mean += (x - mean) / n,   m2 += (x - old mean) (x - new mean)
///   merge (Chan 1979):    mean += d n_b / n,        m2 += m2_b + d^2 n_a n_b / n,        d = mean_b - mean_a
///
/// Neither form subtracts two large sums of squares. Merging equal sets keeps `mean` and `m2 == 0` to the bit. Otherwise
/// the last bits depend on the order of the merges; `order_free_moments` does not.
/// An empty set has mean 0; `variance(ddof)` is m2 / (count - ddof), and 0 where count <= ddof, never NaN.
struct moments {
  std::int64_t count = 0;
  double mean = 0.0;
  double m2 = 0.0;

  AHA_FN constexpr void push(double x) {
    count += 1;
    double const before = x - mean;
    mean += before / static_cast<double>(count);
    m2 += before * (x - mean);
  }
  AHA_FN constexpr void merge(moments const& other) {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    double const both = static_cast<double>(count + other.count);
    double const share = static_cast<double>(other.count) / both;
    double const apart = other.mean - mean;
    mean += apart * share;
    m2 += other.m2 + apart * apart * share * static_cast<double>(count);
    count += other.count;
  }
  AHA_FN constexpr double variance(int ddof) const {
    return count > ddof ? m2 / static_cast<double>(count - ddof) : 0.0;
  }
  AHA_FN double standard_deviation(int ddof) const { return std::sqrt(variance(ddof)); }
};
static_assert(std::is_trivially_copyable_v<moments>, "aha: moments go to kernels by value");

/// Moments of a small set whose bits do not depend on the order of its members, and deviations from its mean that do not
/// cancel: both passes work on x - low, which is exact where members lie within a factor of two of each other.
///
///   offset = sum(x - low) / n,   deviation(x) = (x - low) - offset,   m2 = sum deviation(x)^2
///
/// `equal()` says max == min, the only test of zero spread that rounding cannot fool.
struct order_free_moments {
  std::int64_t count = 0;
  double low = 0.0;
  double high = 0.0;
  double offset = 0.0;
  double m2 = 0.0;

  /// Of `at(0) ... at(n - 1)`; NaN is no member. Members are at most 1e150 in magnitude (squares must not overflow).
  template <class At>
  AHA_FN static order_free_moments of(At&& at, std::int64_t n) {
    order_free_moments r;
    for (std::int64_t i = 0; i < n; ++i) {
      double const x = at(i);
      if (!(x == x)) continue;
      r.low = r.count == 0 || x < r.low ? x : r.low;
      r.high = r.count == 0 || x > r.high ? x : r.high;
      r.count += 1;
    }
    if (r.equal()) return r;
    double const range = r.high - r.low;
    order_free_sum total(range, r.count);
    for (std::int64_t i = 0; i < n; ++i) {
      double const x = at(i);
      total.add(x == x ? x - r.low : 0.0);
    }
    r.offset = total.value() / static_cast<double>(r.count);
    order_free_sum squares(range * range, r.count);
    for (std::int64_t i = 0; i < n; ++i) {
      double const x = at(i);
      double const d = x == x ? r.deviation(x) : 0.0;
      squares.add(d * d);
    }
    r.m2 = squares.value();
    return r;
  }

  AHA_FN bool equal() const { return low == high; }
  AHA_FN double deviation(double x) const { return (x - low) - offset; }
  /// low + offset, except that equal members keep their value to the bit.
  AHA_FN moments plain() const { return moments{count, low + offset, m2}; }
};
static_assert(std::is_trivially_copyable_v<order_free_moments>, "aha: moments go to kernels by value");

AHA_NAMESPACE_END

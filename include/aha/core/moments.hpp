// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <aha/core/order_free_sum.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
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
  /// Calls f(name, number) for every number of a record, constant or not: what is stored and sent.
  template <class Moments, class F>
  static constexpr void numbers(Moments& m, F&& f) {
    f("count", m.count);
    f("mean", m.mean);
    f("m2", m.m2);
  }
};
static_assert(std::is_trivially_copyable_v<moments>, "aha: moments go to kernels by value");

/// Largest magnitude of a member of `order_free_moments`: sums of squares stay finite for any count that fits into memory.
inline constexpr double largest_member = 1e140;

/// Moments of a set whose bits do not depend on the order of its members, nor on how it is cut into blocks, and
/// deviations from its mean that do not cancel: both passes work on x - low, which is exact where members lie within a
/// factor of two of each other.
///
///   offset = sum(x - low) / n,   deviation(x) = (x - low) - offset,   m2 = sum deviation(x)^2
///
/// `equal()` says max == min, the only test of zero spread that rounding cannot fool. NaN is no member.
///
/// A set in one block: `of`. One in several: `include` of all members, then `distances` over all of them to `set_mean`,
/// then `squares` over all of them to `set_m2`; what blocks have gathered is merged before the next step.
struct order_free_moments {
  std::int64_t count = 0;
  double low = 0.0;
  double high = 0.0;
  double offset = 0.0;
  double m2 = 0.0;

  /// Of `at(0) ... at(n - 1)`.
  template <class At>
  AHA_FN static order_free_moments of(At&& at, std::int64_t n) {
    order_free_moments r;
    for (std::int64_t i = 0; i < n; ++i) r.include(at(i));
    if (r.equal()) return r;
    order_free_sum total = r.distances();
    for (std::int64_t i = 0; i < n; ++i) r.add_distance(total, at(i));
    r.set_mean(total);
    order_free_sum sum = r.squares();
    for (std::int64_t i = 0; i < n; ++i) r.add_square(sum, at(i));
    r.set_m2(sum);
    return r;
  }

  /// Of `padded` members in memory, a multiple of `order_free_sum::lanes`, what there is too much of them NaN: the same by
  /// lanes.
  static order_free_moments of_padded(double const* members, std::int64_t padded) {
    constexpr int lanes = order_free_sum::lanes;
    double least[lanes], most[lanes], counts[lanes];
    for (int k = 0; k < lanes; ++k) {
      least[k] = std::numeric_limits<double>::infinity();
      most[k] = -std::numeric_limits<double>::infinity();
      counts[k] = 0.0;
    }
    for (std::int64_t i = 0; i < padded; i += lanes) {
      for (int k = 0; k < lanes; ++k) {
        double const x = members[i + k];
        least[k] = x < least[k] ? x : least[k];
        most[k] = x > most[k] ? x : most[k];
        counts[k] += x == x ? 1.0 : 0.0;
      }
    }
    for (int half = lanes / 2; half > 0; half /= 2) {
      for (int k = 0; k < half; ++k) {
        least[k] = least[k + half] < least[k] ? least[k + half] : least[k];
        most[k] = most[k + half] > most[k] ? most[k + half] : most[k];
        counts[k] += counts[k + half];
      }
    }
    order_free_moments r;
    if (counts[0] > 0.0) r = {static_cast<std::int64_t>(counts[0]), least[0], most[0], 0.0, 0.0};
    if (r.equal()) return r;
    order_free_sum total = r.distances();
    total.add_all(members, padded, [&](double x) { return r.distance(x); });
    r.set_mean(total);
    order_free_sum sum = r.squares();
    sum.add_all(members, padded, [&](double x) { return r.square(x); });
    r.set_m2(sum);
    return r;
  }

  AHA_FN void include(double x) {
    if (!(x == x)) return;
    low = count == 0 || x < low ? x : low;
    high = count == 0 || x > high ? x : high;
    count += 1;
  }
  AHA_FN void include(order_free_moments const& other) {
    if (other.count == 0) return;
    low = count == 0 || other.low < low ? other.low : low;
    high = count == 0 || other.high > high ? other.high : high;
    count += other.count;
  }
  AHA_FN order_free_sum distances() const { return order_free_sum(high - low, count); }
  AHA_FN double distance(double x) const { return x == x ? x - low : 0.0; }
  AHA_FN void add_distance(order_free_sum& sum, double x) const { sum.add(distance(x)); }
  AHA_FN void set_mean(order_free_sum const& sum) { offset = sum.value() / static_cast<double>(count); }
  AHA_FN order_free_sum squares() const { return order_free_sum((high - low) * (high - low), count); }
  AHA_FN double square(double x) const {
    double const d = x == x ? deviation(x) : 0.0;
    return d * d;
  }
  AHA_FN void add_square(order_free_sum& sum, double x) const { sum.add(square(x)); }
  AHA_FN void set_m2(order_free_sum const& sum) { m2 = sum.value(); }

  AHA_FN bool equal() const { return low == high; }
  AHA_FN double deviation(double x) const { return (x - low) - offset; }
  /// low + offset, except that equal members keep their value to the bit.
  AHA_FN moments plain() const { return moments{count, low + offset, m2}; }

  /// Moments of the others: `at(0) ... at(n - 1)`, the set that this was made of, without the member at(k).
  ///
  ///   m2 - d^2 n / (n - 1)   where that is at least half of m2, else a pass of its own over the others
  ///
  /// so that nothing cancels, and m2 is exactly 0 where the others are equal. At most three members of a set need the
  /// pass (their squares sum to m2), so asking for every member costs O(n).
  template <class At>
  AHA_FN moments without(At&& at, std::int64_t n, std::int64_t k) const {
    moments rest;
    if (without_pass(at(k), rest)) return rest;
    auto const others = [&](std::int64_t i) { return at(i < k ? i : i + 1); };
    return order_free_moments::of(others, n - 1).plain();
  }
  /// The same by the formula; false, and nothing written, where a pass is needed.
  AHA_FN bool without_pass(double member, moments& others) const {
    double const d = deviation(member);
    double const rest = static_cast<double>(count - 1);
    double const own = d * d * static_cast<double>(count) / rest;
    if (count <= 1 || !(own <= 0.5 * m2)) return false;
    others = moments{count - 1, low + (offset - d / rest), m2 - own};
    return true;
  }
};
static_assert(std::is_trivially_copyable_v<order_free_moments>, "aha: moments go to kernels by value");

AHA_NAMESPACE_END

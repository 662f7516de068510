// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>
#include <cstring>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// A sum in double whose bits do not depend on the order of its terms.
///
/// Every term is cut at two fixed binary places that depend only on `bound` and `count`; the pieces are then small
/// multiples of one power of two, so adding them is exact and exact additions commute. (Pre-rounded summation: Rump,
/// Ogita, Oishi, "Accurate floating-point summation", 2008; Demmel and Nguyen, "Fast reproducible floating-point
/// summation", 2013.) What lies below the second place is dropped: the error is at most
/// `16 count^2 2^-105` times `count * bound`, far below one rounding for the counts that occur.
///
/// The caller promises |x| <= bound for at most `count` finite terms. Wants rounding to nearest and a compiler that
/// keeps `(x + c) - c`: the promise does not hold under -ffast-math.
class order_free_sum {
 public:
  AHA_FN order_free_sum() : order_free_sum(0.0, 0) {}
  AHA_FN order_free_sum(double bound, std::int64_t count)
      : cut_(six_times_power(bound * static_cast<double>(count))),
        // What the first cut leaves of a term is at most half its unit in the last place, 2^-53 of `cut_`'s binade.
        fine_cut_(six_times_power(cut_ * 0x1p-53 * static_cast<double>(count))) {}

  AHA_FN void add(double x) {
    double const coarse = (x + cut_) - cut_;
    double const rest = x - coarse;
    coarse_ += coarse;
    fine_ += (rest + fine_cut_) - fine_cut_;
  }
  /// Adds f(x) of n numbers, a multiple of `lanes`, that many side by side: additions that wait for one another are what a
  /// sum costs.
  static constexpr int lanes = 4;
  template <class F>
  void add_all(double const* x, std::int64_t n, F const& f) {
    double coarse[lanes] = {coarse_};
    double fine[lanes] = {fine_};
    for (std::int64_t i = 0; i < n; i += lanes) {
      for (int k = 0; k < lanes; ++k) {
        double const term = f(x[i + k]);
        double const cut = (term + cut_) - cut_;
        double const rest = term - cut;
        coarse[k] += cut;
        fine[k] += (rest + fine_cut_) - fine_cut_;
      }
    }
    coarse_ = (coarse[0] + coarse[1]) + (coarse[2] + coarse[3]);
    fine_ = (fine[0] + fine[1]) + (fine[2] + fine[3]);
  }
  /// Adds a sum over other terms that was made with the same bound and count: exact, so blocks may be cut anywhere.
  AHA_FN void merge(order_free_sum const& other) {
    coarse_ += other.coarse_;
    fine_ += other.fine_;
  }
  AHA_FN double value() const { return coarse_ + fine_; }

 private:
  // 1.5 * 2^e with all of the sum below 2^(e-1): adding a term cannot leave the binade, so the cut stays in place.
  // A subnormal total gives 0, which cuts nothing: subnormals are multiples of one power of two already.
  AHA_FN static double six_times_power(double total) {
    std::uint64_t bits = 0;
    static_assert(sizeof bits == sizeof total, "aha: order_free_sum wants IEEE binary64");
    std::memcpy(&bits, &total, sizeof bits);
    bits &= 0x7FF0000000000000U;
    std::memcpy(&total, &bits, sizeof bits);
    return 6.0 * total;
  }

  double cut_;
  double fine_cut_;
  double coarse_ = 0.0;
  double fine_ = 0.0;
};
static_assert(std::is_trivially_copyable_v<order_free_sum>, "aha: sums go to kernels by value");

AHA_NAMESPACE_END

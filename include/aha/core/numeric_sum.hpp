// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>

AHA_NAMESPACE_BEGIN

/// A float64 sum over the positions 0, 1, 2, ... on a fixed tree: position p goes to lane p mod 16, the sixteen lanes are
/// added pairwise at the end. The result depends on the values and their positions alone, not on the instruction set's
/// width, the blocking or the thread.
struct fixed_sum {
  static constexpr int width = 16;
  double lanes[width] = {};

  /// Adds `n` values (a multiple of 16, zero where nothing counts) that start at a position divisible by 16.
  template <class T>
  void add(T const* x, std::int64_t n) {
    // The first and the last sixteen apart: a plain copy of the lanes would be a call, or an instruction that starts slowly.
    if (n <= width) {
      if (n == width) add_to_each(lanes, x, lanes);
      return;
    }
    double sums[width];
    add_to_each(lanes, x, sums);
    for (std::int64_t j = width; j < n - width; j += width) add_to_each(sums, x + j, sums);
    add_to_each(sums, x + (n - width), lanes);
  }
  [[nodiscard]] double total() const {
    double t[width];
    for (int k = 0; k < width; ++k) t[k] = lanes[k];
    for (int half = width / 2; half > 0; half /= 2) {
      for (int k = 0; k < half; ++k) t[k] += t[k + half];
    }
    return t[0];
  }

 private:
  template <class T>
  AHA_INLINE static void add_to_each(double const* from, T const* x, double* to) {
    for (int k = 0; k < width; ++k) to[k] = from[k] + static_cast<double>(x[k]);
  }
};

AHA_NAMESPACE_END

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
    double sums[width];  // a copy that compilers keep in registers
    for (int k = 0; k < width; ++k) sums[k] = lanes[k];
    for (std::int64_t j = 0; j < n; j += width) {
      for (int k = 0; k < width; ++k) sums[k] += static_cast<double>(x[j + k]);
    }
    for (int k = 0; k < width; ++k) lanes[k] = sums[k];
  }
  [[nodiscard]] double total() const {
    double t[width];
    for (int k = 0; k < width; ++k) t[k] = lanes[k];
    for (int half = width / 2; half > 0; half /= 2) {
      for (int k = 0; k < half; ++k) t[k] += t[k + half];
    }
    return t[0];
  }
};

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/softmax_partial.hpp>
#include <aha/cpu/row_io.hpp>
#include <aha/cpu/softmax_exp.hpp>

AHA_NAMESPACE_BEGIN

/// Largest of a block's `n` elements. NaNs are passed over: they surface in the sum.
template <class V, class Stored>
scalar_t<V> block_maximum(Stored const* x, std::int64_t n) {
  using P = scalar_t<V>;
  using ops = lane_ops<V>;
  constexpr std::int64_t width = ops::width;
  V a = lane<V>(minus_infinity);
  V b = a, c = a, d = a;  // comparisons take several cycles each: four chains hide that
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    batch_pair<V> const first = load_rows<V>(x + i);
    batch_pair<V> const second = load_rows<V>(x + i + 2 * width);
    a = math::max(a, first.a);
    b = math::max(b, first.b);
    c = math::max(c, second.a);
    d = math::max(d, second.b);
  }
  for (; i + width <= n; i += width) a = math::max(a, load_row<V>(x + i));
  if (i < n) b = math::max(b, load_row_end<V>(x + i, n - i));
  P lanes[width];
  ops::store(lanes, math::max(math::max(a, b), math::max(c, d)));
  P top = lanes[0];
  for (std::int64_t k = 1; k < width; ++k) top = lanes[k] > top ? lanes[k] : top;
  return top;
}

/// Sums of one lane width in double: short runs are added up in the lane's precision and spilled here.
template <class V>
struct lane_totals {
  static constexpr int width = lane_ops<V>::width;
  double values[width] = {};

  void add(V const& x) {
    scalar_t<V> lanes[width];
    lane_ops<V>::store(lanes, x);
    for (int k = 0; k < width; ++k) values[k] += static_cast<double>(lanes[k]);
  }
  double sum() const {
    double s[width];
    for (int k = 0; k < width; ++k) s[k] = values[k];
    for (int half = width / 2; half > 0; half /= 2) {
      for (int k = 0; k < half; ++k) s[k] += s[k + half];
    }
    return s[0];
  }
};

/// Sums of e^z and e^z z over a few lanes, in the lane's precision.
template <bool WithEntropy, class V>
struct short_sums {
  V exp = lane<V>(0);
  V weighted = lane<V>(0);

  AHA_INLINE void add(V const& x, softmax_exponential<V> const& e_to_the) {
    if constexpr (WithEntropy) {
      V const e = e_to_the(x);
      exp = exp + e;
      weighted = weighted + e * e_to_the.exponent(x);
    } else {
      exp = e_to_the.added(exp, x);
    }
  }
};

/// Adds a block of `n` elements to `part`, whose maximum already covers it; `of_row` is the row's exponential.
template <bool WithEntropy, class V, class Stored>
void accumulate_block(Stored const* x, std::int64_t n, softmax_exponential<V> of_row, softmax_partial& part) {
  constexpr std::int64_t width = lane_ops<V>::width;
  constexpr std::int64_t run = 64 * width;  // 16 additions before a spill: rounding stays below 1e-6 of the sum
  // Where all logits so far are -inf, they are taken relative to 0: e^(-inf) is 0, and a NaN still shows.
  of_row.top = lane<V>(part.max == minus_infinity ? 0.0 : part.max);
  lane_totals<V> sums;
  lane_totals<V> weighted;
  auto const spill = [&](short_sums<WithEntropy, V> const& s) {
    sums.add(s.exp);
    if constexpr (WithEntropy) weighted.add(s.weighted);
  };
  std::int64_t i = 0;
  while (i < n) {
    std::int64_t const end = i + run < n ? i + run : n;
    short_sums<WithEntropy, V> a, b, c, d;
    for (; i + 4 * width <= end; i += 4 * width) {
      prefetch_row(x + i + row_block, 4 * width);
      batch_pair<V> const first = load_rows<V>(x + i);
      batch_pair<V> const second = load_rows<V>(x + i + 2 * width);
      a.add(first.a, of_row);
      b.add(first.b, of_row);
      c.add(second.a, of_row);
      d.add(second.b, of_row);
    }
    for (; i + width <= end; i += width) a.add(load_row<V>(x + i), of_row);
    if (i < end) b.add(load_row_end<V>(x + i, end - i), of_row);
    i = end;
    spill(a);
    spill(b);
    spill(c);
    spill(d);
  }
  part.sum_exp += sums.sum();
  if constexpr (WithEntropy) part.sum_xp += weighted.sum();
}

/// One read of a row: its softmax partial by the online form, block after block. A new maximum rescales what came before.
///   row `[V]`, target in [0, V), or below 0 where another shard has it, temperature > 0, `V` the lane (a batch, or a scalar as the oracle).   Without entropy nothing is computed for it.
template <bool WithEntropy, class V, class Stored>
softmax_partial softmax_of_row(Stored const* row, std::int64_t vocabulary, std::int64_t target, double temperature) {
  static_assert(std::is_same_v<scalar_t<V>, computed_t<Stored>>);
  softmax_partial part;
  softmax_exponential<V> const of_row(0.0, temperature);
  for (std::int64_t begin = 0; begin < vocabulary; begin += row_block) {
    std::int64_t const n = vocabulary - begin < row_block ? vocabulary - begin : row_block;
    double const top = static_cast<double>(block_maximum<V>(row + begin, n));
    if (top > part.max) part = rescaled(part, top, temperature);
    accumulate_block<WithEntropy, V>(row + begin, n, of_row, part);
  }
  if (target >= 0) part.target_logit = widened(row[target]);
  return part;
}

AHA_NAMESPACE_END

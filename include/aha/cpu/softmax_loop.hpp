// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/softmax_partial.hpp>
#include <aha/cpu/row_io.hpp>

AHA_NAMESPACE_BEGIN

/// Scaled logits below this have e^z = 0 in float and double alike. Clamping there keeps 0 * -inf out of p log p.
inline constexpr double negligible_logit = -1000.0;

/// Largest of `n` values (a multiple of the batch width). NaNs are passed over: they surface in the sum.
template <class V>
scalar_t<V> block_maximum(scalar_t<V> const* x, std::int64_t n) {
  using P = scalar_t<V>;
  using ops = lane_ops<V>;
  constexpr std::int64_t width = ops::width;
  V a = lane<V>(minus_infinity);
  V b = a, c = a, d = a;  // comparisons take several cycles each: four chains hide that
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    a = math::max(a, ops::load(x + i));
    b = math::max(b, ops::load(x + i + width));
    c = math::max(c, ops::load(x + i + 2 * width));
    d = math::max(d, ops::load(x + i + 3 * width));
  }
  for (; i < n; i += width) a = math::max(a, ops::load(x + i));
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

/// Adds a block to `part`, whose maximum already covers it.
template <bool WithEntropy, class V>
void accumulate_block(row_view<scalar_t<V>> x, double temperature, softmax_partial& part) {
  using ops = lane_ops<V>;
  constexpr std::int64_t width = ops::width;
  constexpr std::int64_t run = 16 * width;  // at most 16 additions before a spill: rounding stays below 1e-6 of the sum
  // Where all logits so far are -inf, they are taken relative to 0: e^(-inf) is 0, and a NaN still shows.
  V const top = lane<V>(part.max == minus_infinity ? 0.0 : part.max);
  V const scale = lane<V>(1.0 / temperature);
  lane_totals<V> sums;
  lane_totals<V> weighted;
  for (std::int64_t i = 0; i < x.size; i += run) {
    std::int64_t const end = i + run < x.size ? i + run : x.size;
    V sum = lane<V>(0);
    V sum_xp = lane<V>(0);
    for (std::int64_t j = i; j < end; j += width) {
      V const z = (ops::load(x.values + j) - top) * scale;
      V const e = math::exp(z);
      sum = sum + e;
      if constexpr (WithEntropy) sum_xp = sum_xp + e * math::max(z, lane<V>(negligible_logit));
    }
    sums.add(sum);
    if constexpr (WithEntropy) weighted.add(sum_xp);
  }
  part.sum_exp += sums.sum();
  if constexpr (WithEntropy) part.sum_xp += weighted.sum();
}

/// One read of a row: its softmax partial by the online form, block after block. A new maximum rescales what came before.
///   row `[V]`, target in [0, V), or below 0 where another shard has it, temperature > 0, `V` the lane (a batch, or a scalar as the oracle).   Without entropy nothing is computed for it.
template <bool WithEntropy, class V, class Stored>
softmax_partial softmax_of_row(Stored const* row, std::int64_t vocabulary, std::int64_t target, double temperature) {
  static_assert(std::is_same_v<scalar_t<V>, computed_t<Stored>>);
  block_scratch<scalar_t<V>> scratch;
  softmax_partial part;
  for (std::int64_t begin = 0; begin < vocabulary; begin += row_block) {
    std::int64_t const n = vocabulary - begin < row_block ? vocabulary - begin : row_block;
    row_view<scalar_t<V>> const x = load_block<V>(row + begin, n, scratch);
    double const top = static_cast<double>(block_maximum<V>(x.values, x.size));
    if (top > part.max) part = rescaled(part, top, temperature);
    accumulate_block<WithEntropy, V>(x, temperature, part);
  }
  if (target >= 0) part.target_logit = widened(row[target]);
  return part;
}

AHA_NAMESPACE_END

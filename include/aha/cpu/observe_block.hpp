// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/leaf_loop.hpp>
#include <aha/loss/kl.hpp>
#include <aha/loss/observe.hpp>

AHA_NAMESPACE_BEGIN

/// Sums of one sequence's observations on fixed trees, and ends by place; turned into `loss_stats` at the sequence's end.
template <class T>
struct sequence_sums {
  fixed_sum old_kl[3];
  fixed_sum ref_kl[3];
  fixed_sum ratio;
  fixed_sum ratio_square;
  fixed_sum entropy;
  T log_ratio_min[block_padding];  // by a token's place among so many
  T log_ratio_max[block_padding];

  sequence_sums() {
    for (T& x : log_ratio_min) x = std::numeric_limits<T>::infinity();
    for (T& x : log_ratio_max) x = -std::numeric_limits<T>::infinity();
  }
};

/// Sums over one block, sixteen or more side by side for `fixed_sum`, in the columns' type: at most sixteen numbers a place
/// before they are widened, so that a float32 mean is right to 1e-6 of the mean magnitude.
template <class V>
struct block_lanes {
  using ops = lane_ops<V>;
  static constexpr int batches = ops::width < fixed_sum::width ? fixed_sum::width / ops::width : 1;
  static constexpr int tokens = batches * ops::width;
  V lanes[batches];

  block_lanes() {
    for (V& x : lanes) x = lane<V>(0);
  }
  void add(int k, V const& x) { lanes[k] = lanes[k] + x; }
  void add_to(fixed_sum& sum) const {
    scalar_t<V> all[tokens];
    for (int k = 0; k < batches; ++k) ops::store(all + k * ops::width, lanes[k]);
    for (int from = fixed_sum::width; from < tokens; from += fixed_sum::width) {
      for (int k = 0; k < fixed_sum::width; ++k) all[k] += all[from + k];
    }
    sum.add(all, fixed_sum::width);
  }
};

/// Calls f(place of the batch in `block_lanes`, first token, mask) for every batch of a block.
template <class V, class T, class F>
AHA_INLINE void each_batch(block_columns<T> const& b, int padded, F const& f) {
  constexpr int width = lane_ops<V>::width;
  V const zero = lane<V>(0);
  for (int j = 0; j < padded; j += block_lanes<V>::tokens) {
    for (int k = 0; k < block_lanes<V>::batches; ++k) {
      int const at = j + k * width;
      f(k, at, lane_ops<V>::load(b.mask + at) > zero);
    }
  }
}

/// k1, k2 and k3 at d = log b - log a of one block, and what one more needs of the same exponential.
template <class V, class T, class More>
AHA_INLINE void observe_kl(block_columns<T> const& b, int padded, T const* from, T const* to, fixed_sum* sums,
                           More const& more) {
  using ops = lane_ops<V>;
  block_lanes<V> first, second, third;
  each_batch<V>(b, padded, [&](int k, int j, mask_t<V> const& m) {
    V const d = ops::load_where(m, to + j) - ops::load_where(m, from + j);
    exponentials<V> const e = math::all_exponentials(d);
    kl_estimates<V> const kl = all_kl_estimates(d, e);
    first.add(k, kl.k1);
    second.add(k, kl.k2);
    third.add(k, kl.k3);
    more(k, m, d, e.exp);
  });
  first.add_to(sums[0]);
  second.add_to(sums[1]);
  third.add_to(sums[2]);
}

/// Sums, sums of squares and ends of the raw ratios of one block: of the columns, before any bound.
template <class V>
struct ratio_lanes {
  using ops = lane_ops<V>;
  static constexpr int batches = block_lanes<V>::batches;
  block_lanes<V> sum, square;
  V low[batches], high[batches];

  ratio_lanes() {
    for (int k = 0; k < batches; ++k) {
      low[k] = lane<V>(std::numeric_limits<double>::infinity());
      high[k] = -low[k];
    }
  }
  AHA_INLINE void add(int k, mask_t<V> const& m, V const& d, V const& e) {
    V const r = math::zero_unless(m, e);
    sum.add(k, r);
    square.add(k, r * r);
    low[k] = math::min(low[k], math::select(m, d, low[k]));
    high[k] = math::max(high[k], math::select(m, d, high[k]));
  }
  template <class T>
  void add_to(sequence_sums<T>& sums) const {
    sum.add_to(sums.ratio);
    square.add_to(sums.ratio_square);
    for (int k = 0; k < batches; ++k) {
      T* const least = sums.log_ratio_min + k * ops::width;
      T* const most = sums.log_ratio_max + k * ops::width;
      ops::store(least, math::min(ops::load(least), low[k]));
      ops::store(most, math::max(ops::load(most), high[k]));
    }
  }
};

/// Observes one block.
template <class V, class T>
void observe_block(token_block<T> const& block, unsigned on, sequence_sums<T>& sums) {
  using ops = lane_ops<V>;
  block_columns<T> const b = block;
  auto const nothing_more = [](int, mask_t<V> const&, V const&, V const&) {};
  bool const ratio = (on & (observe::ratio | observe::ess | observe::chi_square)) != 0;
  if (ratio || (on & observe::old_kl) != 0) {
    ratio_lanes<V> ratios;
    observe_kl<V>(b, block.padded, b.old_logp, b.logp, sums.old_kl,
                  [&](int k, mask_t<V> const& m, V const& d, V const& e) { ratios.add(k, m, d, e); });
    if (ratio) ratios.add_to(sums);
  }
  if ((on & observe::ref_kl) != 0) observe_kl<V>(b, block.padded, b.logp, b.ref_logp, sums.ref_kl, nothing_more);
  if ((on & observe::entropy) != 0) {
    block_lanes<V> entropy;
    each_batch<V>(b, block.padded,
                  [&](int k, int j, mask_t<V> const& m) { entropy.add(k, ops::load_where(m, b.entropy + j)); });
    entropy.add_to(sums.entropy);
  }
}

/// Counts the tokens of a block that leaves have marked as clipped; tokens clipped by several leaves count once.
template <class V>
void count_clipped(clip_marks const& marks, int padded, loss_stats& stats) {
  int const batches = padded / lane_ops<V>::width;
  stats.clip_low += marks.count(0, batches);
  stats.clip_high += marks.count(1, batches);
  stats.clip_dual += marks.count(2, batches);
  stats.clip_value += marks.count(3, batches);
}

/// Adds a finished sequence of n unmasked tokens.
template <class T>
void finish_sequence(sequence_sums<T> const& s, unsigned on, std::int64_t n, loss_stats& stats) {
  stats.observed = on;
  stats.tokens += n;
  stats.sequences += n > 0 ? 1 : 0;
  auto const kl = [&](fixed_sum const* from, kl_sums& to) {
    to.merge({from[0].total(), from[1].total(), from[2].total(), n});
  };
  if ((on & observe::old_kl) != 0) kl(s.old_kl, stats.old_kl);
  if ((on & observe::ref_kl) != 0) kl(s.ref_kl, stats.ref_kl);
  if ((on & (observe::ratio | observe::ess | observe::chi_square)) != 0) {
    stats.ratio_sum += s.ratio.total();
    stats.ratio_square_sum += s.ratio_square.total();
    stats.ratio_count += n;
    for (T const x : s.log_ratio_min) stats.log_ratio_min = std::min(stats.log_ratio_min, static_cast<double>(x));
    for (T const x : s.log_ratio_max) stats.log_ratio_max = std::max(stats.log_ratio_max, static_cast<double>(x));
  }
  if ((on & observe::entropy) != 0) {
    stats.entropy_sum += s.entropy.total();
    stats.entropy_count += n;
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/leaf_loop.hpp>
#include <aha/loss/kl.hpp>
#include <aha/loss/observe.hpp>

AHA_NAMESPACE_BEGIN

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
  kl_lanes<V> kl;
  each_batch<V>(b, padded, [&](int k, int j, mask_t<V> const& m) {
    V const d = ops::load_where(m, to + j) - ops::load_where(m, from + j);
    exponentials<V> const e = math::all_exponentials(d);
    kl.add(k, all_kl_estimates(d, e));
    more(k, m, d, e.exp);
  });
  kl.add_to(sums);
}

/// Observes one block: the flags `on`.
template <class V, class T>
void observe_block(token_block<T> const& block, unsigned on, sequence_sums<T>& sums) {
  using ops = lane_ops<V>;
  block_columns<T> const b = block;
  auto const nothing_more = [](int, mask_t<V> const&, V const&, V const&) {};
  bool const ratio = (on & (observe::ratio | observe::ess | observe::chi_square)) != 0;
  if (ratio || (on & observe::old_kl) != 0) {
    ratio_lanes<V, true> ratios;
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
void count_clipped(clip_marks& marks, int padded, loss_stats& stats) {
  stats.clip_low += marks.take<V>(0, padded);
  stats.clip_high += marks.take<V>(1, padded);
  stats.clip_dual += marks.take<V>(2, padded);
  stats.clip_value += marks.take<V>(3, padded);
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

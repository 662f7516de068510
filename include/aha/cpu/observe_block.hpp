// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/token_block.hpp>
#include <aha/loss/observe.hpp>

AHA_NAMESPACE_BEGIN

/// Sums of one sequence's observations on fixed trees; turned into `loss_stats` at the sequence's end.
struct sequence_sums {
  fixed_sum old_kl[3];
  fixed_sum ref_kl[3];
  fixed_sum ratio;
  fixed_sum ratio_square;
  fixed_sum entropy;
};

/// Observes one block. The ratio is the raw one: of the columns, before any bound.
template <class V, class T>
void observe_block(token_block<T> const& b, unsigned on, sequence_sums& sums, loss_stats& stats) {
  alignas(64) T rows[3][block_tokens];
  V const zero = lane<V>(0);
  auto const each = [&](auto const& f) {
    for (int j = 0; j < b.padded; j += lane_ops<V>::width) {
      mask_t<V> const m = lane_ops<V>::load(b.mask + j) > zero;
      f(j, m);
    }
  };
  auto const kl = [&](T const* a, T const* from, fixed_sum* to) {
    each([&](int j, mask_t<V> const& m) {
      V const d = load_where<V>(m, a + j) - load_where<V>(m, from + j);
      lane_ops<V>::store(rows[0] + j, -d);
      lane_ops<V>::store(rows[1] + j, d * d * lane<V>(0.5));
      lane_ops<V>::store(rows[2] + j, math::expm1mx(d));
    });
    for (int k = 0; k < 3; ++k) to[k].add(rows[k], b.padded);
  };
  if ((on & observe::old_kl) != 0) kl(b.logp, b.old_logp, sums.old_kl);
  if ((on & observe::ref_kl) != 0) kl(b.ref_logp, b.logp, sums.ref_kl);
  if ((on & (observe::ratio | observe::ess | observe::chi_square)) != 0) {
    V low = lane<V>(std::numeric_limits<double>::infinity());
    V high = -low;
    each([&](int j, mask_t<V> const& m) {
      V const d = load_where<V>(m, b.logp + j) - load_where<V>(m, b.old_logp + j);
      low = math::min(low, math::select(m, d, lane<V>(std::numeric_limits<double>::infinity())));
      high = math::max(high, math::select(m, d, lane<V>(-std::numeric_limits<double>::infinity())));
      V const r = math::select(m, math::exp(d), zero);
      lane_ops<V>::store(rows[0] + j, r);
      lane_ops<V>::store(rows[1] + j, r * r);
    });
    sums.ratio.add(rows[0], b.padded);
    sums.ratio_square.add(rows[1], b.padded);
    T ends[2][lane_ops<V>::width];
    lane_ops<V>::store(ends[0], low);
    lane_ops<V>::store(ends[1], high);
    for (int k = 0; k < lane_ops<V>::width; ++k) {
      stats.log_ratio_min = std::min(stats.log_ratio_min, static_cast<double>(ends[0][k]));
      stats.log_ratio_max = std::max(stats.log_ratio_max, static_cast<double>(ends[1][k]));
    }
  }
  if ((on & observe::entropy) != 0) {
    each([&](int j, mask_t<V> const& m) { lane_ops<V>::store(rows[0] + j, load_where<V>(m, b.entropy + j)); });
    sums.entropy.add(rows[0], b.padded);
  }
}

/// The sides of a clip that tokens of a block are on, 1 or 0.
template <class T>
struct clip_marks {
  alignas(64) T low[block_tokens];
  alignas(64) T high[block_tokens];
  alignas(64) T dual[block_tokens];
  alignas(64) T value[block_tokens];

  void clear(int padded) {
    for (T* side : {low, high, dual, value}) std::fill_n(side, padded, T(0));
  }
  void count(int padded, loss_stats& stats) const {
    auto const marked = [&](T const* side) {
      return static_cast<std::int64_t>(padded - std::count(side, side + padded, T(0)));
    };
    stats.clip_low += marked(low);
    stats.clip_high += marked(high);
    stats.clip_dual += marked(dual);
    stats.clip_value += marked(value);
  }
};

/// Marks the tokens of a block that a term clips; tokens clipped by several leaves count once.
template <class V, class Term, class T>
void mark_clipped(Term const& given, token_block<T> const& b, clip_marks<T>& marks) {
  if constexpr (has_clip_side<Term, V>::value) {
    Term const term = given;  // as in add_leaf
    V const zero = lane<V>(0);
    V const one = lane<V>(1);
    for (int j = 0; j < b.padded; j += lane_ops<V>::width) {
      mask_t<V> const m = lane_ops<V>::load(b.mask + j) > zero;
      clip_side<V> const side = term.clipped(passive_token<V, Term>(b, j, m));
      auto const mark = [&](T* to, mask_t<V> const& clipped) {
        lane_ops<V>::store(to + j, math::select(m && clipped, one, lane_ops<V>::load(to + j)));
      };
      mark(marks.low, side.low);
      mark(marks.high, side.high);
      mark(marks.dual, side.dual);
      mark(marks.value, side.value);
    }
  }
}

/// Adds a finished sequence of n unmasked tokens.
inline void finish_sequence(sequence_sums const& s, unsigned on, std::int64_t n, loss_stats& stats) {
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
  }
  if ((on & observe::entropy) != 0) {
    stats.entropy_sum += s.entropy.total();
    stats.entropy_count += n;
  }
}

AHA_NAMESPACE_END

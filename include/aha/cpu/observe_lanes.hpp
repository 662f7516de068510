// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/token_block.hpp>
#include <aha/loss/kl.hpp>
#include <aha/loss/observe.hpp>

AHA_NAMESPACE_BEGIN

/// The sides of a clip that tokens of a block are on, a bit a token. All are clear between blocks.
class clip_marks {
 public:
  /// Marks lanes of one batch, beside what other leaves have marked.
  template <class V>
  void mark(unsigned side, int j, mask_t<V> const& clipped) {
    unsigned char* const at = sides_[side] + static_cast<std::size_t>(j) / lane_ops<V>::width * sizeof(bits_of<V>);
    bits_of<V> all;
    std::memcpy(&all, at, sizeof all);
    all = static_cast<bits_of<V>>(all | lane_ops<V>::bits(clipped));
    std::memcpy(at, &all, sizeof all);
  }
  /// Marked tokens of a side over a block of so many; clears them.
  template <class V>
  std::int64_t take(unsigned side, int padded) {
    std::int64_t n = 0;
    std::size_t const bytes = static_cast<std::size_t>(padded) / lane_ops<V>::width * sizeof(bits_of<V>);
    for (std::size_t i = 0; i < bytes; i += 4) {
      std::uint32_t four;
      std::memcpy(&four, sides_[side] + i, sizeof four);
      n += count_bits(four);
    }
    std::memset(sides_[side], 0, bytes);
    return n;
  }

 private:
  /// What the bits of one batch are kept in; blocks are whole numbers of four bytes of them.
  template <class V>
  using bits_of = std::conditional_t<lane_ops<V>::width <= 8, std::uint8_t,
                                     std::conditional_t<lane_ops<V>::width <= 16, std::uint16_t, std::uint32_t>>;
  static std::int64_t count_bits(std::uint32_t x) {
#if defined(__POPCNT__)
    return __builtin_popcount(x);
#else
    x = x - ((x >> 1U) & 0x55555555U);
    x = (x & 0x33333333U) + ((x >> 2U) & 0x33333333U);
    return (((x + (x >> 4U)) & 0x0F0F0F0FU) * 0x01010101U) >> 24U;
#endif
  }
  unsigned char sides_[4][block_tokens] = {};
};

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

/// k1, k2 and k3 of one block.
template <class V>
struct kl_lanes {
  block_lanes<V> k1, k2, k3;

  AHA_INLINE void add(int k, kl_estimates<V> const& x) {
    k1.add(k, x.k1);
    k2.add(k, x.k2);
    k3.add(k, x.k3);
  }
  void add_to(fixed_sum* sums) const {
    k1.add_to(sums[0]);
    k2.add_to(sums[1]);
    k3.add_to(sums[2]);
  }
};

/// Sums and ends of the raw ratios of one block: of the columns, before any bound. Their squares where wanted.
template <class V, bool Squares>
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
    if constexpr (Squares) square.add(k, r * r);
    V const seen = math::select(m, d, lane<V>(std::numeric_limits<double>::quiet_NaN()));  // loses every comparison
    low[k] = math::min(low[k], seen);
    high[k] = math::max(high[k], seen);
  }
  template <class T>
  void add_to(sequence_sums<T>& sums) const {
    sum.add_to(sums.ratio);
    if constexpr (Squares) square.add_to(sums.ratio_square);
    for (int k = 0; k < batches; ++k) {
      T* const least = sums.log_ratio_min + k * ops::width;
      T* const most = sums.log_ratio_max + k * ops::width;
      ops::store(least, math::min(ops::load(least), low[k]));
      ops::store(most, math::max(ops::load(most), high[k]));
    }
  }
};

/// Observers of one log-ratio in the loop of a leaf whose maths begins with the same exponential. They look at raw
/// log-ratios: where a limit of the leaf's has changed one, the block counts for nothing here and is observed by itself.
template <class V>
struct shared_lanes {
  kl_lanes<V> kl;
  ratio_lanes<V, false> ratio;
  mask_t<V> within = lane<V>(0) < lane<V>(1);  // no limit has changed one; not said of NaN

  /// Of d, and of what the leaf takes the exponential of. The ends of ratios tell later whether limits were met.
  template <bool Ratios>
  AHA_INLINE void add(int k, mask_t<V> const& m, V const& d, V const& exponent) {
    V const in = math::zero_unless(m, d);
    exponentials<V> e = math::all_exponentials(exponent);
    e.expm1mx = math::zero_unless(m, e.expm1mx);
    kl.add(k, all_kl_estimates(in, e));
    if constexpr (Ratios) {
      ratio.add(k, m, d, e.exp);
    } else {
      within = within && math::zero_unless(m, exponent) == in;
    }
  }
};

/// What is observed of a block while its leaves are evaluated: sides of clips, and log-ratios with their exponentials.
template <class T>
struct block_observers {
  clip_marks* marks = nullptr;
  sequence_sums<T>* sums = nullptr;
  unsigned on = 0;  ///< flags of `observe` that no leaf's loop has taken yet

  /// The flags that go with a log-ratio, by the column on its other side.
  static constexpr unsigned flags_of(unsigned column) {
    return ((column & reads::old_logp) != 0 ? observe::old_kl | observe::ratio : 0U) |
           ((column & reads::ref_logp) != 0 ? static_cast<unsigned>(observe::ref_kl) : 0U);
  }
  /// Whether leaves' loops may take the log-ratios to these columns. Squares of ratios are rare enough for a loop of their
  /// own.
  [[nodiscard]] bool shares(unsigned columns) const {
    unsigned const flags = flags_of(columns);
    bool const squares = (columns & reads::old_logp) != 0 && (on & (observe::ess | observe::chi_square)) != 0;
    return flags != 0 && (on & flags) == flags && !squares;
  }
};

AHA_NAMESPACE_END

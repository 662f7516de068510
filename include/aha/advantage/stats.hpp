// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/moments.hpp>
#include <cstdint>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// What `measure` and `whiten` saw of a masked column. Every entry is masked, invalid or a member; `low` and `high` are
/// the smallest and largest member (0 without one).
/// Of one column all bits are independent of the order of its entries and of threads; merged ones may depend on the
/// order of the merges in their last.
struct column_numbers {
  std::int64_t entries = 0;
  std::int64_t masked = 0;
  std::int64_t invalid = 0;  ///< NaN where the mask is set: in no statistic, whitened to 0
  std::int64_t clipped = 0;  ///< results that the clip changed
  aha::moments moments;
  double low = 0.0;
  double high = 0.0;

  double std() const { return moments.standard_deviation(1); }
  /// Calls f(name, number) for every number of a record, constant or not: what is stored and sent.
  template <class Stats, class F>
  static constexpr void numbers(Stats& s, F&& f) {
    f("entries", s.entries);
    f("masked", s.masked);
    f("invalid", s.invalid);
    f("clipped", s.clipped);
    aha::moments::numbers(s.moments, f);
    f("low", s.low);
    f("high", s.high);
  }
  /// Adds another shard of the column.
  void merge(column_numbers const& other) {
    if (other.moments.count > 0) {
      low = moments.count == 0 || other.low < low ? other.low : low;
      high = moments.count == 0 || other.high > high ? other.high : high;
    }
    entries += other.entries;
    masked += other.masked;
    invalid += other.invalid;
    clipped += other.clipped;
    moments.merge(other.moments);
  }
};
/// The same with the call's status, which is only ever not ok without exceptions.
struct column_stats : column_numbers {
  aha::status status;
};

/// What `advantages(...)` saw. Every reward is valid or counted as invalid; every group is empty, a singleton, of zero
/// spread or ordinary.
/// `reward` are the moments of all valid rewards, `centred` those of the valid rewards minus their group's mean. Both
/// merge over ranks, and are what batch scales take as `batch`. Their last bit may depend on the order of the groups,
/// except of the one that a batch scale has computed. `mean` and `std` (sample, ddof 1) are read off `reward` and are 0
/// where undefined; equal rewards give std 0.
struct advantage_numbers {
  std::int64_t groups = 0;
  std::int64_t rewards = 0;      ///< N, invalid ones included
  std::int64_t invalid = 0;      ///< NaN or masked: advantage exactly 0
  std::int64_t empty = 0;        ///< groups without a valid reward
  std::int64_t singletons = 0;   ///< groups with one valid reward
  std::int64_t zero_spread = 0;  ///< groups of two or more valid rewards, all equal
  std::int64_t clipped = 0;      ///< advantages that the clip changed
  moments reward;
  moments centred;
  double low = 0.0;   ///< smallest valid reward
  double high = 0.0;  ///< largest valid reward
  double mean = 0.0;
  double std = 0.0;

  /// Groups of zero spread over all groups; TRL's `frac_reward_zero_std` where its groups are of one size.
  double zero_spread_fraction() const {
    return groups > 0 ? static_cast<double>(zero_spread) / static_cast<double>(groups) : 0.0;
  }
  /// Calls f(name, number) for every number of a record, constant or not: what is stored and sent.
  template <class Stats, class F>
  static constexpr void numbers(Stats& s, F&& f) {
    f("groups", s.groups);
    f("rewards", s.rewards);
    f("invalid", s.invalid);
    f("empty", s.empty);
    f("singletons", s.singletons);
    f("zero_spread", s.zero_spread);
    f("clipped", s.clipped);
    moments::numbers(s.reward, f);
    moments::numbers(s.centred, f);
    f("low", s.low);
    f("high", s.high);
    f("mean", s.mean);
    f("std", s.std);
  }
  /// Counts one group of n rewards with the moments `spread` of its valid ones, of which the clip changed `changed`.
  AHA_FN void add_group(order_free_moments const& spread, std::int64_t n, std::int64_t changed) {
    clipped += changed;
    groups += 1;
    rewards += n;
    invalid += n - spread.count;
    empty += spread.count == 0 ? 1 : 0;
    singletons += spread.count == 1 ? 1 : 0;
    zero_spread += spread.count > 1 && spread.equal() ? 1 : 0;
    if (spread.count > 0) {
      low = reward.count == 0 || spread.low < low ? spread.low : low;
      high = reward.count == 0 || spread.high > high ? spread.high : high;
    }
    reward.merge(spread.plain());
    centred.merge(moments{spread.count, 0.0, spread.m2});
  }
  /// Adds another set of groups, of another block of rows or another rank. No group may be in both.
  AHA_FN void merge(advantage_numbers const& other) {
    if (other.reward.count > 0) {
      low = reward.count == 0 || other.low < low ? other.low : low;
      high = reward.count == 0 || other.high > high ? other.high : high;
    }
    groups += other.groups;
    rewards += other.rewards;
    invalid += other.invalid;
    empty += other.empty;
    singletons += other.singletons;
    zero_spread += other.zero_spread;
    clipped += other.clipped;
    reward.merge(other.reward);
    centred.merge(other.centred);
    read_off();
  }
  /// `mean` and `std` follow `reward`.
  AHA_FN void read_off() {
    mean = reward.mean;
    std = reward.standard_deviation(1);
  }
};
/// The same with the call's status, which is only ever not ok without exceptions.
struct advantage_stats : advantage_numbers {
  aha::status status;
};
static_assert(std::is_trivially_copyable_v<column_numbers> && std::is_trivially_copyable_v<advantage_numbers>,
              "aha: numbers of a call are copied as bytes");

AHA_NAMESPACE_END

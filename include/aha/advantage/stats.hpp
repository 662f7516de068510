// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/moments.hpp>
#include <cstdint>

AHA_NAMESPACE_BEGIN

/// What `advantages(...)` saw. Every reward is valid or counted as invalid; every group is empty, a singleton, of zero
/// spread or ordinary.
/// `reward` are the moments of all valid rewards, mergeable over ranks; `mean` and `std` (sample, ddof 1) are read off
/// them and are 0 where undefined. Their last bit may depend on the order of the groups; equal rewards give std 0.
struct advantage_stats {
  std::int64_t groups = 0;
  std::int64_t rewards = 0;      ///< N, invalid ones included
  std::int64_t invalid = 0;      ///< NaN or masked: advantage exactly 0
  std::int64_t empty = 0;        ///< groups without a valid reward
  std::int64_t singletons = 0;   ///< groups with one valid reward
  std::int64_t zero_spread = 0;  ///< groups of two or more valid rewards, all equal
  moments reward;
  double mean = 0.0;
  double std = 0.0;
  aha::status status;

  /// Adds another set of groups, of another block of rows or another rank. No group may be in both.
  void merge(advantage_stats const& other) {
    groups += other.groups;
    rewards += other.rewards;
    invalid += other.invalid;
    empty += other.empty;
    singletons += other.singletons;
    zero_spread += other.zero_spread;
    reward.merge(other.reward);
    mean = reward.mean;
    std = reward.standard_deviation(1);
  }
};

AHA_NAMESPACE_END

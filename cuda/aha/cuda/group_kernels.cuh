// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/column_moments.cuh>
#include <aha/cuda/group_method.cuh>
#include <aha/cuda/group_rows.cuh>
#include <aha/cuda/record.cuh>

AHA_NAMESPACE_BEGIN

AHA_KERNELS_BEGIN

/// Groups of more rows are worked on by a block, others by a warp.
inline constexpr std::int64_t rows_of_a_warp = 1024;
inline constexpr int group_threads = 256;
inline constexpr int group_blocks = 1024;  ///< of eight warps; fixed, since statistics merge in this order
inline constexpr int large_threads = 512;
inline constexpr int large_blocks = 64;
inline constexpr int all_group_blocks = group_blocks + large_blocks;

/// One call as its kernels see it.
template <class T>
struct group_problem {
  advantage::device_group method;
  group_rows rows;
  T const* reward = nullptr;
  T* adv = nullptr;
  mask_view<device> valid;
  merged_moments batch;
  order_free_moments const* column = nullptr;  ///< of all rewards, where the scale wants them
  double const* centred = nullptr;             ///< [1] sum of all groups' m2, where the scale wants it
  double* m2 = nullptr;                        ///< [most] of each group
  advantage_record* part = nullptr;            ///< [all_group_blocks]
  advantage_record* record = nullptr;

  /// What a batch scale divides by the spread of.
  __device__ moments of_batch() const {
    if (batch.given) return batch.get();
    if (centred != nullptr) return moments{column->count, 0.0, *centred};
    return column != nullptr ? column->plain() : moments{};
  }
  /// Of row i; NaN where it is invalid.
  __device__ double value(std::int64_t i) const {
    bool const counts = !valid.present() || valid.at(0, i);
    return counts ? member(static_cast<double>(reward[i])) : NAN;
  }
};

/// Members of a group whose siblings' moments need a pass of their own: at most three, by where their squares sum to.
struct left_for_a_pass {
  static constexpr int most = 4;
  unsigned count;
  std::int64_t at[most];
};

/// Writes the advantages of group g by a team, and counts what it sees.
template <class Team, class T>
__device__ void write_group(group_problem<T> const& p, Team const& team, std::int64_t g, moments const& batch,
                            left_for_a_pass& left, advantage_record& seen) {
  std::int64_t const first = p.rows.first(g);
  std::int64_t const n = p.rows.size(g);
  auto const row = [&](std::int64_t k) { return p.rows(first + k); };
  auto const at = [&](std::int64_t k) { return p.value(row(k)); };
  order_free_moments const spread = moments_of(team, at, n);
  auto const rule = p.method.of(spread, batch);
  bool const siblings = p.method.scale.source == advantage::spread_of::siblings && spread.m2 > 0.0;
  long long counted[2] = {0, 0};  // changed by the clip, beyond
  if (team.rank() == 0) left.count = 0;
  team.sync();
  auto const write = [&](std::int64_t k, double a) {
    double const ends = p.method.clip(a);
    counted[0] += ends < a || ends > a ? 1 : 0;
    p.adv[row(k)] = static_cast<T>(ends);
  };
  with_baseline(p.method.baseline, [&](auto const& baseline) {
    for (std::int64_t k = team.rank(); k < n; k += Team::size) {
      double const r = at(k);
      moments rest;
      if (!(r == r)) {
        bool const counts = !p.valid.present() || p.valid.at(0, row(k));
        counted[1] += counts && is_beyond(static_cast<double>(p.reward[row(k)])) ? 1 : 0;
        write(k, 0.0);
      } else if (!siblings) {
        write(k, rule(baseline, r));
      } else if (spread.without_pass(r, rest)) {
        write(k, rule(baseline, r, rest));
      } else {
        unsigned const place = atomicAdd(&left.count, 1U);
        if (place < left_for_a_pass::most) left.at[place] = k;
      }
    }
  });
  team.sync();
  unsigned const passes = left.count < left_for_a_pass::most ? left.count : left_for_a_pass::most;
  for (unsigned j = 0; j < passes; ++j) {
    std::int64_t const k = left.at[j];
    moments const rest = moments_of(team, at, n, k).plain();
    if (team.rank() != 0) continue;
    with_baseline(p.method.baseline, [&](auto const& baseline) { write(k, rule(baseline, at(k), rest)); });
  }
  team.sync();
  struct pair {
    long long of[2];
  };
  pair const sum = team.reduce(pair{{counted[0], counted[1]}}, [](pair& to, pair const& from) {
    to.of[0] += from.of[0];
    to.of[1] += from.of[1];
  });
  seen.stats.add_group(spread, n, sum.of[0]);
  seen.beyond += sum.of[1];
  seen.bad_offsets += p.rows.in_order(g) ? 0 : 1;
}

__device__ inline void merge_record(advantage_record& to, advantage_record const& from) {
  to.stats.merge(from.stats);
  to.bad_offsets += from.bad_offsets;
  to.beyond += from.beyond;
}

/// Calls f(g) for every group that a warp takes.
template <class T, class F>
__device__ void for_each_small_group(group_problem<T> const& p, F const& f) {
  std::int64_t const warps = static_cast<std::int64_t>(gridDim.x) * (group_threads / 32);
  std::int64_t const groups = p.rows.groups();
  std::int64_t g = static_cast<std::int64_t>(blockIdx.x) * (group_threads / 32) + threadIdx.x / 32;
  for (; g < groups; g += warps) {
    if (p.rows.size(g) <= rows_of_a_warp) f(g);
  }
}
/// Calls f(g) for every group that a block takes, found by all threads together.
template <class T, class F>
__device__ void for_each_large_group(group_problem<T> const& p, F const& f) {
  __shared__ bool large[large_threads];
  std::int64_t const groups = p.rows.groups();
  for (std::int64_t g0 = static_cast<std::int64_t>(blockIdx.x) * large_threads; g0 < groups;
       g0 += static_cast<std::int64_t>(gridDim.x) * large_threads) {
    std::int64_t const g = g0 + threadIdx.x;
    bool const mine = g < groups && p.rows.size(g) > rows_of_a_warp;
    large[threadIdx.x] = mine;
    if (__syncthreads_or(mine ? 1 : 0) == 0) continue;
    for (int k = 0; k < large_threads; ++k) {
      if (large[k]) f(g0 + k);
    }
    __syncthreads();
  }
}

template <class T>
AHA_KERNEL void __launch_bounds__(group_threads) group_kernel(__grid_constant__ group_problem<T> const p) {
  constexpr int warps = group_threads / 32;
  __shared__ left_for_a_pass left[warps];
  advantage_record seen{advantage_numbers{}, 0, 0};
  moments const batch = p.of_batch();
  for_each_small_group(p, [&](std::int64_t g) { write_group(p, warp_team{}, g, batch, left[threadIdx.x / 32], seen); });
  // All lanes of a warp have seen the same.
  __shared__ unsigned char scratch[warps * sizeof(advantage_record)];
  if (threadIdx.x % 32 == 0) memcpy(scratch + threadIdx.x / 32 * sizeof seen, &seen, sizeof seen);
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < warps; ++w) {
    advantage_record other = seen;
    memcpy(&other, scratch + w * sizeof other, sizeof other);
    merge_record(seen, other);
  }
  p.part[blockIdx.x] = seen;
}
template <class T>
AHA_KERNEL void __launch_bounds__(large_threads) large_group_kernel(__grid_constant__ group_problem<T> const p) {
  using team = block_team<large_threads>;
  __shared__ left_for_a_pass left;
  __shared__ unsigned char scratch[team::warps * team::entry];
  advantage_record seen{advantage_numbers{}, 0, 0};
  moments const batch = p.of_batch();
  for_each_large_group(p, [&](std::int64_t g) { write_group(p, team{scratch}, g, batch, left, seen); });
  if (threadIdx.x == 0) p.part[group_blocks + blockIdx.x] = seen;
}

/// Sum of squared deviations of every group from its own mean.
template <class T>
AHA_KERNEL void __launch_bounds__(group_threads) group_squares_kernel(__grid_constant__ group_problem<T> const p) {
  for_each_small_group(p, [&](std::int64_t g) {
    std::int64_t const first = p.rows.first(g);
    double const m2 = moments_of(
                          warp_team{}, [&](std::int64_t k) { return p.value(p.rows(first + k)); }, p.rows.size(g))
                          .m2;
    if (threadIdx.x % 32 == 0) p.m2[g] = m2;
  });
}
template <class T>
AHA_KERNEL void __launch_bounds__(large_threads)
    large_group_squares_kernel(__grid_constant__ group_problem<T> const p) {
  using team = block_team<large_threads>;
  __shared__ unsigned char scratch[team::warps * team::entry];
  for_each_large_group(p, [&](std::int64_t g) {
    std::int64_t const first = p.rows.first(g);
    double const m2 = moments_of(
                          team{scratch}, [&](std::int64_t k) { return p.value(p.rows(first + k)); }, p.rows.size(g))
                          .m2;
    if (threadIdx.x == 0) p.m2[g] = m2;
  });
}
/// Their sum, in no order: a largest one first, which bounds the terms.
template <class T>
AHA_KERNEL void __launch_bounds__(1024) centred_kernel(__grid_constant__ group_problem<T> const p, double* to) {
  using team = block_team<1024>;
  __shared__ unsigned char scratch[team::warps * team::entry];
  team const all{scratch};
  std::int64_t const groups = p.rows.groups();
  double most = 0;
  for (std::int64_t g = threadIdx.x; g < groups; g += 1024) most = p.m2[g] > most ? p.m2[g] : most;
  most = all.reduce(most, [](double& a, double const& b) { a = b > a ? b : a; });
  order_free_sum sum(most, groups);
  for (std::int64_t g = threadIdx.x; g < groups; g += 1024) sum.add(p.m2[g]);
  sum = all.reduce(sum, [](order_free_sum& a, order_free_sum const& b) { a.merge(b); });
  if (threadIdx.x == 0) *to = sum.value();
}
/// Merges what the blocks have seen, in their order, and ends the record.
template <class T>
AHA_KERNEL void __launch_bounds__(32) advantage_record_kernel(__grid_constant__ group_problem<T> const p) {
  constexpr int share = (all_group_blocks + 31) / 32;
  advantage_record seen{advantage_numbers{}, 0, 0};
  int const lane = static_cast<int>(threadIdx.x);
  for (int k = lane * share; k < (lane + 1) * share && k < all_group_blocks; ++k) merge_record(seen, p.part[k]);
  seen = warp_team{}.reduce(seen, merge_record);
  if (lane != 0) return;
  // Moments that a batch scale has computed do not depend on the order of groups; these do, in their last bit.
  if (!p.batch.given && p.method.scale.source == advantage::spread_of::batch) seen.stats.reward = p.of_batch();
  if (!p.batch.given && p.method.scale.source == advantage::spread_of::batch_centred) seen.stats.centred = p.of_batch();
  seen.stats.read_off();
  *p.record = seen;
}

AHA_KERNELS_END
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/slots.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// A sum of doubles that carries its rounding errors along (Neumaier 1974; Ogita, Rump and Oishi's Sum2): as exact as one
/// in twice the precision. Slots number differently in packed and padded batches and when sequences change places, so
/// the tree over slots does too; the rounded result does not, but for sums within 2^-100 of a tie.
struct exact_sum {
  double high;
  double low;
  __device__ void add(double x) {
    double const s = high + x;
    double const part = s - high;
    low += (high - (s - part)) + (x - part);
    high = s;
  }
  __device__ void add(exact_sum const& o) {
    add(o.high);
    low += o.low;
  }
  /// Infinite and NaN sums have no errors to add.
  __device__ double total() const { return high - high == 0 ? high + low : high; }
};

inline constexpr int record_threads = 512;

/// Offsets and lengths out of order, of this block's share of the sequences.
template <class T>
__device__ unsigned bad_offsets(token_problem<T> const& p, std::int64_t block, std::int64_t blocks) {
  layout<device> const& l = p.batch.layout;
  unsigned bad = 0;
  if (!l.index.present()) return bad;
  for (std::int64_t i = block * blockDim.x + threadIdx.x; i < l.index.width; i += blocks * blockDim.x) {
    std::int64_t const here = l.index[i];
    if (!l.is_packed()) {
      bad += here < 0 || here > l.width ? 1 : 0;
    } else {
      std::int64_t const least = i == 0 ? 0 : l.index[i - 1];
      bool const end = (i == 0 && here != 0) || (i + 1 == l.index.width && here != p.tokens);
      bad += end || here < least || here < 0 || here > p.tokens ? 1 : 0;
    }
  }
  return bad;
}

/// Joins two of a slot's numbers of kind v.
template <class T>
__device__ void join_value(token_problem<T> const& p, int v, exact_sum& to, exact_sum const& x) {
  if (p.at.ends >= 0 && v == p.at.ends) {
    to.high = math::min(to.high, x.high);
  } else if (p.at.ends >= 0 && v == p.at.ends + 1) {
    to.high = math::max(to.high, x.high);
  } else {
    to.add(x);
  }
}

/// Writes the record from a call's totals.
template <class T>
__device__ void write_record(token_problem<T> const& p, double const* value, unsigned long long bad) {
  loss_record& r = *p.record;
  loss_stats& s = r.stats;
  auto const at = [&](int v) { return v >= 0 ? value[v] : 0.0; };
  auto const count = [&](int k) { return static_cast<std::int64_t>(value[p.at.counts + k]); };
  r.loss = 0;
  for (int k = 0; k < max_parts; ++k) {
    part_losses(s)[k] = k < p.at.parts ? value[k] : 0.0;
    if (k < p.at.parts) r.loss += value[k];
  }
  s.parts = p.at.parts;
  s.observed = p.on;
  s.tokens = count(0);
  s.sequences = count(1);
  s.clip_low = count(2);
  s.clip_high = count(3);
  s.clip_dual = count(4);
  s.clip_value = count(5);
  auto const kl = [&](kl_sums& to, int v) {
    to.k1 = at(v);
    to.k2 = v >= 0 ? value[v + 1] : 0.0;
    to.k3 = v >= 0 ? value[v + 2] : 0.0;
    to.count = v >= 0 ? s.tokens : 0;
  };
  kl(s.old_kl, p.at.old_kl);
  kl(s.ref_kl, p.at.ref_kl);
  s.log_ratio_min = p.at.ends >= 0 ? value[p.at.ends] : INFINITY;
  s.log_ratio_max = p.at.ends >= 0 ? value[p.at.ends + 1] : -INFINITY;
  s.ratio_sum = at(p.at.ratio);
  s.ratio_square_sum = p.at.ratio >= 0 ? value[p.at.ratio + 1] : 0.0;
  s.ratio_count = p.at.ratio >= 0 ? s.tokens : 0;
  s.entropy_sum = at(p.at.entropy);
  s.entropy_count = p.at.entropy >= 0 ? s.tokens : 0;
  r.bad_targets = p.bad_targets == nullptr ? 0 : *p.bad_targets;
  r.bad_offsets = static_cast<std::int64_t>(bad);
}

/// Shared memory of a block that adds up slots.
struct sum_scratch {
  static constexpr int most_warps = 16;
  exact_sum part[most_warps][32];
  double total[max_parts + 32];
  unsigned long long bad;
  unsigned came;
};

/// Adds up the slots of one of `blocks` blocks into `block`; the block that comes last adds those up and writes the
/// record. A lane has a number v, a warp every sixteenth (or so) slot. Blocks of any whole number of warps up to 16.
template <class T>
__device__ void sum_slots(token_problem<T> const& p, std::int64_t block, std::int64_t blocks, sum_scratch& scratch) {
  auto& part = scratch.part;
  auto& total = scratch.total;
  unsigned long long& bad = scratch.bad;
  unsigned& came = scratch.came;
  int const lane = static_cast<int>(threadIdx.x % 32);
  int const warp = static_cast<int>(threadIdx.x / 32);
  int const warps = static_cast<int>(blockDim.x / 32);
  int const V = p.at.values;
  std::int64_t const width = 2 * V + 1;

  // `value(k, v)` of k in [first, last), into total[v].
  auto const sum_of = [&](std::int64_t first, std::int64_t last, auto const& value, auto const& take) {
    int const used = last - first < warps ? static_cast<int>(last - first) : warps;
    for (int v0 = 0; v0 < V; v0 += 32) {
      int const v = v0 + lane;
      exact_sum x{p.at.nothing(v), 0};
      if (v < V) {
        constexpr int together = 8;  // loads under way
        for (std::int64_t k = first + warp; k < last; k += together * warps) {
          exact_sum y[together];
#pragma unroll
          for (int j = 0; j < together; ++j) {
            std::int64_t const at = k + j * warps;
            y[j] = at < last ? value(at, v) : exact_sum{p.at.nothing(v), 0};
          }
#pragma unroll
          for (int j = 0; j < together; ++j) join_value(p, v, x, y[j]);
        }
      }
      part[warp][lane] = x;
      __syncthreads();
      if (warp == 0 && v < V) {
        for (int w = 1; w < used; ++w) join_value(p, v, x, part[w][lane]);
        take(v, x);
      }
      __syncthreads();
    }
  };
  // Integers: any order gives the same number.
  auto const count_bad = [&](unsigned mine) {
    mine = __reduce_add_sync(whole_warp, mine);
    if (lane == 0 && mine > 0) atomicAdd(&bad, static_cast<unsigned long long>(mine));
  };
  if (threadIdx.x == 0) bad = 0;
  __syncthreads();
  count_bad(bad_offsets(p, block, blocks));

  std::int64_t const share = blocks == 1 ? p.slots : p.slots_a_record_block();
  std::int64_t const first = block * share;
  std::int64_t const last = first + share < p.slots ? first + share : p.slots;
  auto const of_slot = [&](std::int64_t k, int v) { return exact_sum{__ldcg(p.slot + k * V + v), 0}; };
  double* const mine = p.block + block * width;
  sum_of(first, last, of_slot, [&](int v, exact_sum const& x) {
    mine[v] = x.high;
    mine[V + v] = x.low;
    total[v] = x.total();
  });
  if (blocks > 1) {
    if (threadIdx.x == 0) mine[2 * V] = static_cast<double>(bad);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
      came = atomicAdd(p.arrived, 1U);
      bad = 0;
    }
    __syncthreads();
    if (came + 1 != static_cast<unsigned>(blocks)) return;
    __threadfence();
    auto const of_block = [&](std::int64_t k, int v) {
      return exact_sum{__ldcg(p.block + k * width + v), __ldcg(p.block + k * width + V + v)};
    };
    sum_of(0, blocks, of_block, [&](int v, exact_sum const& x) { total[v] = x.total(); });
    unsigned of_blocks = 0;
    for (std::int64_t k = threadIdx.x; k < blocks; k += blockDim.x)
      of_blocks += static_cast<unsigned>(__ldcg(p.block + k * width + 2 * V));
    count_bad(of_blocks);
    __syncthreads();
  }
  if (threadIdx.x == 0) write_record(p, total, bad);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

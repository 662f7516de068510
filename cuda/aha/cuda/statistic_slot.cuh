// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_slot.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

// The sweeps that only objectives with a sequence statistic need: its sum over the tokens before the main sweep, and
// after it the part of dlogp that goes through it.

/// A slot's sums of each statistic's map, into `slot_sum`.
template <class T>
__device__ void statistic_of_slot(token_problem<T> const& p, sequence_heads const& heads, team_memory<T> const& team,
                                  std::int64_t slot) {
  bool const there = slot < p.slots;
  if (there && team.thread < 32) find_slot(p, heads, slot, team.at[0]);
  __syncthreads();
  if (there) {
    slot_place const s = team.at[0].place;
    T sum[statistic_slots] = {};
    std::int64_t const from = s.first + s.number * slot_tokens;
    std::int64_t const last = s.number < 0 ? from : (from + slot_tokens < s.end ? from + slot_tokens : s.end);
#pragma unroll 1
    for (std::int64_t at = from; at < last; at += group_step) {
      token_inputs<T> in[group_tokens];
      unsigned tokens = 0;
      group_columns<T> columns;
      columns.load(team.at[0], at, team.thread);
      take_group<tokens_are::any>(p, s, at, team.thread, columns, in, tokens);
      for_each_type(statistics{}, [&](auto tag) {
        using Statistic = typename decltype(tag)::type;
        T x[group_tokens];
#pragma unroll
        for (int k = 0; k < group_tokens; ++k) {
          x[k] = in[k].mask ? Statistic::map(record_of<term>(in[k], static_cast<T const*>(nullptr))) : T(0);
        }
        add_group(sum[statistic_slot<Statistic>], x);
      });
    }
#pragma unroll
    for (int v = 0; v < statistic_slots; ++v) team.of_thread(v) = sum[v];
  }
  __syncthreads();
  if (there) team.reduce(0, statistic_slots, -1, [&](int v, double x) { p.slot_sum[slot * statistic_slots + v] = x; });
  __syncthreads();  // before the next slot's rows
}

/// A warp adds up a sequence's slots, 32 at a time and in this order whatever follows its last token, and divides as its
/// statistics do.
template <class T>
__device__ void sum_sequence(token_problem<T> const& p, sequence_heads const& heads, std::int64_t i, double* to) {
  bool const packed = p.batch.layout.is_packed();
  std::int64_t const low = packed ? first_slot(p, i) : i * p.slots_a_row;
  std::int64_t const high = clamped(packed ? first_slot(p, i + 1) : low + p.slots_a_row, low, p.slots);
  slot_place s;
  s.sequence = i;
  s.row_begin = packed ? clamped(p.batch.layout.index[i], 0, p.tokens) : 0;
  s.end = p.batch.layout.width;
  if (packed || p.batch.layout.index.present()) {
    std::int64_t const end = p.batch.layout.index[packed ? i + 1 : i];
    s.end = clamped(end, s.row_begin, packed ? p.tokens : p.batch.layout.width);
  }
  double const n = length_of(p, i, count_of(p, heads, s));
  for_each_type(statistics{}, [&](auto tag) {
    using Statistic = typename decltype(tag)::type;
    double x = 0;
    for (std::int64_t slot = low + threadIdx.x % 32; slot < high; slot += 32) {
      x += p.slot_sum[slot * statistic_slots + statistic_slot<Statistic>];
    }
    for (int half = 16; half > 0; half /= 2) x += __shfl_xor_sync(whole_warp, x, half);
    if (threadIdx.x % 32 == 0) to[i * statistic_slots + statistic_slot<Statistic>] = x * normaliser<Statistic>(n);
  });
}

/// dlogp_t += (sum_u w_u dl_u/dS) a_i g'(x_t) over a slot's unmasked tokens, for every statistic.
template <class T>
__device__ void adjoint_of_slot(token_problem<T> const& p, sequence_heads const& heads, team_memory<T> const& team,
                                std::int64_t slot) {
  bool const there = slot < p.slots;
  __syncthreads();  // what was found of the slot before has been read
  if (there && team.thread < 32) find_slot(p, heads, slot, team.at[0]);
  __syncthreads();
  if (!there) return;
  slot_place const s = team.at[0].place;
  if (s.number < 0) return;
  using D = dual<T, 1>;
  std::int64_t const from = s.first + s.number * slot_tokens;
  std::int64_t const last = from + slot_tokens < s.end ? from + slot_tokens : s.end;
#pragma unroll 1
  for (std::int64_t at = from; at < last; at += group_step) {
    std::int64_t const t = at + team.thread;
    token_inputs<T> in[group_tokens];
    unsigned tokens = 0;
    group_columns<T> columns;
    columns.load(team.at[0], at, team.thread);
    take_group<tokens_are::any>(p, s, at, team.thread, columns, in, tokens);
    T* const to = p.out.dlogp.row(s.row) + t;
    T sum[group_tokens];
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) sum[k] = in[k].mask ? to[k * team_threads] : T(0);
    for_each_type(statistics{}, [&](auto tag) {
      using Statistic = typename decltype(tag)::type;
      T const e = static_cast<T>(p.sequence_adjoint[s.sequence * statistic_slots + statistic_slot<Statistic>]);
#pragma unroll
      for (int k = 0; k < group_tokens; ++k) {
        token<D> active;
        active.logp = D::seeded(in[k].logp, 0);
        active.old_logp = in[k].old_logp;
        sum[k] += e * Statistic::map(active).d[0];
      }
    });
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) {
      if (in[k].mask) to[k * team_threads] = sum[k];
    }
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

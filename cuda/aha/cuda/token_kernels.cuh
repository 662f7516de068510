// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/device_facts.cuh>
#include <aha/cuda/known_objectives.cuh>
#include <aha/cuda/statistic_slot.cuh>
#include <aha/cuda/token_record.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

// Problems travel as `__grid_constant__`: read from constant memory in place, not copied.

/// Zeroes what the scan adds to.
template <class T>
AHA_KERNEL void zero_heads_kernel(__grid_constant__ token_problem<T> const p) {
  follow_kernel_before();
  std::int64_t const i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < sequence_heads::numbers * p.batch.layout.sequences) p.head[i] = 0;
}
/// First unmasked token and count of every sequence, a slot a warp.
template <class T>
AHA_KERNEL void scan_mask_kernel(__grid_constant__ token_problem<T> const p) {
  follow_kernel_before();
  std::int64_t const slot = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (slot < p.slots) scan_mask(p, heads_of(p), slot);
}
template <class T>
AHA_KERNEL void __launch_bounds__(team_threads) statistic_kernel(__grid_constant__ token_problem<T> const p) {
  extern __shared__ double memory[];
  follow_kernel_before();
  statistic_of_slot(p, heads_of(p), team_memory<T>(memory, statistic_slots), blockIdx.x);
}
/// S_i, or its adjoint, of every sequence, one a warp.
template <class T>
AHA_KERNEL void sum_sequences_kernel(__grid_constant__ token_problem<T> const p, bool of_adjoint) {
  follow_kernel_before();
  std::int64_t const i = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (i < p.batch.layout.sequences) sum_sequence(p, heads_of(p), i, of_adjoint ? p.sequence_adjoint : p.sequence_sum);
}
/// Teams that are meant to be resident on a multiprocessor: what registers allow without spills (sm_90, `-Xptxas -v`): 128 a
/// thread for float terms that the compiler knows, 159 for the whole type list. More teams with spills are slower.
template <class Objective, class T>
inline constexpr int resident_teams = (is_objective<Objective>::value ? 4 : 3) / (sizeof(T) == 4 ? 1 : 2);

/// How the main sweep stands in its call.
struct sweep_place {
  std::int64_t long_blocks = 0;  ///< so many blocks have `most_slots_in_turn` slots each, then come blocks with one
  bool last = false;             ///< no kernel follows: the block that comes last adds up; `*p.arrived` is 0
  bool rehearse = false;         ///< the kernel in front still runs when this one begins, and heads are known already
};
/// Slots that the last block of a sweep adds up in less time than another launch takes.
inline constexpr int slots_without_launch = 64;

/// The main sweep. A short one waits for its instructions more than for anything else (of 24 us about 20, H100): where it may
/// begin while the rows' kernel ends, it first goes through its slots without columns. What that writes is written again.
template <bool Usual, class Objective, class T>
AHA_KERNEL void __launch_bounds__(team_threads, (resident_teams<Objective, T>))
    token_loss_kernel(__grid_constant__ Objective const objective, __grid_constant__ token_problem<T> const p,
                      sweep_place const place) {
  extern __shared__ double memory[];
  __shared__ bool comes_last;
  team_memory<T> const team(memory, team_rows(p));
  std::int64_t const block = blockIdx.x;
  std::int64_t const first =
      block < place.long_blocks ? block * most_slots_in_turn : block + place.long_blocks * (most_slots_in_turn - 1);
  int const run = block < place.long_blocks ? most_slots_in_turn : 1;
#pragma unroll 1
  for (int go = place.rehearse ? 0 : 1; go < 2; ++go) {
    bool const rehearsal = go == 0;
    if (!rehearsal) follow_kernel_before();
    if (!place.last && block == 0 && threadIdx.x == 0) *p.arrived = 0;  // for the kernel that adds up
    for (int turn = team.thread / 32; turn < run && first + turn < p.slots; turn += team_threads / 32)
      find_slot(p, heads_of(p), first + turn, team.at[turn], !rehearsal);
    for (int turn = 0; turn < run && first + turn < p.slots; ++turn)
      run_slot<Usual>(objective, p, team.at[turn], team, first + turn);
    __syncthreads();
  }
  if (!place.last) return;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) comes_last = atomicAdd(p.arrived, 1U) + 1 == gridDim.x;
  __syncthreads();
  if (!comes_last) return;
  __threadfence();
  sum_slots(p, 0, 1, *reinterpret_cast<sum_scratch*>(memory));
}
template <class T>
AHA_KERNEL void __launch_bounds__(team_threads) adjoint_kernel(__grid_constant__ token_problem<T> const p) {
  extern __shared__ double memory[];
  follow_kernel_before();
  adjoint_of_slot(p, heads_of(p), team_memory<T>(memory, 0), blockIdx.x);
}
template <class T>
AHA_KERNEL void __launch_bounds__(record_threads) sum_slots_kernel(__grid_constant__ token_problem<T> const p) {
  __shared__ sum_scratch scratch;
  follow_kernel_before();
  sum_slots(p, blockIdx.x, gridDim.x, scratch);
}

/// Launches of a call may overlap where these kernels have code for sm_90 or later.
template <class T>
void overlap_launches(launcher& launch) {
  device_limits limits;
  launch.take(limits_of_device(limits));
  static kernel_facts of_sums;
  if (launch.ok()) launch.overlap(prepare_kernel(launch, limits, sum_slots_kernel<T>, of_sums));
}

template <class T>
inline constexpr int small_teams = sizeof(T) == 4 ? 4 : 2;
inline constexpr int small_sequences = 64;

/// A small batch: all of the above by one block, in turn. The same functions on the same slots, so the same bits.
template <bool Usual, class Objective, class T>
AHA_KERNEL void __launch_bounds__(small_teams<T>* team_threads)
    small_loss_kernel(__grid_constant__ Objective const objective, __grid_constant__ token_problem<T> const p,
                      bool scanned) {
  extern __shared__ double memory[];
  follow_kernel_before();
  int const teams = static_cast<int>(blockDim.x) / team_threads;
  int const mine = static_cast<int>(threadIdx.x) / team_threads;
  int const warps = static_cast<int>(blockDim.x) / 32;
  int const warp = static_cast<int>(threadIdx.x) / 32;
  std::int64_t const sequences = p.batch.layout.sequences;
  team_memory<T> const team(memory, p.at.counts + statistic_slots);
  __shared__ sum_scratch scratch;
  // Heads of few sequences lie in shared memory: nothing waits for the device's between the steps.
  __shared__ unsigned long long near[sequence_heads::numbers * small_sequences];
  sequence_heads const heads = !scanned && sequences <= small_sequences
                                   ? sequence_heads{near, near + sequences, near + 2 * sequences}
                                   : heads_of(p);
  if (p.batch.mask.present() && !scanned) {
    for (std::int64_t i = threadIdx.x; i < sequence_heads::numbers * sequences; i += blockDim.x) heads.head[i] = 0;
    __syncthreads();
    for (std::int64_t slot = warp; slot < p.slots; slot += warps) scan_mask(p, heads, slot);
    __syncthreads();
  }
  if (p.reads_statistic) {
    for (std::int64_t slot = 0; slot < p.slots; slot += teams) statistic_of_slot(p, heads, team, slot + mine);
    for (std::int64_t i = warp; i < sequences; i += warps) sum_sequence(p, heads, i, p.sequence_sum);
    __syncthreads();
  }
  int turn = 0;  // by turns: a slow warp may still read what was found of the slot before
  for (std::int64_t slot = 0; slot < p.slots; slot += teams) {
    auto& found = team.at[turn++ % 2];
    if (slot + mine < p.slots && team.thread < 32) find_slot(p, heads, slot + mine, found);
    run_slot<Usual>(objective, p, found, team, slot + mine);
  }
  __syncthreads();
  if (p.adjoint) {
    for (std::int64_t i = warp; i < sequences; i += warps) sum_sequence(p, heads, i, p.sequence_adjoint);
    __syncthreads();
    for (std::int64_t slot = 0; slot < p.slots; slot += teams) adjoint_of_slot(p, heads, team, slot + mine);
  }
  sum_slots(p, 0, 1, scratch);
}

/// Enqueues a call that has been checked. `scanned`: another kernel has left the sequences' heads and counts.
template <bool Usual, class Objective, class T>
void launch_token_kernels(launcher& launch, Objective const& objective, token_problem<T> const& p, bool scanned) {
  std::int64_t const slots = p.slots;
  int const rows = p.at.counts + statistic_slots;
  if (slots == 0) return launch(sum_slots_kernel<T>, 1, record_threads, 0, p);
  if (slots <= small_slots) {
    // As many teams as fit into the shared memory that every device gives without asking, less the static part.
    constexpr std::size_t most_bytes = 36 * 1024;
    int teams = static_cast<int>(most_bytes / team_memory<T>::bytes(rows));
    if (teams > small_teams<T>) teams = small_teams<T>;
    if (teams > slots) teams = static_cast<int>(slots);
    if (teams < 1) teams = 1;
    return launch(small_loss_kernel<Usual, Objective, T>, 1, teams * team_threads, teams * team_memory<T>::bytes(rows),
                  objective, p, scanned);
  }
  auto const blocks = [](std::int64_t n, std::int64_t a_block) { return (n + a_block - 1) / a_block; };
  std::int64_t const sequences = p.sequences();
  if (p.masked() && !scanned) {
    launch(zero_heads_kernel<T>, blocks(sequence_heads::numbers * sequences, 256), 256, 0, p);
    launch(scan_mask_kernel<T>, blocks(slots, 8), 256, 0, p);
  }
  if (p.reads_statistic) {
    launch(statistic_kernel<T>, slots, team_threads, team_memory<T>::bytes(statistic_slots), p);
    launch(sum_sequences_kernel<T>, blocks(sequences, 8), 256, 0, p, false);
  }
  // Long batches give a block several slots in turn: few blocks start. The last ones have one, so that all end together.
  constexpr std::int64_t at_the_end = 1024;
  sweep_place place;
  place.long_blocks = slots >= 8 * at_the_end ? (slots - at_the_end) / most_slots_in_turn : 0;
  place.last = scanned && !p.adjoint && slots <= slots_without_launch;
  place.rehearse = place.last && !p.reads_statistic && launch.overlaps();
  std::size_t bytes = team_memory<T>::bytes(rows);
  if (place.last && bytes < sizeof(sum_scratch)) bytes = sizeof(sum_scratch);
  launch(token_loss_kernel<Usual, Objective, T>, slots - place.long_blocks * (most_slots_in_turn - 1), team_threads,
         bytes, objective, p, place);
  if (place.last) return;
  if (p.adjoint) {
    launch(sum_sequences_kernel<T>, blocks(sequences, 8), 256, 0, p, true);
    launch(adjoint_kernel<T>, slots, team_threads, team_memory<T>::bytes(0), p);
  }
  launch(sum_slots_kernel<T>, p.record_blocks(), record_threads, 0, p);
}

/// The same for a usual call with an objective that is known when it is compiled, if this one is; whether it is.
template <class T>
bool launch_known_loss(launcher& launch, device_objective const& objective, token_problem<T> const& p, bool scanned) {
  bool launched = false;
  with_known_objective(objective, [&](auto const& fixed) {
    launched = is_usual_objective(fixed);
    if (launched) launch_token_kernels<true>(launch, fixed, p, scanned);
  });
  return launched;
}

/// The same, by the kernels that suit the call.
template <class Objective, class T>
void launch_token_loss(launcher& launch, Objective const& objective, token_problem<T> const& p, bool scanned = false) {
  if constexpr (may_be_usual<Objective>) {
    if (p.usual && is_usual_objective(objective)) return launch_token_kernels<true>(launch, objective, p, scanned);
  }
  if constexpr (std::is_same_v<Objective, device_objective> && std::is_same_v<T, float>) {
    if (p.usual && launch_known_loss(launch, objective, p, scanned)) return;
  }
  launch_token_kernels<false>(launch, objective, p, scanned);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/exec.cuh>
#include <aha/cuda/row_problem.cuh>
#include <aha/cuda/row_slice.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The first granules of a row, kept in shared memory between two sweeps.
struct kept_granules {
  uint4* at = nullptr;
  int count = 0;
};

/// A block's threads read a row from memory once: the thread's own part of its softmax. Vectors of granule_size elements
/// are counted from the row's first element and grouped alike whatever the alignment: a row's bits do not depend on its
/// address. Where the row is not aligned, a vector lies in two granules, the second of which the next lane has read.
template <bool WithEntropy, class Stored, int Threads>
__device__ inline online_softmax read_row(row_slice<Stored> const& from, float k, kept_granules const& keep) {
  constexpr int size = granule_size<Stored>;
  constexpr int depth = 4;
  int const vectors = (from.elements + size - 1) / size;
  int const whole = from.elements / size;
  int const lane = static_cast<int>(threadIdx.x) % 32;
  online_softmax part = no_logits();
  auto const granule = [&](int n) {
    if (n < from.granules) return from.edge(n) ? from.read_edge(n) : __ldcs(from.granule(n));
    std::uint32_t const none = minus_infinity_word<Stored>();
    return uint4{none, none, none, none};
  };
  auto const kept = [&](int n, uint4 const& g) {
    if (n < keep.count) keep.at[n] = g;
    return g;
  };
  int v = static_cast<int>(threadIdx.x);
  for (; v - lane + 31 + (depth - 1) * Threads < whole; v += depth * Threads) {  // the same for all lanes of a warp
    uint4 g[depth];
    if (from.shift == 0) {
#pragma unroll
      for (int n = 0; n < depth; ++n) g[n] = kept(v + n * Threads, __ldcs(from.granule(v + n * Threads)));
    } else {
      uint4 next[depth];
#pragma unroll
      for (int n = 0; n < depth; ++n) {
        g[n] = kept(v + n * Threads, granule(v + n * Threads));
        if (lane == 31) next[n] = granule(v + n * Threads + 1);
      }
#pragma unroll
      for (int n = 0; n < depth; ++n) {
        uint4 const beside = {__shfl_down_sync(~0U, g[n].x, 1), __shfl_down_sync(~0U, g[n].y, 1),
                              __shfl_down_sync(~0U, g[n].z, 1), __shfl_down_sync(~0U, g[n].w, 1)};
        g[n] = shifted(g[n], lane == 31 ? next[n] : beside, from.shift);
      }
    }
    accumulate<WithEntropy, Stored>(g, k, part);
  }
  for (; v < vectors; v += Threads) {
    uint4 g[1] = {kept(v, granule(v))};
    if (from.shift != 0) g[0] = shifted(g[0], granule(v + 1), from.shift);
    accumulate<WithEntropy, Stored>(g, k, part);
  }
  return part;
}

/// The block's union in every thread.
template <bool WithEntropy, int Threads>
__device__ inline online_softmax across_block(online_softmax part, float k) {
  __shared__ online_softmax parts[Threads / 32];
  part = across_warp<WithEntropy>(part, k);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = part;
  __syncthreads();
  return across_parts<WithEntropy>(parts, Threads / 32, k);
}

/// One read of a row by one block.
///   sink(place, part, x_target, problem)  by one thread, the row's softmax so far: all of it, or a shard's part
///   sink.skip(place)                      for rows that do not take part
template <class Stored, int Threads, bool WithEntropy, class Sink>
AHA_KERNEL void __launch_bounds__(Threads)
    row_softmax_kernel(__grid_constant__ row_problem const p, __grid_constant__ Sink const sink) {
  follow_kernel_before();
  row_place const place(p, blockIdx.x);
  if (!place.in) {
    if (threadIdx.x == 0) sink.skip(place);
    return;
  }
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  float const x_target = target_logit(row, place, target_position(p, place));
  row_slice<Stored> const from(row, p.rows.vocabulary, 0, static_cast<int>(p.rows.vocabulary));
  online_softmax const part =
      across_block<WithEntropy, Threads>(read_row<WithEntropy, Stored, Threads>(from, p.k, {}), p.k);
  if (threadIdx.x != 0) return;
  if (place.bad) count_bad_target(p);
  sink(place, part, x_target, p);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

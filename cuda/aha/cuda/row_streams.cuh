// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/row_problem.cuh>
#include <aha/cuda/row_slice.cuh>

AHA_NAMESPACE_BEGIN

/// Reads the row's vectors (granule_size elements each, counted from its first element whatever the alignment) and hands
/// the thread's own to `f(vectors, granules)`.
template <bool WithEntropy, class Stored, int Threads>
__device__ inline online_softmax read_row(row_slice<Stored> const& from, float k) {
  constexpr int size = granule_size<Stored>;
  constexpr int depth = 4;
  int const vectors = (from.elements + size - 1) / size;
  online_softmax part = no_logits();
  auto const granule = [&](int n) {
    if (n < from.granules) return from.edge(n) ? from.read_edge(n) : __ldg(from.granule(n));
    std::uint32_t const none = minus_infinity_word<Stored>();
    return uint4{none, none, none, none};
  };
  int v = static_cast<int>(threadIdx.x);
  if (from.shift == 0) {
    int const whole = from.granules - (from.edge_last ? 1 : 0);
    for (; v + (depth - 1) * Threads < whole; v += depth * Threads) {
      uint4 g[depth];
#pragma unroll
      for (int n = 0; n < depth; ++n) g[n] = __ldg(from.granule(v + n * Threads));
      accumulate<WithEntropy, Stored>(g, k, part);
    }
    for (; v < vectors; v += Threads) {
      uint4 const g[1] = {granule(v)};
      accumulate<WithEntropy, Stored>(g, k, part);
    }
    return part;
  }
  // The inner vectors touch whole granules only. The same depth as above: a row's bits do not depend on its address.
  auto const inner = [&](int n) { return n > 0 && n + 1 < from.granules - 1; };
  for (; v + (depth - 1) * Threads < vectors - (from.elements % size != 0 ? 1 : 0); v += depth * Threads) {
    uint4 g[depth];
#pragma unroll
    for (int n = 0; n < depth; ++n) {
      int const at = v + n * Threads;
      g[n] = inner(at) ? shifted(__ldg(from.granule(at)), __ldg(from.granule(at + 1)), from.shift)
                       : shifted(granule(at), granule(at + 1), from.shift);
    }
    accumulate<WithEntropy, Stored>(g, k, part);
  }
  for (; v < vectors; v += Threads) {
    uint4 const g[1] = {shifted(granule(v), granule(v + 1), from.shift)};
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

/// One read of a row by one block; `sink(place, part, x_target)` is called by one thread.
template <class Stored, int Threads, bool WithEntropy, class Sink>
__global__ void __launch_bounds__(Threads)
    row_softmax_kernel(__grid_constant__ row_problem const p, __grid_constant__ Sink const sink) {
  row_place const place(p, blockIdx.x);
  if (!place.in) {
    sink.skip(place, threadIdx.x == 0);
    return;
  }
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  std::int64_t const at = place.bad ? -1 : p.rows.position_of(place.target);
  float const x_target = place.bad ? NAN : (at < 0 ? -INFINITY : widened(row[at]));
  row_slice<Stored> const from(row, p.rows.vocabulary, 0, static_cast<int>(p.rows.vocabulary));
  online_softmax const part =
      across_block<WithEntropy, Threads>(read_row<WithEntropy, Stored, Threads>(from, p.k), p.k);
  if (threadIdx.x != 0) return;
  if (place.bad && p.bad_targets != nullptr) atomicAdd(reinterpret_cast<unsigned long long*>(p.bad_targets), 1ULL);
  sink(place, part, x_target, p);
}

/// Reads the elements that granule g of `to` is formed from.
template <class Stored>
__device__ inline uint4 read_beside(row_slice<Stored> const& from, row_slice<Stored> const& to, int g) {
  int const offset = from.shift - to.shift;
  std::uint32_t const none = minus_infinity_word<Stored>();
  uint4 const nothing = {none, none, none, none};
  auto const granule = [&](int n) { return n >= 0 && n < from.granules ? from.read(n) : nothing; };
  if (offset == 0) return granule(g);
  return offset > 0 ? shifted(granule(g), granule(g + 1), offset)
                    : shifted(granule(g - 1), granule(g), offset + granule_bytes);
}

/// The gradient of a row from logits in memory, by one block. `target` below 0: another shard has it. In place is legal
/// where both slices are the same memory: a granule is read before the same thread writes it.
template <class Stored, int Threads>
__device__ inline void write_gradient(row_slice<Stored> const& from, row_slice<Stored> const& to,
                                      row_gradient const& gradient, bool with_entropy, int target) {
  constexpr int size = granule_size<Stored>;
  constexpr int depth = 2;
  auto const put = [&](int g, uint4 const& bits) {
    float x[size];
    widen<Stored>(bits, x);
    if (with_entropy) {
      gradient.template apply<true>(x);
    } else {
      gradient.template apply<false>(x);
    }
    to.write(g, x);
    int const here = target - to.first(g);
    if (target >= 0 && here >= 0 && here < size) *to.element(target) = narrowed<Stored>(gradient.at_target);
  };
  // Backwards: the row's end was read last and may still be near.
  int g = to.granules - 1 - static_cast<int>(threadIdx.x);
  for (; g - (depth - 1) * Threads >= 0; g -= depth * Threads) {
    uint4 bits[depth];
#pragma unroll
    for (int n = 0; n < depth; ++n) bits[n] = read_beside(from, to, g - n * Threads);
#pragma unroll
    for (int n = 0; n < depth; ++n) put(g - n * Threads, bits[n]);
  }
  for (; g >= 0; g -= Threads) put(g, read_beside(from, to, g));
}

template <class Stored, int Threads>
__device__ inline void write_zeros(row_slice<Stored> const& to) {
  float const zeros[granule_size<Stored>] = {};
  for (int g = static_cast<int>(threadIdx.x); g < to.granules; g += Threads) to.write(g, zeros);
}

/// Loss and gradient of a row by one block in two reads, of which the second is served by the cache where the row fits.
template <class Stored, int Threads, bool WithEntropy, class Source>
__global__ void __launch_bounds__(Threads)
    row_two_sweeps_kernel(__grid_constant__ row_problem const p, __grid_constant__ Source const source) {
  row_place const place(p, blockIdx.x);
  int const vocabulary = static_cast<int>(p.rows.vocabulary);
  row_slice<Stored> const to(p.gradient.template row<Stored>(place.i, place.t), vocabulary, 0, vocabulary);
  if (!place.in) {
    write_zeros<Stored, Threads>(to);
    source.skip(place, threadIdx.x == 0);
    return;
  }
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  std::int64_t const at = place.bad ? -1 : p.rows.position_of(place.target);
  float const x_target = place.bad ? NAN : (at < 0 ? -INFINITY : widened(row[at]));
  row_slice<Stored> const from(row, vocabulary, 0, vocabulary);
  online_softmax const part =
      across_block<WithEntropy, Threads>(read_row<WithEntropy, Stored, Threads>(from, p.k), p.k);
  row_softmax const softmax = finished<WithEntropy>(part, x_target, p);
  row_coefficients c = source(place, softmax, threadIdx.x == 0);
  if (place.bad) {
    c = {NAN, 0.0F, 0.0F};
    if (threadIdx.x == 0 && p.bad_targets != nullptr) {
      atomicAdd(reinterpret_cast<unsigned long long*>(p.bad_targets), 1ULL);
    }
  }
  if (c.zero()) return write_zeros<Stored, Threads>(to);
  row_gradient const gradient(c, softmax, 1.0F / part.s, -part.w / part.s, p);
  write_gradient<Stored, Threads>(from, to, gradient, WithEntropy && c.dentropy != 0.0F, static_cast<int>(at));
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/row_read.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The gradient of a row from its logits, by one block; `target` below 0: another shard has it. Aligned alike, as in place,
/// a granule is read before the same thread writes it.
template <bool WithEntropy, class Stored, int Threads>
__device__ inline void write_row(row_slice<Stored> const& from, row_slice<Stored> const& to,
                                 row_gradient const& gradient, int target, kept_granules const& keep) {
  constexpr int size = granule_size<Stored>;
  constexpr int depth = 2;
  int const offset = from.shift - to.shift;
  auto const granule = [&](int n) {
    if (n < 0 || n >= from.granules) return uint4{};
    return n < keep.count ? keep.at[n] : from.read(n);
  };
  auto const read = [&](int g) { return read_at(granule, g, offset); };
  auto const put = [&](int g, uint4 const& bits) {
    float x[size];
    widen<Stored>(bits, x);
    gradient.template apply<WithEntropy>(x);
    to.write(g, x);
    // The target again, by the thread that wrote its granule: indexing x by it would move x to local memory.
    int const here = target - to.first(g);
    if (target >= 0 && here >= 0 && here < size) *to.element(target) = narrowed<Stored>(gradient.at_target);
  };
  // Backwards: what was read last is nearest.
  int g = to.granules - 1 - static_cast<int>(threadIdx.x);
  for (; g - (depth - 1) * Threads >= 0; g -= depth * Threads) {
    uint4 bits[depth];
#pragma unroll
    for (int n = 0; n < depth; ++n) bits[n] = read(g - n * Threads);
#pragma unroll
    for (int n = 0; n < depth; ++n) put(g - n * Threads, bits[n]);
  }
  for (; g >= 0; g -= Threads) put(g, read(g));
}

/// Loss and gradient of a row by one block in two sweeps: where shared memory holds only the first `kept` granules of a
/// row, or nothing sends bytes to it (before sm_90). What is not kept is read again, mostly from the cache.
template <class Stored, int Threads, class Source>
AHA_KERNEL void __launch_bounds__(Threads)
    row_two_sweeps_kernel(__grid_constant__ row_problem const p, int kept, __grid_constant__ Source const source) {
  extern __shared__ __align__(128) unsigned char shared[];
  follow_kernel_before();
  row_place const place(p, blockIdx.x);
  int const vocabulary = static_cast<int>(p.rows.vocabulary);
  row_slice<Stored> const to(p.gradient.template row<Stored>(place.i, place.t), vocabulary, 0, vocabulary);
  if (!place.in) {
    to.template write_zeros<Threads>();
    source.skip(place, threadIdx.x == 0);
    return;
  }
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  std::int64_t const at = target_position(p, place);
  float const x_target = target_logit(row, place, at);
  typename Source::loaded loaded{};
  if (threadIdx.x < 32) loaded = source.load(place);
  row_slice<Stored> const from(row, vocabulary, 0, vocabulary);
  kept_granules const keep{reinterpret_cast<uint4*>(shared), min(kept, vocabulary / granule_size<Stored>)};
  online_softmax const part = across_block<true, Threads>(read_row<true, Stored, Threads>(from, p.k, keep), p.k);
  row_softmax const softmax = finished<true>(part, x_target, p);
  row_coefficients const c = coefficients_of(source, p, place, softmax, loaded, true);
  if (c.zero()) return to.template write_zeros<Threads>();
  row_gradient const gradient(c, softmax, 1.0F / part.s, -part.w / part.s, p);
  if (c.dentropy != 0.0F) {
    write_row<true, Stored, Threads>(from, to, gradient, static_cast<int>(at), keep);
  } else {
    write_row<false, Stored, Threads>(from, to, gradient, static_cast<int>(at), keep);
  }
}

/// The gradient alone, from what a first pass left: one read and one write.
///   source(place, softmax)  fills `softmax` (max, log_sum and, where dentropy is not 0, entropy), gives the coefficients
template <class Stored, int Threads, bool WithEntropy, class Source>
AHA_KERNEL void __launch_bounds__(Threads)
    row_gradient_kernel(__grid_constant__ row_problem const p, __grid_constant__ Source const source) {
  follow_kernel_before();
  row_place const place(p, blockIdx.x);
  int const vocabulary = static_cast<int>(p.rows.vocabulary);
  row_slice<Stored> const to(p.gradient.template row<Stored>(place.i, place.t), vocabulary, 0, vocabulary);
  if (!place.in) return to.template write_zeros<Threads>();
  row_softmax softmax;
  row_coefficients const c = with_bad_target(source(place, softmax), p, place, threadIdx.x == 0);
  if (c.zero()) return to.template write_zeros<Threads>();
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  std::int64_t const at = target_position(p, place);
  float const x_target = target_logit(row, place, at);
  if (at >= 0) __syncthreads();  // before anything is written: in place the target is overwritten
  softmax.logp = logp_of(x_target, softmax.max, softmax.log_sum, p);
  // 1/s and w/s of the row, from its results: s = 2^(log_sum / ln 2 - (r - k max)).
  float const log2_s = __fmaf_rn(softmax.log_sum, 1.0F / ln_2, -lost_by_reference(softmax.max, p.k));
  row_slice<Stored> const from(row, vocabulary, 0, vocabulary);
  float const flat = softmax.entropy / ln_2 - log2_s;
  row_gradient const gradient(c, softmax, exp2f(-log2_s), flat, p);
  if (WithEntropy && c.dentropy != 0.0F) {
    write_row<true, Stored, Threads>(from, to, gradient, static_cast<int>(at), {});
  } else {
    write_row<false, Stored, Threads>(from, to, gradient, static_cast<int>(at), {});
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

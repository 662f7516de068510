// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/block/stored_vector.cuh>

AHA_NAMESPACE_BEGIN

/// Scaled logits below this (in log2 units) have weight 0; clamping there keeps 0 * -inf out of p log p.
inline constexpr float negligible_exponent = -1400.0F;

__device__ inline float exp2_of(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// What a thread, warp, block or cluster knows of a row of logits x at temperature tau, in float and in units of log2:
/// with k = log2(e)/tau rounded to float and the reference r = k max rounded,
///   max = max_v x_v     s = sum_v 2^(k x_v - r)     w = sum_v 2^(k x_v - r) (k x_v - r)
/// k x_v - r is one fused operation with one rounding whatever the size of x; what r itself lost is known exactly
/// (`lost_by_reference`). Nothing yet: max = -inf, s = 0. A NaN or +inf makes s NaN for good. Sixteen bytes: what blocks
/// of a cluster send each other at once.
struct alignas(16) online_softmax {
  float max;
  float s;
  float w;
  float unused;
};

__device__ inline online_softmax no_logits() { return {-INFINITY, 0.0F, 0.0F, 0.0F}; }

/// Below every reference of a logit that weighs anything, and finite: where all logits are -inf, 2^(-inf - r) is still 0,
/// and parts without mass merge without a branch.
inline constexpr float lowest_reference = -1e38F;
__device__ inline float reference_of(float max, float k) { return fmaxf(__fmul_rn(max, k), lowest_reference); }
/// r - k max, without rounding.
__device__ inline float lost_by_reference(float max, float k) { return -__fmaf_rn(max, k, -reference_of(max, k)); }

/// The union of two disjoint parts; commutative to the last bit, so that a butterfly gives every lane the same.
template <bool WithEntropy>
__device__ inline online_softmax merged(online_softmax const& a, online_softmax const& b, float k) {
  online_softmax c;
  c.max = fmaxf(a.max, b.max);
  float const r = reference_of(c.max, k);
  float const down_a = reference_of(a.max, k) - r;
  float const down_b = reference_of(b.max, k) - r;
  float const fa = exp2_of(down_a);
  float const fb = exp2_of(down_b);
  c.s = __fadd_rn(__fmul_rn(a.s, fa), __fmul_rn(b.s, fb));
  c.w = 0.0F;
  if constexpr (WithEntropy) {
    c.w = __fadd_rn(__fmul_rn(fa, __fmaf_rn(down_a, a.s, a.w)), __fmul_rn(fb, __fmaf_rn(down_b, b.s, b.w)));
  }
  c.unused = 0.0F;
  return c;
}

/// Adds N granules of one thread.
template <bool WithEntropy, class Stored, int N>
__device__ inline void accumulate(uint4 const (&g)[N], float k, online_softmax& part) {
  constexpr int size = granule_size<Stored>;
  float const before = reference_of(part.max, k);
  part.max = fmaxf(part.max, maximum<Stored>(g));
  float const r = reference_of(part.max, k);
  float const down = before - r;
  float const scale = exp2_of(down);
  float s[2] = {part.s * scale, 0.0F};
  float w[2] = {WithEntropy ? scale * __fmaf_rn(down, part.s, part.w) : 0.0F, 0.0F};
#pragma unroll
  for (int n = 0; n < N; ++n) {
    float x[size];
    widen<Stored>(g[n], x);
#pragma unroll
    for (int j = 0; j < size; ++j) {
      float const t = __fmaf_rn(x[j], k, -r);
      float const e = exp2_of(t);
      s[j % 2] = __fadd_rn(s[j % 2], e);
      if constexpr (WithEntropy) w[j % 2] = __fmaf_rn(e, fmaxf(t, negligible_exponent), w[j % 2]);
    }
  }
  part.s = __fadd_rn(s[0], s[1]);
  if constexpr (WithEntropy) part.w = __fadd_rn(w[0], w[1]);
}

/// The warp's union in every lane.
template <bool WithEntropy>
__device__ inline online_softmax across_warp(online_softmax part, float k) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) {
    online_softmax other;
    other.max = __shfl_xor_sync(~0U, part.max, step);
    other.s = __shfl_xor_sync(~0U, part.s, step);
    other.w = WithEntropy ? __shfl_xor_sync(~0U, part.w, step) : 0.0F;
    other.unused = 0.0F;
    part = merged<WithEntropy>(part, other, k);
  }
  return part;
}

/// The union of `count` parts in every lane of a warp.
template <bool WithEntropy>
__device__ inline online_softmax across_parts(online_softmax const* parts, int count, float k) {
  int const lane = static_cast<int>(threadIdx.x % 32);
  online_softmax part = lane < count ? parts[lane] : no_logits();
  for (int i = lane + 32; i < count; i += 32) part = merged<WithEntropy>(part, parts[i], k);
  return across_warp<WithEntropy>(part, k);
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_calls.hpp>
#include <aha/cuda/block/stored_vector.cuh>
#include <aha/cuda/exec.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

inline constexpr int scale_threads = 256;
inline constexpr int scale_run = 4;  ///< loads in flight a thread
inline constexpr std::int64_t scale_blocks = 2048;

/// One element times a factor, rounded once.
template <class Stored>
__device__ inline Stored times(Stored x, computed_t<Stored> f) {
  if constexpr (sizeof(Stored) > 2) {
    return x * f;
  } else {
    std::uint16_t word;
    memcpy(&word, &x, sizeof word);
    word = static_cast<std::uint16_t>(narrow_pair<Stored>(widen_pair<Stored>(word).x * f, 0.0F));
    memcpy(static_cast<void*>(&x), &word, sizeof word);
    return x;
  }
}

/// A chunk is `scale_threads * scale_run` elements of a row; blocks take them in turn, so that few start where there is
/// nothing to do.
template <class Stored>
AHA_KERNEL void __launch_bounds__(scale_threads)
    scale_gradient_kernel(__grid_constant__ logit_rows<device> const from,
                          __grid_constant__ logit_gradient<device> const to, computed_t<Stored> const* factor,
                          std::int64_t chunks_a_row) {
  computed_t<Stored> const f = *factor;
  if (to.inplace && f == 1) return;
  for (std::int64_t c = blockIdx.x; c < from.size() * chunks_a_row; c += gridDim.x) {
    std::int64_t const row = c / chunks_a_row;
    std::int64_t const i = row / from.rows;
    std::int64_t const t = row % from.rows;
    Stored const* const in = from.template row<Stored>(i, t);
    Stored* const out = to.template row<Stored>(i, t);
    std::int64_t const first = (c % chunks_a_row) * scale_threads * scale_run + threadIdx.x;
#pragma unroll
    for (int k = 0; k < scale_run; ++k) {
      std::int64_t const v = first + k * scale_threads;
      if (v < from.vocabulary) out[v] = times(in[v], f);
    }
  }
}

AHA_KERNELS_END

/// A stored gradient times the upstream scalar of a backward pass, rounded once:  to = factor x from.
///
///   from    `[N, V]` or `[B, L, V]` of double, float, bfloat16 or float16; its targets are not looked at
///   factor  one number in device memory, double for double and float for the others: read there, so that the host waits
///           for nothing
///   to      shaped and typed like `from`; with `inplace` the same memory, of which nothing is touched where the factor is
///           exactly 1, as it is for `loss.backward()`
/// Bitwise repeatable. Errors that the host can see: `aha::scale_gradient: <argument>: ...`, before the launch.
inline launch_result scale_gradient(exec::cuda const& e, logit_rows<device> const& from, void const* factor,
                                    logit_gradient<device> const& to) {
  constexpr char const* me = "scale_gradient";
  bool const alike =
      from.type == to.type && from.outer == to.outer && from.rows == to.rows && from.vocabulary == to.vocabulary;
  if (!alike) return fail<launch_result>(bad_argument(me, "to", "shape and dtype of the gradient", "another"));
  if (factor == nullptr) return fail<launch_result>(bad_argument(me, "factor", "one in device memory", "none"));
  if (to.inplace && from.data != to.data) {
    return fail<launch_result>(bad_argument(me, "to", "the gradient's own memory with inplace", "another"));
  }
  launcher launch(e, me);
  std::int64_t const of_chunk = scale_threads * scale_run;
  std::int64_t const chunks = (from.vocabulary + of_chunk - 1) / of_chunk;
  std::int64_t const all = from.size() * chunks;
  auto const with = [&](auto* stored) {
    using Stored = std::remove_pointer_t<decltype(stored)>;
    launch(scale_gradient_kernel<Stored>, all < scale_blocks ? all : scale_blocks, scale_threads, 0, from, to,
           static_cast<computed_t<Stored> const*>(factor), chunks);
  };
  switch (from.type) {
    case dtype::float64: with(static_cast<double*>(nullptr)); break;
    case dtype::bfloat16: with(static_cast<bfloat16*>(nullptr)); break;
    case dtype::float16: with(static_cast<float16*>(nullptr)); break;
    default: with(static_cast<float*>(nullptr)); break;
  }
  return launch.result();
}

AHA_NAMESPACE_END

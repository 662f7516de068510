// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_kernels.cuh>
#include <aha/loss/from_logits.hpp>

AHA_NAMESPACE_BEGIN

/// One `loss_from_logits` on a device: what it computes on the way and where that lies in the workspace.
struct logits_plan {
  bool gradient = false;
  bool fused = false;  ///< the gradient needs nothing but the row: one read, one write
  logits_columns wanted;
  // Shaped beside the logits.
  column<float, device> logp, entropy, lse, max, log_sum, dlogp, dentropy, dlse;
  std::uint8_t* mask = nullptr;      ///< [rows] which rows take part
  std::int32_t* sequence = nullptr;  ///< [rows] of packed rows, fused
  double* weights = nullptr;         ///< [B, parts], fused
  std::int64_t* bad_targets = nullptr;

  template <class Objective>
  logits_plan(Objective const& objective, logit_layout const& l, token_batch<device, float> const& b, unsigned observed,
              bool with_gradient, workspace_layout& w)
      : gradient(with_gradient), wanted(objective, observed, with_gradient) {
    fused = gradient && (needs_of_objective(objective).active & reads::statistic) == 0;
    bool const composed = gradient && !fused;
    auto const take = [&](bool there) {
      if (!there) return column<float, device>();
      float* const at = w.take<float>(l.size());
      return l.rank == 2 ? column<float, device>(span<float, device>(at, l.rows))
                         : column<float, device>(matrix<float, device>(at, l.outer, l.rows));
    };
    logp = take(true);
    entropy = take(wanted.entropy);
    lse = take(wanted.lse);
    max = take(composed);
    log_sum = take(composed);
    dlogp = take(composed);
    dentropy = take(composed && wanted.dentropy);
    dlse = take(composed && wanted.dlse);
    mask = w.take<std::uint8_t>(l.size());
    bad_targets = w.take<std::int64_t>(1);
    if (!fused) return;
    if (b.layout.is_packed()) sequence = w.take<std::int32_t>(l.size());
    int parts = 0;
    objective.for_each_part([&](auto const&) { ++parts; });
    weights = w.take<double>(b.layout.sequences * parts);
  }

  /// The batch of the token engine: the columns that the rows gave, the mask that targets and layout gave. Columns of
  /// `[B, L]` lie as the list `[B L]` does, so that `[B L, V]` logits beside a padded layout need no copy.
  [[nodiscard]] token_batch<device, float> tokens(token_batch<device, float> const& batch,
                                                  logit_layout const& l) const {
    token_batch<device, float> b = batch;
    b.layout.mask = {};
    std::uint8_t const* const m = mask;
    b.mask = l.rank == 2 ? mask_view<device>(span<std::uint8_t const, device>(m, l.rows))
                         : mask_view<device>(matrix<std::uint8_t const, device>(m, l.outer, l.rows));
    b.logp = logp;
    b.entropy = entropy;
    b.lse = lse;
    return b;
  }
};

AHA_KERNELS_BEGIN

/// Which rows take part, whose sequence they are, where a sequence's first one lies, and what a token of the sequence
/// weighs: a block a sequence. `p` is the token engine's problem of the same call, which then need not scan the mask; `given`
/// the mask of the batch, if any.
struct row_preparation {
  index_view<device> targets;
  mask_view<device> given;
  std::int64_t logit_rows_a_block = 0;
  std::int64_t rows = 0;
  std::uint8_t* mask = nullptr;
  std::int32_t* sequence = nullptr;
  double* weights = nullptr;
  std::int64_t* bad_targets = nullptr;
};
inline constexpr int preparation_threads = 512;

template <class T>
AHA_KERNEL void __launch_bounds__(preparation_threads)
    prepare_rows_kernel(__grid_constant__ row_preparation const r, __grid_constant__ token_problem<T> const p) {
  __shared__ unsigned long long count;
  __shared__ unsigned long long head;
  __shared__ unsigned long long reach;
  follow_kernel_before();
  std::int64_t const i = blockIdx.x;
  std::int64_t const tid = threadIdx.x;
  std::int64_t const threads = blockDim.x;
  layout<device> const& l = p.batch.layout;
  if (tid == 0) count = head = reach = 0;
  if (i == 0 && tid == 0) {  // for the kernels that come later
    *r.bad_targets = 0;
    *p.arrived = 0;
  }
  __syncthreads();
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t base = 0;  // of the sequence's row in the flat list of rows
  if (l.is_packed()) {
    begin = clamped(l.index[i], 0, r.rows);
    end = clamped(l.index[i + 1], begin, r.rows);
    // Rows in front of the first sequence or behind the last one exist only where offsets are wrong.
    if (i == 0) {
      for (std::int64_t t = tid; t < begin; t += threads) r.mask[t] = 0;
    }
    if (i + 1 == l.sequences) {
      for (std::int64_t t = end + tid; t < r.rows; t += threads) r.mask[t] = 0;
    }
  } else {
    base = i * l.width;
    end = l.index.present() ? clamped(l.index[i], 0, l.width) : l.width;
    for (std::int64_t t = end + tid; t < l.width; t += threads) r.mask[base + t] = 0;
  }
  unsigned mine = 0;
  unsigned ahead = 0;   // of the thread's first row, counted from the end
  unsigned behind = 0;  // its last row, counted from the begin
#pragma unroll 4
  for (std::int64_t t = begin + tid; t < end; t += threads) {
    std::int64_t const flat = base + t;
    std::int64_t const block = r.targets.rank == 2 ? flat / r.logit_rows_a_block : 0;
    bool const in = (!r.given.present() || r.given.at(l.is_packed() ? 0 : i, t)) &&
                    r.targets.at(block, flat - block * r.logit_rows_a_block) != logit_rows<device>::ignore_index;
    r.mask[flat] = in ? 1 : 0;
    if (r.sequence != nullptr) r.sequence[flat] = static_cast<std::int32_t>(i);
    if (in && mine == 0) ahead = static_cast<unsigned>(end - t);
    if (in) behind = static_cast<unsigned>(t + 1 - begin);
    mine += in ? 1 : 0;
  }
  mine = __reduce_add_sync(whole_warp, mine);
  ahead = __reduce_max_sync(whole_warp, ahead);
  behind = __reduce_max_sync(whole_warp, behind);
  if (tid % 32 == 0 && mine > 0) {  // integers: any order gives the same numbers
    atomicAdd(&count, static_cast<unsigned long long>(mine));
    atomicMax(&head, static_cast<unsigned long long>(ahead));
    atomicMax(&reach, static_cast<unsigned long long>(behind));
  }
  __syncthreads();
  if (tid == 0) {
    p.head[i] = head;
    p.count[i] = count;
    p.reach[i] = reach;
  }
  if (r.weights == nullptr) return;
  if (tid >= p.at.parts) return;
  double const n = length_of(p, i, static_cast<std::int64_t>(count));
  double const prompt = p.batch.prompt_tokens.present() ? static_cast<double>(p.batch.prompt_tokens[i]) : 0.0;
  r.weights[i * p.at.parts + tid] = p.base[tid] * sequence_share(p.kind[tid], n, prompt);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

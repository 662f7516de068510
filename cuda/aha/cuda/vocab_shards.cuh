// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/softmax_partial.hpp>
#include <aha/cuda/token_logp.cuh>

AHA_NAMESPACE_BEGIN

/// Writes what a shard knows of a row.
struct partial_sink {
  column<softmax_partial, device> out;
  bool entropy = false;
  __device__ void skip(row_place const& at) const { out.row(at.i)[at.t] = softmax_partial::left_out(); }
  __device__ void operator()(row_place const& at, online_softmax const& part, float x_target,
                             row_problem const& p) const {
    softmax_partial r;
    r.max = static_cast<double>(part.max);
    r.target_logit = static_cast<double>(x_target);
    if (part.max != -INFINITY || part.s != 0.0F) {
      // From the reference r to the maximum itself: e^((x - max)/tau) = 2^(k x - r) 2^lost.
      double const lost = static_cast<double>(lost_by_reference(part.max, p.k));
      double const up = exp2(lost);
      double const s = static_cast<double>(part.s);
      r.sum_exp = s * up;
      if (entropy) r.sum_xp = 0.69314718055994531 * up * (static_cast<double>(part.w) + lost * s);
    }
    out.row(at.i)[at.t] = r;
  }
};

/// `softmax_partials` in device memory: what a shard of the vocabulary contributes to its rows, in one read of each row.
/// Partials are those of the CPU engine, four doubles a row in device memory: the host's communication gathers them, and
/// `merge_partials` and `token_logp_from_partials` of either engine end them. Shards may be empty (V = 0). A row whose target
/// is no id of the whole vocabulary has a NaN target and is counted in `bad_targets` (may be null).
/// Enqueues one kernel and returns. Errors that the host can see: `aha::softmax_partials: <argument>: ...`.
inline launch_result softmax_partials(exec::cuda const& e, logit_rows<device> const& rows,
                                      mask_view<device> const& mask, bool entropy,
                                      column<softmax_partial, device> const& out, std::int64_t* bad_targets = nullptr) {
  constexpr char const* function = "softmax_partials";
  status s = check_device_rows(function, rows);
  if (s.ok()) s = check_softmax_partials(rows, mask, out);
  if (!s.ok()) return fail<launch_result>(s);
  row_problem p(rows, mask);
  p.bad_targets = bad_targets;
  launcher launch(e, function);
  launch_row_softmax(launch, p, entropy, partial_sink{out, entropy});
  return launch.result();
}

/// The most shards that one call of `merge_partials` joins on a device.
inline constexpr int most_shards = 64;

/// What `merge_partials` reads, in kernel parameters.
struct shard_list {
  column<softmax_partial const, device> shards[most_shards];
  int count = 0;
};

AHA_KERNELS_BEGIN
template <class Partial>
AHA_KERNEL void merge_partials_kernel(__grid_constant__ shard_list const from, double temperature,
                                      column<Partial, device> out, std::int64_t width, std::int64_t rows) {
  std::int64_t const row = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  std::int64_t const i = row / width;
  std::int64_t const t = row % width;
  Partial p = from.shards[0].row(i)[t];
  for (int k = 1; k < from.count; ++k) p = merge(p, from.shards[k].row(i)[t], temperature);
  out.row(i)[t] = p;
}
template <class T>
AHA_KERNEL void finish_partials_kernel(column<softmax_partial const, device> from, double temperature,
                                       __grid_constant__ logp_outputs<T, device> const out, std::int64_t width,
                                       std::int64_t rows) {
  std::int64_t const row = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  std::int64_t const i = row / width;
  std::int64_t const t = row % width;
  put_row(out, i, t, finish(from.row(i)[t], temperature));
}
AHA_KERNELS_END

/// `merge_partials` in device memory: joins the partials of up to 64 shards, row by row, in the order given. One kernel.
inline launch_result merge_partials(exec::cuda const& e, span<column<softmax_partial const, device> const, host> shards,
                                    double temperature, column<softmax_partial, device> const& out) {
  constexpr char const* function = "merge_partials";
  status s = check_merge_partials(shards, temperature, out);
  if (s.ok() && shards.size() > most_shards) {
    s = bad_argument(function, "shards", text("at most ", most_shards, " on a device"), to_text(shards.size()));
  }
  if (!s.ok()) return fail<launch_result>(s);
  partial_rows const l(out);
  shard_list list;
  for (; list.count < shards.size(); ++list.count) list.shards[list.count] = shards[list.count];
  launcher launch(e, function);
  launch(merge_partials_kernel<softmax_partial>, (l.size() + 127) / 128, 128, 0, list, temperature, out, l.rows,
         l.size());
  return launch.result();
}

/// `token_logp_from_partials` in device memory: the results of `token_logp` from merged partials, rounded once. One kernel.
template <class T>
launch_result token_logp_from_partials(exec::cuda const& e, column<softmax_partial const, device> const& partials,
                                       double temperature, logp_outputs<T, device> const& out) {
  constexpr char const* function = "token_logp_from_partials";
  partial_rows const l(partials);
  status s = check_partials(function, l, partials.data, temperature);
  if (s.ok()) s = check_logp_outputs(function, l, out, {{"partials", region(partials)}}, "partials");
  if (!s.ok()) return fail<launch_result>(s);
  launcher launch(e, function);
  launch(finish_partials_kernel<T>, (l.size() + 127) / 128, 128, 0, partials, temperature, out, l.rows, l.size());
  return launch.result();
}

AHA_NAMESPACE_END

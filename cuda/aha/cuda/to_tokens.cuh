// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/slots.cuh>
#include <aha/loss/check_to_tokens.hpp>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

template <class T>
AHA_KERNEL void __launch_bounds__(team_threads)
    to_tokens_kernel(__grid_constant__ token_problem<T> const p, T const* values) {
  slot_place const s = place_of(p, {}, blockIdx.x, false);
  if (s.number < 0) return;
  std::int64_t const from = s.row_begin + s.number * slot_tokens;
  T const value = values[s.sequence];
  T* const row = p.out.token_loss.row(s.row);
  for (std::int64_t t = from + threadIdx.x; t < s.row_end && t < from + slot_tokens; t += team_threads) {
    bool const counts = t < s.end && (!p.masked() || p.batch.mask.at(s.row, t));
    row[t] = counts ? value : T(0);
  }
}

AHA_KERNELS_END

/// One value a sequence, written at each of its tokens, 0 where masked or outside, as `to_tokens(exec::cpu{}, ...)`:
/// values [B]; out [T] (packed) or [B, L] (padded) of the same type; mask like out, beside or instead of the layout's.
/// Every entry of out is written; values are copied bit for bit. Offsets out of order are clamped.
template <class T>
launch_result to_tokens(exec::cuda const& e, column<T const, device> const& values, layout<device> const& l,
                        column<T, device> const& out, mask_view<device> const& mask = {}) {
  if (status const bad = check_to_tokens(values, l, out, mask); !bad.ok()) return fail<launch_result>(bad);
  token_batch<device, T> b;
  b.layout = l;
  b.mask = mask;
  b.logp = out;  // whose shape the batch has
  outputs<T, device> to;
  to.token_loss = out;
  token_problem<T> const p(objective<>{}, b, to, observe::none);
  launcher launch(e, "to_tokens");
  launch(to_tokens_kernel<T>, p.slots, team_threads, 0, p, values.data);
  return launch.result();
}

AHA_NAMESPACE_END

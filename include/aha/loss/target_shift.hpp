// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/region.hpp>
#include <aha/loss/check_batch.hpp>

AHA_NAMESPACE_BEGIN

/// Outcome of `target_shift`.
struct target_shift_result {
  aha::status status;
  std::int64_t targets = 0;  ///< entries that are not `ignore_index`
};

/// Next-token targets of token ids, so that row t of the logits is scored against token t + 1 of the same sequence:
///   out[t] = ids[t + 1]; `ignore_index` at the last token of each sequence, where token t + 1 is masked, and outside
///   of every sequence (`lens`).
/// Never crosses a boundary of packed sequences. A masked token t keeps its target: the last prompt token predicts the
/// first token of the answer. `ids` int32 or int64 and `out` int64, both `[T]` (packed) or `[B, L]` (padded); a mask may
/// come with the layout or beside it. Errors: `aha::target_shift: ...`, before anything is written.
inline target_shift_result target_shift(index_view<host> const& ids, layout<host> const& l, mask_view<host> mask,
                                        column<std::int64_t> out, std::int64_t ignore_index = -100) {
  token_batch<host, float> b;
  b.layout = l;
  b.mask = mask;
  batch_check<float> check("target_shift", b);
  if (!ids.present()) check.fail("ids", "token ids", "none");
  if (check.result().ok()) check.shape(ids.size());
  if (check.result().ok()) {
    check.tokens("ids", ids);
    if (mask.present()) check.tokens("mask", mask);
    if (!out.present()) check.fail("out", "a place to write to", "none");
    check.tokens("out", out);
    if (out.rank == 2 && out.rows > 1 && out.row_stride < out.width) {
      check.fail("out", "rows that do not overlap", text("a row stride of ", out.row_stride));
    }
    if (overlap(region(out), region(ids))) check.fail("out", "memory apart from ids", "overlapping memory");
    if (overlap(region(out), region(mask)) || overlap(region(out), region(l.mask))) {
      check.fail("out", "memory apart from mask", "overlapping memory");
    }
    if (overlap(region(out), region(l.index))) {
      check.fail("out", "memory apart from the layout", "overlapping memory");
    }
  }
  if (!check.result().ok()) return fail<target_shift_result>(check.result());

  index_view<host> from = ids;
  mask_view<host> m = mask.present() ? mask : l.mask;
  if (!l.is_packed()) {  // a flat list is addressed by rows like a matrix
    if (from.rank == 1) from.row_stride = l.width;
    if (m.rank == 1) m.row_stride = l.width;
    if (out.rank == 1) out.row_stride = l.width;
  }
  target_shift_result r;
  for (std::int64_t i = 0; i < l.sequences; ++i) {
    std::int64_t const row = l.row(i);
    std::int64_t const end = l.end(i);
    for (std::int64_t t = l.begin(i); t < (l.is_packed() ? end : l.width); ++t) {
      bool const scored = t + 1 < end && (!m.present() || m.at(row, t + 1));
      out.row(row)[t] = scored ? from.at(row, t + 1) : ignore_index;
      r.targets += scored ? 1 : 0;
    }
  }
  return r;
}
/// The same without a mask beside the layout.
inline target_shift_result target_shift(index_view<host> const& ids, layout<host> const& l, column<std::int64_t> out) {
  return target_shift(ids, l, {}, out);
}

AHA_NAMESPACE_END

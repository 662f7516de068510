// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/check_batch.hpp>

AHA_NAMESPACE_BEGIN

/// What this shard contributes to the totals of a step: unmasked tokens, and sequences with at least one of them. The
/// host adds them up over micro-batches and ranks; losses never derive totals themselves. A sequence without a token
/// counts for peers that average over all rows (TRL): give their row count as `sequences` instead.
struct counted_totals {
  std::int64_t tokens = 0;
  std::int64_t sequences = 0;
  aha::status status;
};
inline counted_totals count_totals(layout<host> const& l, mask_view<host> const& mask = {}) {
  token_batch<host, float> b;
  b.layout = l;
  b.mask = mask;
  batch_check<float> check("count_totals", b);
  check.shape(l.is_packed() && l.index.rank == 1 && l.index.width > 0 ? l.index[l.index.width - 1] : l.entries());
  if (check.result().ok() && mask.present()) check.tokens("mask", mask);
  if (!check.result().ok()) return fail<counted_totals>(check.result());

  mask_view<host> m = mask.present() ? mask : l.mask;
  if (!l.is_packed() && m.rank == 1) m.row_stride = l.width;
  counted_totals r;
  for (std::int64_t i = 0; i < l.sequences; ++i) {
    std::int64_t n = 0;
    for (std::int64_t t = l.begin(i); t < l.end(i); ++t) n += !m.present() || m.at(l.row(i), t) ? 1 : 0;
    r.tokens += n;
    r.sequences += n > 0 ? 1 : 0;
  }
  return r;
}

AHA_NAMESPACE_END

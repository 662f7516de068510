// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/region.hpp>
#include <aha/loss/validate.hpp>

AHA_NAMESPACE_BEGIN

/// What `to_tokens` refuses in every memory space: values [B], out [T] or [B, L], a mask shaped like out, memory apart.
template <class T, class Space>
status check_to_tokens(column<T const, Space> const& values, layout<Space> const& l, column<T, Space> const& out,
                       mask_view<Space> const& mask) {
  constexpr char const* me = "to_tokens";
  token_batch<Space, T> b;
  b.layout = l;
  b.mask = mask;
  b.logp = out;  // whose shape the batch has
  batch_check<T, Space> check(me, b);
  check.shape(out.rank == 2 ? out.rows * out.width : out.width);
  if (!check.result().ok()) return check.result();
  check.sequences("values", values);
  check.tokens("out", out);
  if (mask.present()) check.tokens("mask", mask);
  if (out.rank == 2 && out.rows > 1 && out.row_stride < out.width) {
    check.fail("out", "rows that do not overlap", text("a row stride of ", out.row_stride));
  }
  if (!check.result().ok()) return check.result();
  place const written[] = {place{"out", region(out)}};
  place const read[] = {place{"values", region(values)}, place{"mask", region(mask.present() ? mask : l.mask)},
                        place{"layout", region(l.index)}};
  return check_apart(me, written, read);
}

AHA_NAMESPACE_END

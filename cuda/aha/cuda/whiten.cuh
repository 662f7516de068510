// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/whitening.hpp>
#include <aha/core/masked_column.hpp>
#include <aha/core/region.hpp>
#include <aha/cuda/column_moments.cuh>

AHA_NAMESPACE_BEGIN

AHA_KERNELS_BEGIN

template <class Scale, class T>
AHA_KERNEL void __launch_bounds__(column_threads)
    whiten_kernel(__grid_constant__ device_column<T> const c, __grid_constant__ column<T, device> const out,
                  advantage::whitening<Scale> const method, order_free_moments const* of, merged_moments const given,
                  column_record* record) {
  order_free_moments const own = *of;
  moments const by = given.given ? given.get() : own.plain();
  auto const rule = method.of(by);
  unsigned clipped = 0;
  for_each_entry(c, [&](std::int64_t i, std::int64_t t, bool, double x) {
    double const value = member(x);
    double const y = rule(value, given.given ? value - by.mean : own.deviation(value));
    double const ends = method.clip(y);
    clipped += ends < y || ends > y ? 1 : 0;
    out.row(i)[t] = value == value ? static_cast<T>(ends) : T(0);
  });
  clipped = __reduce_add_sync(0xFFFFFFFFU, clipped);
  if (threadIdx.x % 32 == 0 && clipped > 0) {
    atomicAdd(reinterpret_cast<unsigned long long*>(&record->stats.clipped), static_cast<unsigned long long>(clipped));
  }
}

AHA_KERNELS_END

/// Bytes of device memory that `whiten` and `measure` need.
inline std::int64_t whiten_workspace_bytes(exec::cuda const&) {
  workspace_layout w;
  column_space const space(w);
  return w.bytes();
}

/// Count, mean, squared deviations, smallest and largest entry of a masked column in device memory, as
/// `measure(exec::cpu{}, ...)`: the same numbers to the bit where entries are, whatever their order. x [T], [B] or [B, L]
/// of float or double; mask shaped like x. Entries beyond +-1e140 count as invalid and in `beyond`.
template <class T>
launch_result measure(exec::cuda const& e, column<T const, device> const& x, column_record* record,
                      span<std::byte, device> workspace, mask_view<device> const& mask = {}) {
  device_column<T> const c{x, mask};
  if (status s = check_masked_shape("measure", "x", x, mask); !s.ok()) return fail<launch_result>(s);
  if (record == nullptr) return fail<launch_result>(bad_argument("measure", "record", "one in device memory", "none"));
  status const s = check_workspace("measure", workspace, whiten_workspace_bytes(e));
  if (!s.ok()) return fail<launch_result>(s);
  workspace_layout w(workspace.data_handle());
  launcher launch(e, "measure");
  launch_column_moments(launch, c, column_space(w), record);
  return launch.result();
}

/// Whitens a masked column in device memory, as `whiten(exec::cpu{}, ...)`:  out = clip((x - mean) / s), 0 where the mask
/// is 0 or x is NaN. See `advantage::whitening`. `given`: moments of the whole step, merged over ranks, a value or where
/// they lie on the device; the record's statistics are the column's own all the same.
template <class Scale, class T>
launch_result whiten(exec::cuda const& e, advantage::whitening<Scale> const& method, column<T const, device> const& x,
                     column<T, device> const& out, column_record* record, span<std::byte, device> workspace,
                     mask_view<device> const& mask = {}, merged_moments const& given = {}) {
  char const* const me = "whiten";
  device_column<T> const c{x, mask};
  if (status s = validate(method, me); !s.ok()) return fail<launch_result>(s);
  if (status s = check_masked_shape(me, "x", x, mask); !s.ok()) return fail<launch_result>(s);
  if (out.rank != x.rank || out.width != x.width || (out.rank == 2 && out.rows != x.rows)) {
    return fail<launch_result>(bad_argument(me, "out", text(c.size(), " entries, shaped like x"), "another shape"));
  }
  if (out.rank == 2 && out.rows > 1 && out.row_stride < out.width) {
    return fail<launch_result>(
        bad_argument(me, "out", "rows that do not overlap", text("a row stride of ", out.row_stride)));
  }
  place const written[] = {place{"out", region(out)}};
  place const read[] = {place{"x", region(x)}, place{"mask", region(mask)}};
  if (status s = check_apart(me, written, read); !s.ok()) return fail<launch_result>(s);
  if (record == nullptr) return fail<launch_result>(bad_argument(me, "record", "one in device memory", "none"));
  status const s = check_workspace(me, workspace, whiten_workspace_bytes(e));
  if (!s.ok()) return fail<launch_result>(s);

  workspace_layout w(workspace.data_handle());
  column_space const space(w);
  launcher launch(e, me);
  launch_column_moments(launch, c, space, record);
  if (c.size() > 0) {
    launch(whiten_kernel<Scale, T>, column_blocks, column_threads, 0, c, out, method, space.all, given, record);
  }
  return launch.result();
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/region.hpp>
#include <aha/cuda/group_kernels.cuh>
#include <optional>

AHA_NAMESPACE_BEGIN

/// Everything that the host can see of a call to `advantages`, before the first launch.
template <class Method, class T>
status check_advantages(Method const& method, span<T const, device> reward, groups<device> const& by,
                        span<T, device> adv, mask_view<device> const& valid, merged_moments const& batch) {
  char const* const me = "advantages";
  std::int64_t const n = reward.size();
  if (status bad = validate(method, me); !bad.ok()) return bad;
  advantage::spread_of const source = method.scale.source;
  if (batch.given && source != advantage::spread_of::batch && source != advantage::spread_of::batch_centred) {
    return bad_argument(me, "batch", "no moments (the scale does not look at the batch)", "some");
  }
  index_view<device> const& index = by.index();
  if (by.type() == groups<device>::kind::none || !index.present()) {
    return bad_argument(me, "groups", "ids or offsets", "neither");
  }
  if (index.rank != 1) return bad_argument(me, by.index_name(), "a list", "a matrix");
  if (by.type() == groups<device>::kind::ids) {
    if (index.size() != n) return bad_argument(me, "ids", text(n, " entries"), text(index.size()));
    if (n > std::numeric_limits<std::int32_t>::max()) {
      return bad_argument(me, "ids", "at most 2147483647 entries on a device (or offsets)", text(n));
    }
  } else if (index.size() < 1) {
    return bad_argument(me, "offsets", "at least 1 entry", "0");
  }
  if (valid.present()) {
    if (valid.rank != 1) return bad_argument(me, "valid", "a list", "a matrix");
    if (valid.width != n) return bad_argument(me, "valid", text(n, " entries"), text(valid.width));
  }
  if (adv.size() != n) return bad_argument(me, "adv", text(n, " entries"), text(adv.size()));
  place const written[] = {place{"adv", region(column<T, device>(adv))}};
  place const read[] = {place{"reward", region(column<T const, device>(reward))}, place{by.index_name(), region(index)},
                        place{"valid", region(valid)}};
  return check_apart(me, written, read);
}

AHA_KERNELS_BEGIN

/// The workspace of a call, in one place.
template <class T>
struct group_space {
  std::optional<id_sort> sort;
  std::optional<column_space> column;
  advantage_record* part;
  double* m2 = nullptr;
  double* centred = nullptr;

  group_space(workspace_layout& w, advantage::spread_of source, bool given, groups<device> const& by) {
    bool const by_id = by.type() == groups<device>::kind::ids;
    if (by_id) sort.emplace(by.index(), w);
    part = w.take<advantage_record>(all_group_blocks);
    if (given) return;
    bool const of_centred = source == advantage::spread_of::batch_centred;
    if (of_centred || source == advantage::spread_of::batch) column.emplace(w);
    if (of_centred) {
      m2 = w.take<double>(by_id ? by.index().size() : by.index().size() - 1);
      centred = w.take<double>(1);
    }
  }
};

AHA_KERNELS_END

/// Bytes of device memory that `advantages` needs: by id about 28 a reward, by offsets none that grows (a scale by
/// `batch_centred` 8 a group). `batch`: whether merged moments will be given.
template <class Baseline, class Scale>
std::int64_t workspace_bytes(exec::cuda const&, advantage::group<Baseline, Scale> const& method,
                             groups<device> const& by, bool batch = false) {
  workspace_layout w;
  group_space<float> const space(w, method.scale.source, batch, by);
  return w.bytes();
}

/// Advantages of N rewards from their groups in device memory, as `advantages(exec::cpu{}, ...)`, by the same rules:
///
///   advantages(exec::cuda{stream}, advantage::grpo, reward, groups<device>::by_id(ids), adv, record, workspace);
///
/// reward, adv [N] float or double; ids or offsets int32 or int64; valid: optional mask, 0 makes a reward invalid as NaN
/// does. record: one in device memory, with the statistics. Statistics are in double and exact in any order: shuffling
/// rows, relabelling ids, ids or offsets and other groups change no bit of an advantage. batch: moments that the host
/// has merged over ranks for a batch scale, a value or where they lie on the device.
/// What the host would refuse and cannot see: offsets out of order are clamped and counted (rows outside of all groups
/// are not written), rewards beyond +-1e140 count as invalid and in `beyond`.
template <class Baseline, class Scale, class T>
launch_result advantages(exec::cuda const& e, advantage::group<Baseline, Scale> const& method,
                         span<T const, device> reward, groups<device> const& by, span<T, device> adv,
                         advantage_record* record, span<std::byte, device> workspace,
                         mask_view<device> const& valid = {}, merged_moments const& batch = {}) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "aha: rewards are float or double");
  char const* const me = "advantages";
  if (status s = check_advantages(method, reward, by, adv, valid, batch); !s.ok()) return fail<launch_result>(s);
  if (record == nullptr) return fail<launch_result>(bad_argument(me, "record", "one in device memory", "none"));
  std::int64_t const needed = workspace_bytes(e, method, by, batch.given);
  if (status s = check_workspace(me, workspace, needed); !s.ok()) return fail<launch_result>(s);

  workspace_layout w(workspace.data_handle());
  group_space<T> space(w, method.scale.source, batch.given, by);
  launcher launch(e, me);
  group_problem<T> p;
  p.method = to_device(method);
  p.reward = reward.data_handle();
  p.adv = adv.data_handle();
  p.valid = valid;
  p.batch = batch;
  p.part = space.part;
  p.record = record;
  p.m2 = space.m2;
  if (space.sort && reward.size() > 0) {
    p.rows = space.sort->launch(launch);
  } else {
    p.rows.offsets = by.index();
    p.rows.n = reward.size();
    p.rows.most = space.sort ? 0 : by.index().size() - 1;
  }
  if (space.column) {
    device_column<T> c;
    c.values = column<T const, device>(reward);
    c.mask = valid;
    launch_column_moments(launch, c, *space.column, nullptr);
    p.column = space.column->all;
  }
  if (space.centred != nullptr) {
    launch(group_squares_kernel<T>, group_blocks, group_threads, 0, p);
    launch(large_group_squares_kernel<T>, large_blocks, large_threads, 0, p);
    launch(centred_kernel<T>, 1, 1024, 0, p, space.centred);
    p.centred = space.centred;
  }
  launch(group_kernel<T>, group_blocks, group_threads, 0, p);
  launch(large_group_kernel<T>, large_blocks, large_threads, 0, p);
  launch(advantage_record_kernel<T>, 1, 32, 0, p);
  return launch.result();
}

AHA_NAMESPACE_END

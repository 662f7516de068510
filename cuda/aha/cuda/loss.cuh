// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/objective.cuh>
#include <aha/cuda/token_kernels.cuh>

AHA_NAMESPACE_BEGIN

/// Bytes of device memory that `loss` needs for this batch, whatever outputs it has: about 150 a 4096 tokens, 150 a
/// sequence at most.
template <class Objective, class T>
std::int64_t workspace_bytes(exec::cuda const&, Objective const& objective, token_batch<device, T> const& batch,
                             unsigned observed = observe::defaults) {
  token_problem<T> p(objective, batch, {}, observed);
  workspace_layout w;
  p.place(w, needs_of_objective(objective).adjoint);
  return w.bytes();
}

/// The record and the workspace share no memory with anything else.
template <class T>
status check_written(token_batch<device, T> const& b, outputs<T, device> const& out, loss_record* record,
                     span<std::byte, device> workspace) {
  place written[active_inputs + 3] = {
      place{"record", region(static_cast<void const*>(record), 1, 1, 0, sizeof *record)},
      place{"workspace", region(column<std::byte, device>(workspace))}};
  int n = 2;
  outputs<T, device>::each(out, [&](std::string_view name, column<T, device> const& c) {
    written[n++] = place{name, region(c)};
  });
  return check_apart("loss", written, input_places<device, T>(b).at);
}

/// Loss and gradient of an objective from log-probabilities in device memory, as `loss(exec::cpu{}, ...)`:
///
///   loss(exec::cuda{stream}, objective, batch, outputs{...}, record, workspace);
///
///   batch, out  device views, float or double; layout packed (cu_seqlens int32 or int64) or padded (lens, mask)
///   record      one in device memory: loss, statistics, counts of what was wrong
///   workspace   at least `workspace_bytes(...)`, 256-byte aligned; its content does not matter, and it may serve the
///               next call on the same stream
/// Token maths in T; a thread adds the terms of 32 tokens in T (off by at most 9 * 2^-24, 6e-7, of the sum of their
/// magnitudes in float), all else is in double, on trees that depend on a sequence's own unmasked tokens: bitwise
/// repeatable, left padding equals packed, the rest of the batch changes no bit of a gradient.
/// Masked positions are never read into the maths, every entry of every output is written. A batch of at most 4 slots of
/// 4096 tokens is one launch. Offsets that are out of order are clamped and counted in the record; everything that the
/// host can see is checked before the first launch: `aha::loss: <argument>: expected ..., got ...`.
template <class Objective, class T, class Out, class OutSpace>
launch_result loss(exec::cuda const& e, Objective const& objective, token_batch<device, T> const& batch,
                   outputs<Out, OutSpace> const& out, loss_record* record, span<std::byte, device> workspace,
                   unsigned observed = observe::defaults) {
  constexpr bool whole = is_loss_objective<Objective>::value;
  constexpr bool one_type = std::is_floating_point_v<T> && std::is_same_v<Out, T>;
  constexpr bool on_device = std::is_same_v<OutSpace, device>;
  static_assert(whole, "aha: not an objective: wrap the terms in an aggregate such as token_mean(...)");
  static_assert(one_type, "aha: columns and outputs are all float or all double");
  static_assert(on_device, "aha: exec::cuda writes device memory: these outputs are in another memory space");
  if constexpr (whole && one_type && on_device) {
    constexpr char const* me = "loss";
    if (status s = check_batch(me, objective, batch, out, observed); !s.ok()) return fail<launch_result>(s);
    if (record == nullptr) return fail<launch_result>(bad_argument(me, "record", "one in device memory", "none"));
    device_form_t<Objective> form;
    if (status s = to_device(me, objective, form); !s.ok()) return fail<launch_result>(s);
    token_problem<T> p(objective, batch, out, observed);
    workspace_layout w(workspace.data_handle());  // addresses, so far
    p.place(w, needs_of_objective(objective).adjoint);
    if (status s = check_workspace(me, workspace, w.bytes()); !s.ok()) return fail<launch_result>(s);
    if (status s = check_written(batch, out, record, workspace); !s.ok()) return fail<launch_result>(s);
    p.record = record;
    static_assert(sizeof(p) + sizeof(form) <= 4096 - 16, "aha: kernel parameters are at most 4 KB");
    launcher launch(e, me);
    if (p.slots > small_slots) overlap_launches<T>(launch);
    launch_token_loss(launch, form, p);
    return launch.result();
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/logits_gradient.cuh>
#include <aha/cuda/logits_plan.cuh>
#include <aha/cuda/loss.cuh>
#include <aha/cuda/row_objective.cuh>

AHA_NAMESPACE_BEGIN

/// Bytes of device memory that `loss_from_logits` needs for these rows, gradient included: 9 a row and 8 a sequence and
/// part where the objective reads no statistic of the sequence, 17 a row where it does, 4 or 8 more a row with entropy or
/// z-loss, and what `loss` needs.
template <class Objective>
std::int64_t workspace_bytes(exec::cuda const&, Objective const& objective, logit_rows<device> const& rows,
                             token_batch<device, float> const& batch, unsigned observed = observe::defaults) {
  logit_rows<device> const l = flattened(rows, batch);
  workspace_layout w;
  logits_plan const plan(objective, l, batch, observed, true, w);
  token_batch<device, float> const b = plan.tokens(batch, l);
  token_problem<float> p(objective, b, {}, observed);
  p.place(w, needs_of_objective(objective).adjoint);
  return w.bytes();
}

/// Loss of an objective straight from logits in device memory, and its gradient by them, as
/// `loss_from_logits(exec::cpu{}, ...)`:
///   rows     logits `[T, V]` or `[1, T, V]` with `packed`, `[B, L, V]` (or `[B L, V]`) with `padded`; float32, bfloat16 or
///            float16, any strides and alignment; targets and temperature
///   batch    as for `loss`, without logp, entropy and lse
///   dlogits  shape and dtype of the logits, apart from them or `inplace`; absent (`{}`) for the loss alone
///   record   one in device memory; `bad_targets` counts rows whose target is no id and not -100: their gradient is NaN
///   workspace  at least `workspace_bytes(...)`, 256-byte aligned
///   out      dvalue, dgiven and token_loss, where they are wanted
/// Where the objective reads no statistic of the sequence, every logit is read once and its gradient written once: on
/// sm_90 and later a row stays in the shared memory of a cluster of blocks in between, elsewhere (and for rows beyond
/// 1.7 MB) in part of it. Otherwise log-probabilities, token engine and gradient follow each other: two reads, one write.
/// Masked rows are not read, their gradient is written as zero. A row's gradient is bitwise the same at any address.
/// Enqueues kernels on the stream and returns: no allocation, no synchronisation, may be captured into a graph.
/// Errors that the host can see: `aha::loss_from_logits: <argument>: ...`, before the first launch.
template <class Objective>
launch_result loss_from_logits(exec::cuda const& e, Objective const& objective, logit_rows<device> const& given,
                               token_batch<device, float> const& batch, logit_gradient<device> const& wanted,
                               loss_record* record, span<std::byte, device> workspace,
                               unsigned observed = observe::defaults, outputs<float, device> const& out = {}) {
  constexpr bool whole = is_loss_objective<Objective>::value;
  static_assert(whole, "aha: not an objective: wrap the terms in an aggregate such as token_mean(...)");
  if constexpr (whole) {
    constexpr char const* me = "loss_from_logits";
    logit_rows<device> const rows = flattened(given, batch);
    logit_gradient<device> const dlogits = without_batch_of_one(wanted, batch);
    status s = check_device_rows(me, rows);
    if (s.ok()) s = check_loss_from_logits(objective, rows, batch, dlogits, observed, out);
    if (s.ok() && record == nullptr) s = bad_argument(me, "record", "one in device memory", "none");
    device_form_t<Objective> form;
    if (s.ok()) s = to_device(me, objective, form);
    if (s.ok() && !dlogits.present()) {  // which needs less than what was promised to be enough
      s = check_workspace(me, workspace, workspace_bytes(e, objective, rows, batch, observed));
    }
    if (s.ok()) s = check_logits_memory(me, rows, batch, dlogits, workspace, out);
    if (s.ok()) {
      s = check_apart(me, {{"record", region(static_cast<void const*>(record), 1, 1, 0, sizeof *record)}},
                      {{"workspace", region(column<std::byte, device>(workspace))},
                       {"logits", region(rows, rows.data)},
                       {"dlogits", region(dlogits, dlogits.data)}});
    }
    if (!s.ok()) return fail<launch_result>(s);

    workspace_layout w(workspace.data_handle());  // addresses, so far
    logits_plan const plan(objective, rows, batch, observed, dlogits.present(), w);
    outputs<float, device> by_token = out;
    by_token.dlogp = plan.dlogp;
    by_token.dentropy = plan.dentropy;
    by_token.dlse = plan.dlse;
    token_problem<float> p(objective, plan.tokens(batch, rows), by_token, observed);
    p.place(w, needs_of_objective(objective).adjoint);
    if (s = check_workspace(me, workspace, w.bytes()); !s.ok()) return fail<launch_result>(s);
    p.record = record;
    bool const any = rows.size() > 0;
    if (any) p.bad_targets = plan.bad_targets;

    launcher launch(e, me);
    overlap_launches<float>(launch);
    row_problem r(rows, p.batch.mask);
    r.mask.row_stride = rows.rows;
    r.gradient = dlogits;
    r.bad_targets = plan.bad_targets;
    row_preparation prepare;
    prepare.targets = rows.targets;
    prepare.given = batch.mask.present() ? batch.mask : batch.layout.mask;
    rows_of_layout(batch.layout, prepare.given);
    prepare.logit_rows_a_block = rows.rows;
    prepare.rows = rows.size();
    prepare.mask = plan.mask;
    prepare.sequence = plan.sequence;
    prepare.weights = plan.weights;
    prepare.bad_targets = plan.bad_targets;
    if (any) launch(prepare_rows_kernel<float>, p.sequences(), preparation_threads, 0, prepare, p);

    logp_outputs<float, device> forward;
    forward.logp = plan.logp;
    forward.entropy = plan.entropy;
    forward.lse = plan.lse;
    if (any && plan.fused) {
      objective_source<device_form_t<Objective>> source(form, p.batch, needs_of_objective(objective).active);
      source.rows = rows.rows;
      source.sequence = plan.sequence;
      source.weights = plan.weights;
      source.parts = p.at.parts;
      source.out = forward;
      static_assert(sizeof(source) + sizeof(r) + sizeof(row_on_chip_shape) <= 4096 - 16,
                    "aha: kernel parameters are at most 4 KB");
      launch_row_losses(launch, r, source);
    } else if (any) {
      forward.max = plan.max;
      forward.log_sum = plan.log_sum;
      launch_row_softmax(launch, r, plan.wanted.entropy, logp_sink{forward});
    }
    launch_token_loss(launch, form, p, any);
    if (any && plan.gradient && !plan.fused) {
      softmax_columns<float, device> softmax;
      softmax.max = plan.max;
      softmax.log_sum = plan.log_sum;
      softmax.entropy = plan.entropy;
      logit_coefficients<float, device> by;
      by.dlogp = plan.dlogp;
      by.dentropy = plan.dentropy;
      by.dlse = plan.dlse;
      r.bad_targets = nullptr;  // counted by the first pass
      launch_row_gradients(launch, r, plan.wanted.dentropy, column_source{softmax, by});
    }
    return launch.result();
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

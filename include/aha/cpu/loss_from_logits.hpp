// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/logits.hpp>
#include <aha/cpu/logits_workspace.hpp>
#include <aha/cpu/loss.hpp>

AHA_NAMESPACE_BEGIN

/// Bytes of workspace that `loss_from_logits` needs for these rows, gradient included: at most 16 a row for float32, 8
/// more with entropy terms and 8 more with a z-loss, and 1 for the mask (twice that, but for the mask, for float64).
template <class Exec, class Objective>
std::int64_t workspace_bytes(Exec const&, Objective const& objective, logit_rows<host> const& rows,
                             unsigned observed = observe::defaults) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  logits_columns const wanted(objective, observed, true);
  return rows.type == dtype::float64 ? logits_workspace<double>(rows, nullptr, wanted).bytes
                                     : logits_workspace<float>(rows, nullptr, wanted).bytes;
}

/// Calls f(i, t, masked in) for every row of logits as its sequence and the batch's mask have it; i and t address
/// columns beside the logits. Rows outside of every sequence are not visited.
template <class T, class F>
void for_each_token(logit_layout const& l, token_batch<host, T> const& b, F const& f) {
  mask_view<host> m = b.mask.present() ? b.mask : b.layout.mask;
  rows_of_layout(b.layout, m);
  for (std::int64_t s = 0; s < b.layout.sequences; ++s) {
    std::int64_t const row = b.layout.row(s);
    for (std::int64_t t = b.layout.begin(s); t < b.layout.end(s); ++t) {
      std::int64_t const flat = row * b.layout.width + t;
      f(flat / l.rows, flat % l.rows, !m.present() || m.at(row, t));
    }
  }
}

/// Behind the last token of sequence s, counted over the rows of logits.
inline std::int64_t behind_sequence(layout<host> const& l, std::int64_t s) {
  return l.is_packed() ? l.end(s) : (s + 1) * l.width;
}
/// The first sequence that ends behind row r.
inline std::int64_t sequence_at(layout<host> const& l, std::int64_t r) {
  std::int64_t low = 0;
  for (std::int64_t high = l.sequences; low < high;) {
    std::int64_t const middle = low + (high - low) / 2;
    if (behind_sequence(l, middle) <= r) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// What `loss_from_logits` refuses, before it writes anything, the workspace included.
template <class Objective, class T>
status validate_loss_from_logits(Objective const& objective, logit_rows<host> const& rows,
                                 token_batch<host, T> const& b, logit_gradient<host> const& dlogits,
                                 span<std::byte, host> workspace, unsigned observed, outputs<T, host> const& out) {
  constexpr char const* function = "loss_from_logits";
  if (status s = check_loss_from_logits(objective, rows, b, dlogits, observed, out); !s.ok()) return s;
  std::int64_t const needed =
      logits_workspace<T>(rows, nullptr, logits_columns(objective, observed, dlogits.present())).bytes;
  if (workspace.size() < needed || (workspace.data_handle() == nullptr && needed > 0)) {
    return bad_argument(function, "workspace", text("at least ", needed, " bytes"), to_text(workspace.size()));
  }
  if (reinterpret_cast<std::uintptr_t>(workspace.data_handle()) % workspace_alignment != 0) {
    return bad_argument(function, "workspace", text("an address divisible by ", workspace_alignment), "another");
  }
  status s = check_logits_memory(function, rows, b, dlogits, workspace, out);
  if (!s.ok()) return s;
  for_each_token(rows, b, [&](std::int64_t i, std::int64_t t, bool in) {
    if (s.ok() && in && rows.targets.at(i, t) != rows.ignore_index) s = check_target(function, rows, i, t);
  });
  return s;
}

/// Forward and gradient of each row, one behind the other: a row that fits the cache is read from memory once. For
/// objectives whose gradient at a token needs no other token's row: the same bits as row passes with the loss between.
template <class Exec, class Objective, class T>
void rows_while_cached(Exec const& exec, Objective const& objective, logit_rows<host> const& rows,
                       token_batch<host, T> b, outputs<T, host> const& out, logp_outputs<T> const& forward,
                       softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                       logit_gradient<host> const& dlogits) {
  mask_view<host> const mask = b.mask;
  outputs<T, host> gradients;
  gradients.dlogp = out.dlogp;
  gradients.dentropy = out.dentropy;
  gradients.dlse = out.dlse;
  rows_of_layout(b, gradients);
  dispatch_dtype(rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    if constexpr (std::is_same_v<computed_t<Stored>, T>) {
      using V = typename Exec::template lane<T>;
      bool const stream = streams(dlogits);
      for_each_chunk(exec, rows, [&](std::int64_t first, std::int64_t last) {
        sequence_engine<V, Objective, T> engine(objective, b, gradients, observe::none);
        std::int64_t s = sequence_at(b.layout, first);
        for (std::int64_t r = first; r < last; ++r) {
          std::int64_t const i = r / rows.rows;
          std::int64_t const t = r % rows.rows;
          if (takes_part(rows, mask, i, t)) {
            put_row(forward, i, t,
                    finish(partial_of_row<V, Stored>(rows, mask, i, t, forward.entropy.present()), rows.temperature));
            while (r >= behind_sequence(b.layout, s)) ++s;
            engine.run_token(s, b.layout.is_packed() ? r : r % b.layout.width);
          } else {
            put_row(forward, i, t, softmax_row{});
          }
          gradient_row<V, Stored>(rows, mask, softmax, by, dlogits, i, t, stream);
        }
      });
    }
  });
}

/// Loss of an objective straight from logits, and its gradient by them: token_logp, then loss, then logits_gradient.
///   rows     logits `[T, V]` or `[1, T, V]` with `packed`, `[B, L, V]` with `padded`, targets and temperature
///   batch    as for `loss`, without logp, entropy and lse, which are computed here; target -100 is a mask, in
///            denominators and statistics too (`count_totals` of the host must count it so)
///   dlogits  shape and dtype of the logits; absent (`{}`) for the loss alone. Apart from the logits, or, where it says
///            `inplace`, in their place: the same bits, without memory of its own
///   workspace  at least `workspace_bytes(...)`, aligned to 8 bytes; its content does not matter
///   out      dvalue, dgiven and token_loss, as of `loss`, where they are wanted
/// Each unmasked row is read at most twice, from memory once where it fits the cache and no term reads a sequence's
/// statistic; masked rows never. Entropy and lse are computed only where a term, or an observer
/// asked for by name, reads them. The result does not depend on threads. Errors: `aha::loss_from_logits: ...`, before anything is
/// written. Allocates nothing.
template <class Exec, class Objective, class Space, class T>
loss_result loss_from_logits(Exec const& exec, Objective const& objective, logit_rows<host> const& given,
                             token_batch<Space, T> const& batch, logit_gradient<host> const& wanted,
                             span<std::byte, host> workspace, unsigned observed = observe::defaults,
                             outputs<T, host> const& out = {}) {
  constexpr bool cpu = is_cpu_exec<Exec>;
  constexpr bool on_host = std::is_same_v<Space, host>;
  constexpr bool whole = is_loss_objective<Objective>::value;
  static_assert(
      cpu, "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(on_host, "aha: exec::cpu reads host memory: this batch is in another memory space");
  static_assert(whole, "aha: not an objective: wrap the terms in an aggregate such as token_mean(...)");
  if constexpr (cpu && on_host && whole) {
    logit_rows<host> const rows = flattened(given, batch);
    logit_gradient<host> const dlogits = without_batch_of_one(wanted, batch);
    if (status s = validate_loss_from_logits(objective, rows, batch, dlogits, workspace, observed, out); !s.ok()) {
      return fail<loss_result>(s);
    }
    bool const gradient = dlogits.present();
    logits_workspace<T> const w(rows, workspace.data_handle(), logits_columns(objective, observed, gradient));
    std::fill_n(w.mask, rows.size(), std::uint8_t(0));
    for_each_token(rows, batch, [&](std::int64_t i, std::int64_t t, bool in) {
      bool const counts = in && rows.targets.at(i, t) != rows.ignore_index;
      w.mask[i * rows.rows + t] = counts ? 1 : 0;
    });
    mask_view<host> const mask = w.mask_of(rows);

    logp_outputs<T> forward;
    forward.logp = w.logp;
    forward.entropy = w.entropy;
    forward.lse = w.lse;
    forward.max = w.max;
    forward.log_sum = w.log_sum;
    token_batch<host, T> b = batch;
    b.layout.mask = {};
    b.mask = mask;
    b.logp = w.logp;
    b.entropy = w.entropy;
    b.lse = w.lse;
    outputs<T> by_token = out;
    by_token.dlogp = w.dlogp;
    by_token.dentropy = w.dentropy;
    by_token.dlse = w.dlse;
    softmax_columns<T> softmax;
    softmax.max = w.max;
    softmax.log_sum = w.log_sum;
    if (w.dentropy.present()) softmax.entropy = w.entropy;
    logit_coefficients<T> by;
    by.dlogp = w.dlogp;
    by.dentropy = w.dentropy;
    by.dlse = w.dlse;
    if (gradient && !(needs_of_objective(objective).active & reads::statistic)) {
      rows_while_cached(exec, objective, rows, b, by_token, forward, softmax, by, dlogits);
      return evaluate(exec, objective, b, by_token, observed);
    }
    softmax_rows(exec, rows, mask, forward);
    loss_result result = evaluate(exec, objective, b, by_token, observed);
    if (gradient) gradient_rows(exec, rows, mask, softmax, by, dlogits);
    return result;
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

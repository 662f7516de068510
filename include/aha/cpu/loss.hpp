// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/evaluate.hpp>

AHA_NAMESPACE_BEGIN

/// The most pieces a batch is cut into. Cut by the number of sequences alone, so that partial sums, and with them every
/// bit of the loss, do not depend on threads or layout.
inline constexpr std::int64_t max_chunks = 64;

/// `loss` after its checks: used by entry points that have validated already.
template <class Exec, class Objective, class T>
loss_result evaluate(Exec const& e, Objective const& objective, token_batch<host, T> batch, outputs<T, host> out,
                     unsigned observed) {
  rows_of_layout(batch, out);
  using V = typename Exec::template lane<T>;
  unsigned const on = active_observers(batch, observed);
  std::int64_t const sequences = batch.layout.sequences;
  std::int64_t const chunks = sequences < max_chunks ? sequences : max_chunks;
  loss_stats partial[max_chunks];
  run_parallel(e, chunks, [&](std::int64_t c) {
    sequence_engine<V, Objective, T> engine(objective, batch, out, on);
    for (std::int64_t i = sequences * c / chunks; i < sequences * (c + 1) / chunks; ++i) engine.run(i, partial[c]);
  });
  loss_result r;
  r.stats.observed = on;
  objective.for_each_part([&](auto const&) { ++r.stats.parts; });
  for (std::int64_t c = 0; c < chunks; ++c) r.stats.merge(partial[c]);
  for (int p = 0; p < r.stats.parts; ++p) r.loss += r.stats.part_loss[static_cast<std::size_t>(p)];
  return r;
}

/// Loss and gradient of an objective from log-probabilities:  sum over parts of coefficient x scale x sum_t w_t l_t
/// The gradient is derived from the terms (forward-mode duals, exact), sequence statistics included. Columns `[T]` with
/// `packed`, `[B, L]` with `padded`; float32 or float64. Token maths in the columns' type, sums in float64 on a fixed
/// tree. The result does not depend on threads, layout or, for a sequence's gradient, on the rest of the batch.
/// Masked positions are never read into the maths; empty problems give 0. Observers report in `stats` in the same pass.
/// Errors: `aha::loss: <argument>: expected ..., got ...` before anything is written. Allocates nothing.
template <class Exec, class Objective, class Space, class T, class Out = T, class OutSpace = Space>
loss_result loss(Exec const& e, Objective const& objective, token_batch<Space, T> const& batch,
                 outputs<Out, OutSpace> const& out = {}, unsigned observed = observe::defaults) {
  constexpr bool cpu = is_cpu_exec<Exec>;
  constexpr bool on_host = std::is_same_v<Space, host> && std::is_same_v<OutSpace, host>;
  constexpr bool one_type = std::is_floating_point_v<T> && std::is_same_v<Out, T>;
  constexpr bool whole = is_loss_objective<Objective>::value;
  static_assert(
      cpu, "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(on_host, "aha: exec::cpu reads host memory: this batch or its outputs are in another memory space");
  static_assert(whole, "aha: not an objective: wrap the terms in an aggregate such as token_mean(...)");
  static_assert(one_type, "aha: columns and outputs are all float or all double");
  if constexpr (cpu && on_host && whole && one_type) {
    status const s = check_batch("loss", objective, batch, out, observed);
    if (!s.ok()) return fail<loss_result>(s);
    return evaluate(e, objective, batch, out, observed);
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

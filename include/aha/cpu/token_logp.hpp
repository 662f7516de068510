// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_calls.hpp>
#include <aha/cpu/exec.hpp>
#include <aha/cpu/softmax_loop.hpp>

AHA_NAMESPACE_BEGIN

/// Rows are handed to executors in chunks of about this many logits, cut by the shape and never by threads.
inline constexpr std::int64_t logits_per_chunk = 65536;

/// Calls `fn(first, last)` for chunks of rows, which run in any order on any thread: a row's result depends on nothing but
/// the row.
template <class Exec, class F>
void for_each_chunk(Exec const& exec, logit_layout const& l, F const& fn) {
  std::int64_t const width = l.vocabulary > 0 ? l.vocabulary : 1;  // a shard of the vocabulary may be empty
  std::int64_t const per_chunk = width < logits_per_chunk ? logits_per_chunk / width : 1;
  std::int64_t const total = l.size();
  run_parallel(exec, (total + per_chunk - 1) / per_chunk, [&](std::int64_t chunk) {
    std::int64_t const begin = chunk * per_chunk;
    fn(begin, begin + per_chunk < total ? begin + per_chunk : total);
  });
}
/// Calls `fn(i, t)` for every row.
template <class Exec, class F>
void for_each_row(Exec const& exec, logit_layout const& l, F const& fn) {
  for_each_chunk(exec, l, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) fn(r / l.rows, r % l.rows);
  });
}

/// Calls `fn` with a null pointer of the logits' storage type.
template <class F>
void dispatch_dtype(dtype d, F const& fn) {
  switch (d) {
    case dtype::float64: return fn(static_cast<double*>(nullptr));
    case dtype::float32: return fn(static_cast<float*>(nullptr));
    case dtype::bfloat16: return fn(static_cast<bfloat16*>(nullptr));
    case dtype::float16: return fn(static_cast<float16*>(nullptr));
  }
}

/// What `token_logp` refuses, before it writes anything. Counts the rows that take part.
template <class T>
status validate_token_logp(logit_rows<host> const& rows, mask_view<host> const& mask, logp_outputs<T> const& out,
                           std::int64_t& count) {
  constexpr char const* function = "token_logp";
  status s = check_token_logp(function, rows, mask, out);
  return s.ok() ? check_targets(function, rows, mask, count) : s;
}

/// What row t of block i contributes to its softmax; of a row that is masked, "left out", without reading it.
template <class V, class Stored>
softmax_partial partial_of_row(logit_rows<host> const& rows, mask_view<host> const& mask, std::int64_t i,
                               std::int64_t t, bool entropy) {
  if (!takes_part(rows, mask, i, t)) return softmax_partial::left_out();
  Stored const* const row = rows.template row<Stored>(i, t);
  std::int64_t const at = rows.position_of(rows.targets.at(i, t));
  return entropy ? softmax_of_row<true, V>(row, rows.vocabulary, at, rows.temperature)
                 : softmax_of_row<false, V>(row, rows.vocabulary, at, rows.temperature);
}

/// `token_logp` after its checks: used by entry points that have validated already.
template <class Exec, class T>
void softmax_rows(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                  logp_outputs<T> const& out) {
  dispatch_dtype(rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    if constexpr (std::is_same_v<computed_t<Stored>, T>) {
      using V = typename Exec::template lane<T>;
      for_each_row(exec, rows, [&](std::int64_t i, std::int64_t t) {
        put_row(out, i, t,
                finish(partial_of_row<V, Stored>(rows, mask, i, t, out.entropy.present()), rows.temperature));
      });
    }
  });
}

/// Log-probability of each row's target, and what its backward needs, in one read of each row:
///   logp = (x_t - max)/tau - log_sum <= 0,  log_sum = log sum_v e^((x_v - max)/tau),  lse = max/tau + log_sum,
///   entropy = -sum_v p_v log p_v in [0, ln V] (nats, at the same temperature; costs nothing when absent)
/// Shapes: logits `[T, V]` or `[B, L, V]`, mask and outputs `[T]` or `[B, L]`.
/// Rows that are masked or whose target is -100 are not read and give 0 everywhere; any other target outside [0, V)
/// raises before anything is written. A -inf logit has probability 0; a row with NaN, +inf or only -inf gives NaN.
/// A row's result is bitwise the same alone, in any batch, at any address and with any number of threads.
/// Errors: `aha::token_logp: <argument>: expected ..., got ...`. Allocates nothing.
template <class Exec, class T>
row_status token_logp(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                      logp_outputs<T> const& out) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  row_status result;
  if (status s = validate_token_logp(rows, mask, out, result.rows); !s.ok()) return fail<row_status>(s);
  softmax_rows(exec, rows, mask, out);
  return result;
}

AHA_NAMESPACE_END

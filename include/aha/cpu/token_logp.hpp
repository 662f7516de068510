// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_checks.hpp>
#include <aha/cpu/exec.hpp>
#include <aha/cpu/softmax_loop.hpp>

AHA_NAMESPACE_BEGIN

/// Columns that `token_logp` fills, `[T]` or `[B, L]`; an absent one is not computed. T is double for float64 logits and
/// float otherwise. Meaning: `softmax_row`.
template <class T, class Space = host>
struct logp_outputs {
  column<T, Space> logp;
  column<T, Space> lse;
  column<T, Space> entropy;
  column<T, Space> max;
  column<T, Space> log_sum;
};

/// Outcome of a row engine.
struct row_status {
  aha::status status;
  std::int64_t rows = 0;  ///< rows that took part: neither masked nor with target -100
};

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

/// Shapes of the outputs, and that they share no memory with an input or each other.
template <class T, std::size_t Inputs>
status check_logp_outputs(std::string_view function, logit_layout const& l, logp_outputs<T> const& out,
                          place const (&inputs)[Inputs], std::string_view beside = "logits") {
  struct output {
    char const* name;
    column<T> values;
  };
  for (output const& o : {output{"logp", out.logp}, output{"lse", out.lse}, output{"entropy", out.entropy},
                          output{"max", out.max}, output{"log_sum", out.log_sum}}) {
    if (status s = check_writable(function, o.name, l, o.values, beside); !s.ok()) return s;
  }
  return check_apart(function,
                     {{"logp", region(out.logp)},
                      {"lse", region(out.lse)},
                      {"entropy", region(out.entropy)},
                      {"max", region(out.max)},
                      {"log_sum", region(out.log_sum)}},
                     inputs);
}

/// A row's results to where they are wanted, rounded once.
template <class T>
void put_row(logp_outputs<T> const& out, std::int64_t i, std::int64_t t, softmax_row const& r) {
  auto const put = [&](column<T> const& c, double x) {
    if (c.present()) c.row(i)[t] = static_cast<T>(x);
  };
  put(out.logp, r.logp);
  put(out.lse, r.lse);
  put(out.entropy, r.entropy);
  put(out.max, r.max);
  put(out.log_sum, r.log_sum);
}

/// What `token_logp` refuses, before it writes anything. Counts the rows that take part.
template <class T>
status validate_token_logp(logit_rows<host> const& rows, mask_view<host> const& mask, logp_outputs<T> const& out,
                           std::int64_t& count) {
  constexpr char const* function = "token_logp";
  if (status s = check_rows<T>(function, rows, mask); !s.ok()) return s;
  if (status s = check_whole(function, rows); !s.ok()) return s;
  status s = check_logp_outputs(
      function, rows, out,
      {{"logits", region(rows, rows.data)}, {"targets", region(rows.targets)}, {"mask", region(mask)}});
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

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/gradient_loop.hpp>
#include <aha/cpu/token_logp.hpp>

AHA_NAMESPACE_BEGIN

/// What `logits_gradient` refuses, before it writes anything. Counts the rows that take part.
template <class T>
status validate_logits_gradient(logit_rows<host> const& rows, mask_view<host> const& mask,
                                softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                                logit_gradient<host> const& dlogits, std::int64_t& count) {
  constexpr char const* function = "logits_gradient";
  status s = check_logits_gradient(function, rows, mask, softmax, by, dlogits);
  return s.ok() ? check_targets(function, rows, mask, count) : s;
}

/// Bytes of gradient from which on it is written past the caches: more than stays in the second level for whoever reads
/// it next.
inline constexpr std::int64_t streamed_bytes = std::int64_t{8} << 20;
inline bool streams(logit_gradient<host> const& to) {
  return !to.inplace && to.size() * to.vocabulary >= streamed_bytes / 4;
}

/// The gradient of row t of block i, once the caller has dispatched on the type of the logits.
template <class V, class Stored, class T>
void gradient_row(logit_rows<host> const& rows, mask_view<host> const& mask, softmax_columns<T> const& softmax,
                  logit_coefficients<T> const& by, logit_gradient<host> const& dlogits, std::int64_t i, std::int64_t t,
                  bool stream) {
  auto const at = [&](column<T const> const& c) { return c.present() ? static_cast<double>(c.row(i)[t]) : 0.0; };
  Stored* const to = dlogits.template row<Stored>(i, t);
  gradient_terms g;
  if (takes_part(rows, mask, i, t)) {
    g.dlogp = at(by.dlogp);
    g.dentropy = at(by.dentropy);
    g.dlse = at(by.dlse);
  }
  if (g.dlogp == 0.0 && g.dentropy == 0.0 && g.dlse == 0.0) {
    std::memset(static_cast<void*>(to), 0, static_cast<std::size_t>(rows.vocabulary) * sizeof(Stored));
    return;
  }
  g.max = at(softmax.max);
  g.log_sum = at(softmax.log_sum);
  Stored const* const row = rows.template row<Stored>(i, t);
  std::int64_t const id = rows.position_of(rows.targets.at(i, t));
  if (g.dentropy == 0.0) {
    gradient_of_row<false, V>(row, rows.vocabulary, id, rows.temperature, g, to, stream);
  } else {
    g.entropy = at(softmax.entropy);
    gradient_of_row<true, V>(row, rows.vocabulary, id, rows.temperature, g, to, stream);
  }
}

/// `logits_gradient` after its checks: used by entry points that have validated already.
template <class Exec, class T>
void gradient_rows(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                   softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                   logit_gradient<host> const& dlogits) {
  if (rows.vocabulary == 0) return;  // an empty shard
  dispatch_dtype(rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    if constexpr (std::is_same_v<computed_t<Stored>, T>) {
      using V = typename Exec::template lane<T>;
      bool const stream = streams(dlogits);
      for_each_row(exec, rows, [&](std::int64_t i, std::int64_t t) {
        gradient_row<V, Stored>(rows, mask, softmax, by, dlogits, i, t, stream);
      });
    }
  });
}

/// Gradient with respect to logits from up to three coefficients a row, in one read and one write of each row:
///   dlogits_v = a (delta_vt - p_v)/tau - b p_v (log p_v + H)/tau + c p_v/tau
/// with a = dlogp, b = dentropy, c = dlse (lse = log sum_v e^(x_v/tau), as of a z-loss), p from max and log_sum.
/// Shapes: logits and dlogits `[T, V]` or `[B, L, V]` of one dtype, everything else `[T]` or `[B, L]`.
/// Formed in float32 (float64 for float64) and rounded once; 1 - p_t is formed without cancellation. p = 0 gives 0.
/// Rows that are masked, whose target is -100 or whose coefficients are all 0 are not read: they get zeros, whatever
/// their logits, softmax columns (or, where masked, coefficients) hold. `dlogits` must not share memory with an input,
/// except with the logits themselves where it says `inplace`: then they are overwritten, with the same bits.
/// Rows may be a shard of the vocabulary: with max, log_sum and entropy of the whole row (token_logp_from_partials) this is
/// the shard's part of the gradient, and needs no communication.
/// Errors: `aha::logits_gradient: <argument>: expected ..., got ...`. Allocates nothing.
template <class Exec, class T>
row_status logits_gradient(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask,
                           softmax_columns<T> const& softmax, logit_coefficients<T> const& by,
                           logit_gradient<host> const& dlogits) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  row_status result;
  if (status s = validate_logits_gradient(rows, mask, softmax, by, dlogits, result.rows); !s.ok()) {
    return fail<row_status>(s);
  }
  gradient_rows(exec, rows, mask, softmax, by, dlogits);
  return result;
}

AHA_NAMESPACE_END

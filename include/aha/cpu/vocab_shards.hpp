// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cpu/token_logp.hpp>

AHA_NAMESPACE_BEGIN

/// What every shard of the vocabulary contributes to its rows, `[T]` or `[B, L]` of four doubles, in one read of each row.
/// For rows that are split over ranks (tensor parallel): `rows.vocab_offset` and `rows.vocab_size` say which ids the shard
/// `[T, V_k]` holds; widths may differ, V_k = 0 included. The host's own communication does the rest:
///
///   softmax_partials(exec, shard, mask, true, mine);               // on every rank
///   all_gather(mine, all);                                         // 32 bytes a row and rank: yours
///   merge_partials(exec, by_rank, temperature, merged);            // the same order on every rank: the same bits
///   token_logp_from_partials(exec, merged, temperature, forward);  // logp, entropy, lse, and max, log_sum
///   loss(exec, objective, batch, outputs{dlogp, dentropy});        // the same on every rank
///   logits_gradient(exec, shard, mask, {max, log_sum, entropy}, {dlogp, dentropy}, dshard);  // no communication
///
/// Equal to unsharded rows within 1e-6 (float32, bfloat16, float16) or 1e-13 (float64) of max(1, |x|); a single shard gives
/// the bits of `token_logp`. Rows that are masked or whose target is -100 are not read: `softmax_partial::left_out()`.
/// `entropy`: whether `sum_xp` is wanted. Errors: `aha::softmax_partials: <argument>: ...`. Allocates nothing.
template <class Exec>
row_status softmax_partials(Exec const& exec, logit_rows<host> const& rows, mask_view<host> const& mask, bool entropy,
                            column<softmax_partial, host> const& out) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  row_status result;
  status s = check_softmax_partials(rows, mask, out);
  if (s.ok()) s = check_targets("softmax_partials", rows, mask, result.rows);
  if (!s.ok()) return fail<row_status>(s);
  dispatch_dtype(rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    using V = typename Exec::template lane<computed_t<Stored>>;
    for_each_row(exec, rows, [&](std::int64_t i, std::int64_t t) {
      out.row(i)[t] = partial_of_row<V, Stored>(rows, mask, i, t, entropy);
    });
  });
  return result;
}

/// Joins the partials of all shards, row by row, in the order given: `shards[0]` first. One order gives one result, bit for
/// bit; another order another rounding. Every entry is shaped like `out`, `[T]` or `[B, L]`; `out` lies apart from them.
/// `temperature` is that of `softmax_partials`. Errors: `aha::merge_partials: <argument>: ...`. Allocates nothing.
template <class Exec>
row_status merge_partials(Exec const& exec, span<column<softmax_partial const, host> const, host> shards,
                          double temperature, column<softmax_partial, host> const& out) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  if (status s = check_merge_partials(shards, temperature, out); !s.ok()) return fail<row_status>(s);
  partial_rows const l(out);
  row_status result;
  for_each_row(exec, l, [&](std::int64_t i, std::int64_t t) {
    softmax_partial row = shards[0].row(i)[t];
    for (std::int64_t k = 1; k < shards.size(); ++k) row = merge(row, shards[k].row(i)[t], temperature);
    out.row(i)[t] = row;
  });
  result.rows = l.size();
  return result;
}

/// The results of `token_logp` from merged partials: what is present in `out`, `[T]` or `[B, L]` like `partials`, of float or
/// double, rounded once. `entropy` needs partials that were computed with it. Rows that were left out give 0 everywhere;
/// a target that no shard had gives -inf. Errors: `aha::token_logp_from_partials: <argument>: ...`. Allocates nothing.
template <class Exec, class T>
row_status token_logp_from_partials(Exec const& exec, column<softmax_partial const, host> const& partials,
                                    double temperature, logp_outputs<T> const& out) {
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  constexpr char const* function = "token_logp_from_partials";
  partial_rows const l(partials);
  row_status result;
  status s = check_partials(function, l, partials.data, temperature);
  if (s.ok()) s = check_logp_outputs(function, l, out, {{"partials", region(partials)}}, "partials");
  if (!s.ok()) return fail<row_status>(s);
  for (std::int64_t i = 0; i < l.outer; ++i) {
    for (std::int64_t t = 0; t < l.rows; ++t) result.rows += partials.row(i)[t].is_left_out() ? 0 : 1;
  }
  for_each_row(exec, l,
               [&](std::int64_t i, std::int64_t t) { put_row(out, i, t, finish(partials.row(i)[t], temperature)); });
  return result;
}

AHA_NAMESPACE_END

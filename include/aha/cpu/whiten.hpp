// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/whitening.hpp>
#include <aha/core/region.hpp>
#include <aha/cpu/measure.hpp>
#include <optional>

AHA_NAMESPACE_BEGIN

/// Moments that the host gives instead of the call's own.
inline status check_moments(char const* function, char const* name, moments const& m) {
  bool const finite = std::abs(m.mean) <= largest_member && m.m2 <= std::numeric_limits<double>::max();
  if (m.count >= 0 && finite && m.m2 >= 0.0) return {};
  return bad_argument(function, name, "count >= 0, a finite mean and m2 >= 0",
                      text("(", m.count, ", ", m.mean, ", ", m.m2, ")"));
}

/// Everything that `whiten` checks before it writes.
template <class T, class Method>
status check_whiten(Method const& method, masked_column<T> const& c, column<T, host> const& out,
                    std::optional<moments> const& given) {
  char const* const me = "whiten";
  if (status bad = validate(method, me); !bad.ok()) return bad;
  if (given) {
    if (status bad = check_moments(me, "moments", *given); !bad.ok()) return bad;
  }
  if (status bad = check_masked_column(me, "x", c); !bad.ok()) return bad;
  if (out.rank != c.values.rank || out.width != c.values.width || (out.rank == 2 && out.rows != c.values.rows)) {
    return bad_argument(me, "out", text(c.size(), " entries, shaped like x"),
                        out.rank == 2 ? text("[", out.rows, ", ", out.width, "]") : text("[", out.width, "]"));
  }
  if (out.rank == 2 && out.rows > 1 && out.row_stride < out.width) {
    return bad_argument(me, "out", "rows that do not overlap", text("a row stride of ", out.row_stride));
  }
  place const written[] = {place{"out", region(out)}};
  place const read[] = {place{"x", region(c.values)}, place{"mask", region(c.mask)}};
  return check_apart(me, written, read);
}

/// Whitens a masked column:  out = clip((x - mean) / s), 0 where the mask is 0 or x is NaN. See `advantage::whitening`.
///
///   whiten(exec::cpu{}, advantage::whitening{}, adv, out, mask);                      // statistics of this call
///   whiten(exec::cpu{}, advantage::whitening{}, adv, out, mask, merged.moments);     // of the whole step
///
/// x, out: [T], [B] or [B, L] of float or double, apart in memory; mask: shaped like x, 0 is selected out and never read.
/// Returns what it saw of x: the statistics are the shard's own, also where `given` is used instead of them. REINFORCE++
/// with a baseline (arXiv:2501.03262) is `advantages` by {mean, no_scale}, `to_tokens`, `whiten`.
/// Bitwise: the order of entries, the layout, masked entries and threads change no bit. With given moments a result
/// differs from the whole's by their rounding, about 1e-16 of |mean| / s. No scratch.
template <class Exec, class Scale, class X, class Out>
column_stats whiten(Exec const& exec, advantage::whitening<Scale> const& method, X const& x, Out&& out,
                    mask_view<host> mask = {}, std::optional<moments> const& given = {}) {
  using T = column_scalar_t<X const>;
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(is_column_scalar<T> && std::is_same_v<std::remove_pointer_t<decltype(column(out).data)>, T>,
                "aha: whiten takes a host column of float or double and a writable output of the same type");
  masked_column<T> const c{column(x), mask};
  column<T, host> const to = column(out);
  if (status const bad = check_whiten(method, c, to, given); !bad.ok()) return fail<column_stats>(bad);
  column_stats stats;
  order_free_moments const own = moments_of_column(exec, c, stats);
  auto const rule = method.of(given ? *given : stats.moments);
  std::int64_t clipped[masked_column<T>::most_pieces] = {};
  run_parallel(exec, c.pieces(), [&](std::int64_t p) {
    std::int64_t n = 0;
    c.for_each(p, [&](std::int64_t i, std::int64_t t, bool, double value) {
      double const y = rule(value, given ? value - given->mean : own.deviation(value));
      double const ends = method.clip(y);
      n += ends < y || ends > y ? 1 : 0;
      to.row(i)[t] = value == value ? static_cast<T>(ends) : T(0);
    });
    clipped[p] = n;
  });
  for (std::int64_t const n : clipped) stats.clipped += n;
  return stats;
}

AHA_NAMESPACE_END

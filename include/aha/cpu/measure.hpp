// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/stats.hpp>
#include <aha/core/masked_column.hpp>
#include <aha/core/moments_of_pieces.hpp>
#include <aha/cpu/exec.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

AHA_NAMESPACE_BEGIN

/// The scalar of a column, span, matrix or container.
template <class C>
using column_scalar_t = std::remove_const_t<std::remove_pointer_t<decltype(column(std::declval<C&>()).data)>>;
template <class T>
inline constexpr bool is_column_scalar = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// A column with its mask, walked in pieces that depend on its size alone.
template <class T>
struct masked_column {
  column<T const, host> values;
  mask_view<host> mask;

  static constexpr std::int64_t most_pieces = aha::most_pieces;
  std::int64_t size() const { return values.rank == 2 ? values.rows * values.width : values.width; }
  std::int64_t pieces() const {
    constexpr std::int64_t entries_worth_a_thread = 16384;
    return std::max<std::int64_t>(1, std::min(most_pieces, size() / entries_worth_a_thread));
  }
  /// f(row, position, counts, value) for every entry of piece p; the value is NaN where the mask is 0: it is not read.
  template <class F>
  void for_each(std::int64_t p, F&& f) const {
    std::int64_t from = size() * p / pieces();
    std::int64_t const to = size() * (p + 1) / pieces();
    while (from < to) {
      std::int64_t const i = from / values.width;
      std::int64_t const begin = from - i * values.width;
      std::int64_t const end = std::min(values.width, begin + to - from);
      T const* const row = values.row(i);
      for (std::int64_t t = begin; t < end; ++t) {
        bool const counts = !mask.present() || mask.at(i, t);
        f(i, t, counts, counts ? static_cast<double>(row[t]) : std::numeric_limits<double>::quiet_NaN());
      }
      from += end - begin;
    }
  }
};

/// The mask's shape, and every entry that counts within what statistics can square.
template <class T>
status check_masked_column(char const* function, char const* name, masked_column<T> const& c,
                           char const* mask_name = "mask") {
  status bad = check_masked_shape(function, name, c.values, c.mask, mask_name);
  if (!bad.ok()) return bad;
  for (std::int64_t p = 0; p < c.pieces(); ++p) {
    c.for_each(p, [&](std::int64_t i, std::int64_t t, bool, double x) {
      if (std::abs(x) <= largest_member || x != x || !bad.ok()) return;
      bad = bad_argument(function, name, text("numbers within +-", largest_member, ", or NaN"),
                         c.values.rank == 2 ? text(x, " at (", i, ", ", t, ")") : text(x, " at entry ", t));
    });
  }
  return bad;
}

/// The moments of a column's members, and its counts in `stats`.
template <class T, class Exec>
order_free_moments moments_of_column(Exec const& exec, masked_column<T> const& c, column_stats& stats) {
  std::int64_t counted[masked_column<T>::most_pieces] = {};
  order_free_moments const all = moments_of_pieces(exec, c.pieces(), [&](std::int64_t p, auto const& add) {
    std::int64_t n = 0;
    c.for_each(p, [&](std::int64_t, std::int64_t, bool counts, double x) {
      n += counts ? 1 : 0;
      add(x);
    });
    counted[p] = n;
  });
  std::int64_t unmasked = 0;
  for (std::int64_t const n : counted) unmasked += n;
  stats.entries = c.size();
  stats.masked = c.size() - unmasked;
  stats.invalid = unmasked - all.count;
  stats.moments = all.plain();
  stats.low = all.low;
  stats.high = all.high;
  return all;
}

/// Count, mean, sum of squared deviations, smallest and largest entry of a masked column: what a shard contributes to
/// whitening or a batch scale over a whole step. The host merges `moments` over shards and hands them to `whiten` or
/// `advantages`.
///
///   column_stats const s = measure(exec::cpu{}, adv, mask);
///
/// x: [T], [B] or [B, L] of float or double; mask: shaped like x, 0 is selected out and never read. NaN is invalid and
/// counted; infinity raises. Statistics are in double; the order of entries, the layout and threads change no bit.
template <class Exec, class X>
column_stats measure(Exec const& exec, X const& x, mask_view<host> mask = {}) {
  using T = column_scalar_t<X const>;
  static_assert(
      is_cpu_exec<Exec>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(is_column_scalar<T>, "aha: measure takes a host column of float or double");
  masked_column<T> const c{column(x), mask};
  if (status const bad = check_masked_column("measure", "x", c); !bad.ok()) return fail<column_stats>(bad);
  column_stats stats;
  moments_of_column(exec, c, stats);
  return stats;
}

AHA_NAMESPACE_END

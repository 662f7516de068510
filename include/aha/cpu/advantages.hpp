// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/group_index.hpp>
#include <aha/cpu/check_advantages.hpp>
#include <vector>

AHA_NAMESPACE_BEGIN

/// Advantages of one call: rewards, where they go, and what the walk over its groups does with each.
template <class Method, class T>
class advantage_writer {
 public:
  using scalar_type = T;

  advantage_writer(Method const& method, span<T const> reward, span<T> adv, mask_view<host> const& valid)
      : method_(method), reward_(reward), adv_(adv), valid_(valid) {}

  /// Writes the advantages of the rows `row(0) ... row(n - 1)`, one group, and counts what it sees in `stats`.
  template <class RowOf>
  void write(std::int64_t n, RowOf const& row, moments const& batch, advantage_stats& stats) const {
    // Rows of a group lie anywhere: an ordinary group is gathered once, not once a pass.
    double members[run];
    auto const gathered = [&](std::int64_t k) { return members[k]; };
    auto const anywhere = [&](std::int64_t k) { return value(row(k)); };
    std::int64_t clipped = 0;
    order_free_moments spread;
    if (n <= run) {
      spread = order_free_moments::of_padded(members, gather(0, n, row, members));
      clipped = write_run(method_.of(spread, batch), members, 0, n, n, row, gathered);
    } else {
      spread = order_free_moments::of(anywhere, n);
      auto const rule = method_.of(spread, batch);
      for (std::int64_t k = 0; k < n; k += run) {
        std::int64_t const here = std::min(run, n - k);
        gather(k, here, row, members);
        clipped += write_run(rule, members, k, here, n, row, anywhere);
      }
    }
    stats.add_group(spread, n, clipped);
  }
  /// Asks for the memory of a group that is soon written.
  template <class RowOf>
  void prefetch([[maybe_unused]] std::int64_t n, [[maybe_unused]] RowOf const& row) const {
#if defined(__GNUC__) || defined(__clang__)
    for (std::int64_t k = 0; k < std::min<std::int64_t>(n, 32); ++k) {
      __builtin_prefetch(&reward_[row(k)]);
      __builtin_prefetch(&adv_[row(k)], 1);
    }
#endif
  }
  /// Sum of squared deviations from the group's mean.
  template <class RowOf>
  double squares(std::int64_t n, RowOf const& row) const {
    return order_free_moments::of([&](std::int64_t k) { return value(row(k)); }, n).m2;
  }

  span<T const> reward() const { return reward_; }
  mask_view<host> const& valid() const { return valid_; }
  Method const& method() const { return method_; }

 private:
  static constexpr std::int64_t run = 256;  // members that are worked on at a time

  /// The rewards of members [first, first + n) of a group, and NaN up to a multiple of `order_free_sum::lanes`: their count.
  template <class RowOf>
  std::int64_t gather(std::int64_t first, std::int64_t n, RowOf const& row, double* members) const {
    std::int64_t const padded = (n + order_free_sum::lanes - 1) / order_free_sum::lanes * order_free_sum::lanes;
    for (std::int64_t k = 0; k < n; ++k) members[k] = value(row(first + k));
    for (std::int64_t k = n; k < padded; ++k) members[k] = std::numeric_limits<double>::quiet_NaN();
    return padded;
  }
  /// Writes the advantages of members [first, first + n) of a group of `all`, from their rewards; returns how many were
  /// clipped. `at(k)`: the reward of any member.
  template <class Rule, class RowOf, class At>
  std::int64_t write_run(Rule const& rule, double const* members, std::int64_t first, std::int64_t n, std::int64_t all,
                         RowOf const& row, At const& at) const {
    order_free_moments const spread = rule.spread;  // copies that no store can alias
    auto const clip = method_.clip;
    bool const siblings = method_.scale.source == advantage::spread_of::siblings && spread.m2 > 0.0;
    std::int64_t clipped = 0;
    with_baseline(method_.baseline, [&](auto const& baseline) {
      double made[run];
      if (siblings) {
        for (std::int64_t k = 0; k < n; ++k) {
          double const r = members[k];
          made[k] = r == r ? rule(baseline, r, spread.without(at, all, first + k)) : 0.0;
        }
      } else {
        for (std::int64_t k = 0; k < n; ++k) {
          double const a = rule(baseline, members[k]);
          made[k] = members[k] == members[k] ? a : 0.0;
        }
      }
      double changed = 0.0;
      for (std::int64_t k = 0; k < n; ++k) {
        double const ends = clip(made[k]);
        changed += ends < made[k] || ends > made[k] ? 1.0 : 0.0;
        made[k] = ends;
      }
      clipped = static_cast<std::int64_t>(changed);
      for (std::int64_t k = 0; k < n; ++k) adv_[row(first + k)] = static_cast<T>(made[k]);
    });
    return clipped;
  }

  /// Of row i; NaN where it is invalid.
  double value(std::int64_t i) const {
    bool const counts = !valid_.present() || valid_.at(0, i);
    return counts ? static_cast<double>(reward_[i]) : std::numeric_limits<double>::quiet_NaN();
  }

  Method const& method_;
  span<T const> reward_;
  span<T> adv_;
  mask_view<host> valid_;
};

/// Walks `count` groups, group g being the rows `rows_of(g)` of which there are `size_of(g)`, in pieces that depend on the
/// sizes alone, so that threads change no bit of the merged statistics either.
template <class Exec, class Writer, class SizeOf, class RowsOf>
advantage_stats write_advantages(Exec const& exec, Writer const& writer, std::int64_t count, SizeOf const& size_of,
                                 RowsOf const& rows_of, std::optional<moments> const& given) {
  constexpr std::int64_t most = 32;
  constexpr std::int64_t rows_worth_a_thread = 16384;
  std::int64_t const rows = writer.reward().size();
  std::int64_t const pieces = std::max<std::int64_t>(1, std::min({most, count, rows / rows_worth_a_thread}));
  auto const first = [&](std::int64_t p) { return count * p / pieces; };

  advantage_stats all;
  moments batch = given ? *given : moments{};
  advantage::spread_of const source = writer.method().scale.source;
  bool const whole = source == advantage::spread_of::batch && !given;
  bool const centred = source == advantage::spread_of::batch_centred && !given;
  if (whole || centred) {
    column_stats seen;
    moments_of_column(exec, masked_column<typename Writer::scalar_type>{writer.reward(), writer.valid()}, seen);
    batch = seen.moments;
  }
  if (centred) {
    // A sum over groups that does not depend on their order wants its bound before its terms.
    std::vector<double> m2(static_cast<std::size_t>(count));
    run_parallel(exec, pieces, [&](std::int64_t p) {
      for (std::int64_t g = first(p); g < first(p + 1); ++g) {
        m2[static_cast<std::size_t>(g)] = writer.squares(size_of(g), rows_of(g));
      }
    });
    double const bound = m2.empty() ? 0.0 : *std::max_element(m2.begin(), m2.end());
    order_free_sum sum(bound, count);
    for (double const x : m2) sum.add(x);
    batch = moments{batch.count, 0.0, sum.value()};
  }

  advantage_stats part[most];
  run_parallel(exec, pieces, [&](std::int64_t p) {
    advantage_stats stats;
    std::int64_t const last = first(p + 1);
    constexpr std::int64_t ahead = 3;
    for (std::int64_t g = first(p); g < last; ++g) {
      if (g + ahead < last) writer.prefetch(size_of(g + ahead), rows_of(g + ahead));
      writer.write(size_of(g), rows_of(g), batch, stats);
    }
    part[p] = stats;
  });
  for (std::int64_t p = 0; p < pieces; ++p) all.merge(part[p]);
  if (whole) all.reward = batch;
  if (centred) all.centred = batch;
  all.read_off();
  return all;
}

/// Advantages of N rewards from their groups:  adv[i] = method(reward[i], valid rewards of i's group).
///
///   advantages(exec::cpu{}, advantage::grpo, reward, groups<>::by_id(ids), adv);
///
/// reward [N] and adv [N]: containers or spans of float or of double, apart in memory; valid [N]: optional mask, 0 makes
/// a reward invalid as NaN does (its value is never used). Statistics are in double; N = 0 is legal.
/// batch: for the scales `batch` and `batch_centred`, moments of the whole step that the host has merged from its shards
/// (`advantage_stats::reward` and `centred`, or `measure`); absent means that this call has all groups.
/// Bitwise: the result for a reward depends on the set of valid rewards in its group (with a batch scale, on the sets of
/// all groups) and nothing else, so shuffling the rows, relabelling ids, ids or offsets, other groups, invalid siblings
/// and threads change no bit.
/// An infinite reward raises: unlike NaN it is no peer's sign for "could not be scored".
/// Scratch: none by offsets, a `group_index` by id; `batch_centred` one double a group.
template <class Exec, class Baseline, class Scale, class Reward, class Adv>
advantage_stats advantages(Exec const& exec, advantage::group<Baseline, Scale> const& method, Reward const& reward,
                           groups<host> const& by, Adv&& adv, mask_view<host> valid = {},
                           std::optional<moments> const& batch = {}) {
  using in = decltype(span(reward));
  using out = decltype(span(adv));
  using T = std::remove_const_t<typename in::element_type>;
  constexpr bool cpu = is_cpu_exec<Exec>;
  constexpr bool typed =
      (std::is_same_v<T, float> || std::is_same_v<T, double>)&&std::is_same_v<typename out::element_type, T> &&
      std::is_same_v<typename in::space_type, host> && std::is_same_v<typename out::space_type, host>;
  static_assert(
      cpu, "aha: the first argument is where the call runs: exec::cpu{threads}, exec::scalar{} or exec::on(executor)");
  static_assert(typed, "aha: advantages takes host rewards of float or double and a writable output of the same type");
  if constexpr (cpu && typed) {
    span<T const> const from(span{reward});
    span<T> const to(span{adv});
    if (status const bad = check_advantages(method, from, by, to, valid, batch); !bad.ok()) {
      return fail<advantage_stats>(bad);
    }
    advantage_writer<advantage::group<Baseline, Scale>, T> const writer(method, from, to, valid);
    index_view<host> const& index = by.index();
    if (by.type() == groups<host>::kind::offsets) {
      auto const size_of = [&](std::int64_t g) { return index[g + 1] - index[g]; };
      auto const rows_of = [&](std::int64_t g) { return [first = index[g]](std::int64_t k) { return first + k; }; };
      return write_advantages(exec, writer, index.size() - 1, size_of, rows_of, batch);
    }
    auto const by_id = [&](auto row_type) {
      group_index<decltype(row_type)> const sorted(index);
      auto const size_of = [&](std::int64_t g) { return sorted.count(g); };
      auto const rows_of = [&](std::int64_t g) {
        return [rows = sorted.rows(g)](std::int64_t k) { return std::int64_t{rows[k]}; };
      };
      return write_advantages(exec, writer, sorted.size(), size_of, rows_of, batch);
    };
    bool const narrow = from.size() < std::numeric_limits<std::int32_t>::max();
    return narrow ? by_id(std::int32_t{}) : by_id(std::int64_t{});
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

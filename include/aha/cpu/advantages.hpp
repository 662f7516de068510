// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/group.hpp>
#include <aha/advantage/stats.hpp>
#include <aha/core/groups.hpp>
#include <aha/core/region.hpp>
#include <aha/cpu/exec.hpp>
#include <aha/cpu/group_index.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

AHA_NAMESPACE_BEGIN

/// Checks everything that `advantages` is given, before the first write.
template <class Method, class T>
status validate_advantages(Method const& method, span<T const> reward, groups<host> const& by, span<T> adv,
                           mask_view<host> const& valid) {
  char const* const me = "advantages";
  std::int64_t const n = reward.size();
  if (status bad = advantage::validate(method, me); !bad.ok()) return bad;
  index_view<host> const& index = by.index();
  if (by.type() == groups<host>::kind::none || !index.present()) {
    return bad_argument(me, "groups", "ids or offsets", "neither");
  }
  if (index.rank != 1) return bad_argument(me, by.index_name(), "a list", "a matrix");
  if (by.type() == groups<host>::kind::ids) {
    if (index.size() != n) return bad_argument(me, "ids", text(n, " entries"), text(index.size()));
  } else {
    std::int64_t const last = index.size() - 1;
    if (last < 0) return bad_argument(me, "offsets", "at least 1 entry", "0");
    if (index[0] != 0) return bad_argument(me, "offsets", "0 at entry 0", text(index[0]));
    for (std::int64_t g = 0; g < last; ++g) {
      if (index[g + 1] < index[g]) {
        return bad_argument(me, "offsets", text("at least ", index[g], " at entry ", g + 1), text(index[g + 1]));
      }
    }
    if (index[last] != n) return bad_argument(me, "offsets", text(n, " at entry ", last), text(index[last]));
  }
  if (valid.present()) {
    if (valid.rank != 1) return bad_argument(me, "valid", "a list", "a matrix");
    if (valid.width != n) return bad_argument(me, "valid", text(n, " entries"), text(valid.width));
  }
  if (adv.size() != n) return bad_argument(me, "adv", text(n, " entries"), text(adv.size()));
  if (status bad = check_apart(me, {{"adv", region(column<T, host>(adv))}},
                               {{"reward", region(column<T const, host>(reward))},
                                {by.index_name(), region(index)},
                                {"valid", region(valid)}});
      !bad.ok()) {
    return bad;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    // Squares of deviations must stay finite; false for NaN, which is legal.
    if (std::abs(static_cast<double>(reward[i])) > 1e150 && (!valid.present() || valid.at(0, i))) {
      return bad_argument(me, "reward", "numbers within +-1e150, or NaN", text(reward[i], " at entry ", i));
    }
  }
  return status();
}

/// Writes the advantages of one group after the other and counts what it saw.
template <class Method, class T>
class advantage_writer {
 public:
  advantage_writer(Method const& method, span<T const> reward, span<T> adv, mask_view<host> const& valid)
      : method_(method), reward_(reward), adv_(adv), valid_(valid) {}

  /// The group of rows `row(0) ... row(n - 1)`.
  template <class RowOf>
  void write(std::int64_t n, RowOf&& row) {
    if (valid_.present()) {
      auto const masked = [&](std::int64_t k) {
        std::int64_t const i = row(k);
        return valid_.at(0, i) ? static_cast<double>(reward_[i]) : std::numeric_limits<double>::quiet_NaN();
      };
      write(n, row, masked);
    } else {
      write(n, row, [&](std::int64_t k) { return static_cast<double>(reward_[row(k)]); });
    }
  }

  advantage_stats const& stats() const { return stats_; }

 private:
  template <class RowOf, class At>
  void write(std::int64_t n, RowOf& row, At const& at) {
    order_free_moments const spread = order_free_moments::of(at, n);
    auto const rule = method_.of(spread);
    for (std::int64_t k = 0; k < n; ++k) {
      double const r = at(k);
      adv_[row(k)] = r == r ? static_cast<T>(rule(r)) : T(0);
    }
    stats_.groups += 1;
    stats_.rewards += n;
    stats_.invalid += n - spread.count;
    stats_.empty += spread.count == 0 ? 1 : 0;
    stats_.singletons += spread.count == 1 ? 1 : 0;
    stats_.zero_spread += spread.count > 1 && spread.equal() ? 1 : 0;
    stats_.reward.merge(spread.plain());
  }

  Method const& method_;
  span<T const> reward_;
  span<T> adv_;
  mask_view<host> valid_;
  advantage_stats stats_;
};

/// Walks `count` groups with `write(g, writer)` in pieces that depend on the sizes alone, so that threads change no bit
/// of the merged statistics either.
template <class T, class Exec, class Method, class Write>
advantage_stats write_advantages(Exec const& exec, Method const& method, span<T const> reward, span<T> adv,
                                 mask_view<host> const& valid, std::int64_t count, Write const& write) {
  constexpr std::int64_t most = 32;
  constexpr std::int64_t rows_worth_a_thread = 16384;
  std::int64_t const pieces = std::max<std::int64_t>(1, std::min({most, count, reward.size() / rows_worth_a_thread}));
  advantage_stats part[most];
  run_parallel(exec, pieces, [&](std::int64_t p) {
    advantage_writer<Method, T> writer(method, reward, adv, valid);
    for (std::int64_t g = count * p / pieces; g < count * (p + 1) / pieces; ++g) write(g, writer);
    part[p] = writer.stats();
  });
  advantage_stats all;
  for (std::int64_t p = 0; p < pieces; ++p) all.merge(part[p]);
  return all;
}

/// Advantages of N rewards from their groups:  adv[i] = method(reward[i], valid rewards of i's group).
///
///   advantages(exec::cpu{}, advantage::grpo, reward, groups<>::by_id(ids), adv);
///
/// reward [N] and adv [N]: containers or spans of float or of double, apart in memory; valid [N]: optional mask, 0 makes
/// a reward invalid as NaN does (its value is never used). Statistics are in double; N = 0 is legal.
/// Bitwise: the result for a reward depends on the set of valid rewards in its group and nothing else, so shuffling the
/// rows, relabelling ids, ids or offsets, other groups, invalid siblings and threads change no bit.
/// An infinite reward raises: unlike NaN it is no peer's sign for "could not be scored".
/// Scratch: none by offsets, a `group_index` by id.
template <class Exec, class Baseline, class Scale, class Reward, class Adv>
advantage_stats advantages(Exec const& exec, advantage::group<Baseline, Scale> const& method, Reward const& reward,
                           groups<host> const& by, Adv&& adv, mask_view<host> valid = {}) {
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
    if (status const bad = validate_advantages(method, from, by, to, valid); !bad.ok()) {
      return fail<advantage_stats>(bad);
    }
    auto const& index = by.index();
    if (by.type() == groups<host>::kind::offsets) {
      return write_advantages<T>(exec, method, from, to, valid, index.size() - 1, [&](std::int64_t g, auto& writer) {
        writer.write(index[g + 1] - index[g], [first = index[g]](std::int64_t k) { return first + k; });
      });
    }
    auto const by_id = [&](auto const* ids, auto row_type) {
      group_index<decltype(row_type)> const sorted(ids, from.size());
      return write_advantages<T>(exec, method, from, to, valid, sorted.size(), [&](std::int64_t g, auto& writer) {
        writer.write(sorted.count(g), [rows = sorted.rows(g)](std::int64_t k) { return std::int64_t{rows[k]}; });
      });
    };
    auto const by_ids = [&](auto const* ids) {
      bool const narrow = from.size() < std::numeric_limits<std::int32_t>::max();
      return narrow ? by_id(ids, std::int32_t{}) : by_id(ids, std::int64_t{});
    };
    return index.wide ? by_ids(static_cast<std::int64_t const*>(index.data))
                      : by_ids(static_cast<std::int32_t const*>(index.data));
  } else {
    return {};
  }
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/moments_of_pieces.hpp>
#include <aha/reward/group_rows.hpp>
#include <aha/reward/table.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What one component, or a reward made of several, looks like over a batch. Rows count by status; a scored NaN counts as
/// abstained. The statistics are of the scored rows. Every group is empty (nothing scored), a singleton, of zero spread or
/// ordinary. Merges over shards and ranks; no group may be in two of them. Of one call all bits are independent of threads;
/// the moments' also of the order of rows.
struct component_numbers {
  std::int64_t rows = 0;
  std::int64_t by_status[status_count] = {};
  moments scored;
  double low = 0.0;   ///< smallest scored value, 0 without one
  double high = 0.0;  ///< largest
  std::int64_t groups = 0;
  std::int64_t empty = 0;
  std::int64_t singletons = 0;
  std::int64_t zero_spread = 0;  ///< two or more scored values, all equal (max == min: rounding cannot fool it)

  double mean() const { return scored.mean; }
  /// Sample standard deviation.
  double std() const { return scored.standard_deviation(1); }
  std::int64_t count(enum status s) const { return by_status[static_cast<int>(s)]; }
  /// Scored rows over rows.
  double coverage() const {
    return rows > 0 ? static_cast<double>(count(status::scored)) / static_cast<double>(rows) : 0.0;
  }
  /// Groups of zero spread over groups: from these a group-relative method learns nothing.
  double zero_spread_fraction() const {
    return groups > 0 ? static_cast<double>(zero_spread) / static_cast<double>(groups) : 0.0;
  }
  void merge(component_numbers const& other) {
    if (other.scored.count > 0) {
      low = scored.count == 0 || other.low < low ? other.low : low;
      high = scored.count == 0 || other.high > high ? other.high : high;
    }
    rows += other.rows;
    for (int s = 0; s < status_count; ++s) by_status[s] += other.by_status[s];
    scored.merge(other.scored);
    groups += other.groups;
    empty += other.empty;
    singletons += other.singletons;
    zero_spread += other.zero_spread;
  }
  /// Calls f(name, number) for every number of a record, constant or not: what is stored and sent.
  template <class Numbers, class F>
  static constexpr void numbers(Numbers& c, F&& f) {
    f("rows", c.rows);
    for (int s = 0; s < status_count; ++s) f(enum_names<enum status>::values[s], c.by_status[s]);
    moments::numbers(c.scored, f);
    f("low", c.low);
    f("high", c.high);
    f("groups", c.groups);
    f("empty", c.empty);
    f("singletons", c.singletons);
    f("zero_spread", c.zero_spread);
  }
};
static_assert(std::is_trivially_copyable_v<component_numbers>, "aha: numbers of a call are copied as bytes");

/// Into how many pieces n rows are cut: by their number alone, never by threads.
inline std::int64_t pieces_of_rows(std::int64_t n) {
  constexpr std::int64_t rows_worth_a_thread = 1024;
  return std::max<std::int64_t>(1, std::min(most_pieces, n / rows_worth_a_thread));
}

/// Counts a component of checked size over checked groups.
template <class Exec>
component_numbers count_component(Exec const& exec, component const& c, group_rows const& by) {
  component_numbers all;
  all.rows = c.size();
  std::int64_t const pieces = pieces_of_rows(c.size());
  auto const value = [&](std::int64_t i) {
    return c.status(i) == status::scored ? c.value(i) : std::numeric_limits<double>::quiet_NaN();
  };
  std::int64_t counted[most_pieces][status_count] = {};
  order_free_moments const spread = moments_of_pieces(exec, pieces, [&](std::int64_t p, auto const& add) {
    std::int64_t here[status_count] = {};
    for (std::int64_t i = c.size() * p / pieces; i < c.size() * (p + 1) / pieces; ++i) {
      double const x = value(i);
      enum status const s = c.status(i);
      ++here[static_cast<int>(s == status::scored && !(x == x) ? status::abstained : s)];
      add(x);
    }
    std::copy(here, here + status_count, counted[p]);
  });
  for (std::int64_t p = 0; p < pieces; ++p) {
    for (int s = 0; s < status_count; ++s) all.by_status[s] += counted[p][s];
  }
  all.scored = spread.plain();
  all.low = spread.low;
  all.high = spread.high;
  all.groups = by.size();
  std::int64_t kinds[most_pieces][3] = {};
  run_on(exec, pieces, [&](std::int64_t p) {
    for (std::int64_t g = by.size() * p / pieces; g < by.size() * (p + 1) / pieces; ++g) {
      order_free_moments ends;
      for (std::int64_t k = 0; k < by.count(g); ++k) ends.include(value(by.rows(g)[k]));
      if (ends.count < 2) {
        ++kinds[p][ends.count];
      } else if (ends.equal()) {
        ++kinds[p][2];
      }
    }
  });
  for (auto const& k : kinds) {
    all.empty += k[0];
    all.singletons += k[1];
    all.zero_spread += k[2];
  }
  return all;
}

/// What `report_components` gives: one record a component, in their order.
struct component_report {
  std::vector<component_numbers> components;
  aha::status status;
};

/// Mean, deviation, ends, coverage, statuses and groups of zero spread of every component of a table.
///
///   for (auto const& c : report_components(exec::cpu{}, rows).components) log(c.mean(), c.std(), c.coverage());
///
/// Without groups their counts are 0. N = 0 and no components are legal.
template <class Exec>
component_report report_components(Exec const& exec, table const& rows) {
  static_assert(
      is_executor<Exec const>,
      "aha: the first argument is where the call runs: exec::cpu{threads}, or an object with run(count, body)");
  std::int64_t const n = rows.columns.empty() ? 0 : rows.columns[0].size();
  if (aha::status bad = check_table("reward::report_components", rows, n); !bad.ok()) {
    return fail<component_report>(bad);
  }
  component_report all;
  group_rows const by(rows.by, n);
  for (component const& c : rows.columns) all.components.push_back(count_component(exec, c, by));
  return all;
}

}  // namespace reward
AHA_NAMESPACE_END

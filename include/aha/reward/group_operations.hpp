// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/length.hpp>
#include <aha/reward/row_operations.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// The cells of one group: argument k of member i. Missing members are in no statistic and stay missing.
struct group_cells {
  cell const* const* arguments;
  std::int64_t const* rows;  ///< the members' rows
  std::int64_t count = 0;
  cell const& at(int k, std::int64_t i) const { return arguments[k][rows[i]]; }
  /// The value of argument k, NaN where it is missing.
  double value(int k, std::int64_t i) const {
    cell const& c = at(k, i);
    return c.there() ? c.value : std::numeric_limits<double>::quiet_NaN();
  }
  /// Moments of argument k.
  order_free_moments spread(int k) const {
    return order_free_moments::of([&](std::int64_t i) { return value(k, i); }, count);
  }
  /// Writes f(value of member) to every member that has argument 0, the missing cell to the others.
  template <class F>
  void map(cell* out, F const& f) const {
    for (std::int64_t i = 0; i < count; ++i) {
      cell const& c = at(0, i);
      out[rows[i]] = c.there() ? cell(f(c.value)) : c;
    }
  }
};

/// (x - mean) / (std + eps); not divided where there is no spread, which for members of the set is exactly 0.
inline double standard_score(double deviation, moments const& of, int ddof, double eps) {
  return of.m2 > 0.0 ? deviation / (of.standard_deviation(ddof) + eps) : deviation;
}

namespace operation {

/// Kimi's length reward within a group: lambda for a right answer, min(0, lambda) for a wrong one, lambda by the shortest
/// and longest of the group's responses. All of one length: 0. Weight and warm-up are factors:
/// `warm_up(100) * 0.2 * kimi(length, correct)`. arXiv:2501.12599 section 2.3.3. Deviation from open-r1: per problem and
/// not over the whole call, in the length's unit and not in characters, a missing verdict is missing and not right.
struct kimi : no_numbers {
  static constexpr std::string_view name = "kimi",
                                    formula =
                                        "lambda = 1/2 - (L - min) / (max - min); correct ? lambda : min(0, lambda)",
                                    paper = "2501.12599 section 2.3.3";
  static constexpr int arguments = 2;
  static constexpr unit_rule units = unit_rule::length;
  static constexpr stage looks_at = stage::group;
  void operator()(group_cells const& g, cell* out) const {
    order_free_moments ends;
    for (std::int64_t i = 0; i < g.count; ++i) ends.include(g.value(0, i));
    for (std::int64_t i = 0; i < g.count; ++i) {
      cell const both[] = {g.at(0, i), g.at(1, i)};
      out[g.rows[i]] = strict(
          both, 2, [&] { return kimi_length(kimi_lambda(both[0].value, ends.low, ends.high), both[1].value != 0.0); });
    }
  }
};
/// The mean of x over the group, at every member.
struct group_mean : no_numbers {
  static constexpr std::string_view name = "group_mean", formula = "mean of x over the group", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::group;
  void operator()(group_cells const& g, cell* out) const {
    double const mean = g.spread(0).plain().mean;
    g.map(out, [&](double) { return mean; });
  }
};
/// The smallest x of the group, at every member.
struct group_min : no_numbers {
  static constexpr std::string_view name = "group_min", formula = "smallest x of the group", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::group;
  void operator()(group_cells const& g, cell* out) const {
    order_free_moments ends;
    for (std::int64_t i = 0; i < g.count; ++i) ends.include(g.value(0, i));
    g.map(out, [&](double) { return ends.low; });
  }
};
/// The largest x of the group, at every member.
struct group_max : no_numbers {
  static constexpr std::string_view name = "group_max", formula = "largest x of the group", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::group;
  void operator()(group_cells const& g, cell* out) const {
    order_free_moments ends;
    for (std::int64_t i = 0; i < g.count; ++i) ends.include(g.value(0, i));
    g.map(out, [&](double) { return ends.high; });
  }
};
/// x minus the mean of its group, formed without cancellation: exactly 0 where all are equal.
struct center_group : no_numbers {
  static constexpr std::string_view name = "center_group", formula = "x - mean of the group", paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::first;
  static constexpr stage looks_at = stage::group;
  void operator()(group_cells const& g, cell* out) const {
    order_free_moments const spread = g.spread(0);
    g.map(out, [&](double x) { return spread.equal() ? 0.0 : spread.deviation(x); });
  }
};

/// The numbers of the three normalisations.
struct normalization {
  int ddof = 1;
  double eps = 1e-6;
  constexpr normalization() = default;
  constexpr normalization(int d, double e) : ddof(d), eps(e) {}
  template <class F>
  static constexpr void params(F&& f) {
    f("ddof", &normalization::ddof, zero_or_one, "1: sample standard deviation, 0: of the population");
    f("eps", &normalization::eps, finite_non_negative, "added to the standard deviation");
  }
};
/// (x - mean) / (std + eps) within the group. A group of one, or of equal values, gives exactly 0.
struct normalize_group : normalization {
  static constexpr std::string_view name = "normalize_group", formula = "(x - mean) / (std + eps) of the group",
                                    paper = "2601.05242";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::group;
  using normalization::normalization;
  void operator()(group_cells const& g, cell* out) const {
    order_free_moments const spread = g.spread(0);
    moments const of = spread.plain();
    g.map(out, [&](double x) { return spread.equal() ? 0.0 : standard_score(spread.deviation(x), of, ddof, eps); });
  }
};
/// (x - mean) / (std + eps) over the rows of the call. Of a step on several ranks, see `normalize_running`.
struct normalize_batch : normalization {
  static constexpr std::string_view name = "normalize_batch", formula = "(x - mean) / (std + eps) of the batch",
                                    paper = "2601.05242";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::batch;
  using normalization::normalization;
  double operator()(double x, order_free_moments const& batch, moments const* /*running*/) const {
    return batch.equal() ? 0.0 : standard_score(batch.deviation(x), batch.plain(), ddof, eps);
  }
};
/// (x - mean) / (std + eps) by moments that the host keeps: `table::running[slot]`, of earlier steps or merged over ranks.
/// What this call has seen comes back in `evaluation::seen[slot]`, to be merged into them. Moments of fewer than two values,
/// or without spread: x - mean (mean 0 where there is none yet).
struct normalize_running : normalization {
  static constexpr std::string_view name = "normalize_running", formula = "(x - mean) / (std + eps) of given moments",
                                    paper = "";
  static constexpr int arguments = 1;
  static constexpr unit_rule units = unit_rule::any;
  static constexpr stage looks_at = stage::batch;
  int slot = 0;
  constexpr normalize_running() = default;
  constexpr explicit normalize_running(int s, int d = 1, double e = 1e-6) : normalization(d, e), slot(s) {}
  double operator()(double x, order_free_moments const& /*batch*/, moments const* running) const {
    return standard_score(x - running->mean, *running, ddof, eps);
  }
  template <class F>
  static constexpr void params(F&& f) {
    f("slot", &normalize_running::slot, slot_number, "which of the running moments");
    normalization::params(f);
  }
};

}  // namespace operation
}  // namespace reward
AHA_NAMESPACE_END

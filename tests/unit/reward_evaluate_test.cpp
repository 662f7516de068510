// SPDX-License-Identifier: MIT
// Static and dynamic forms, threads, groups, reports, and calls that are refused.
#include "error_of.hpp"
#include "reward_rows.hpp"

#include <aha/cpu/exec.hpp>
#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace {

using namespace aha;
using reward::dynamic_expression;
using reward::missing;
using reward::missing_policy;
using reward::status;
using reward_rows::nan;
using reward_rows::random_table;
using reward_rows::run;
using reward_rows::same_bits;
using vec = std::vector<double>;

constexpr reward::column<0> correct;
constexpr reward::column<1> format;
constexpr reward::column<2> model;
constexpr reward::column<3> other;
constexpr reward::column<4, reward::tokens> length;

/// A static expression chosen by its seed at compile time, with numbers chosen at run time.
constexpr unsigned mix(unsigned x) {
  x = (x ^ (x >> 15U)) * 0x2C1B3C6DU;
  x = (x ^ (x >> 12U)) * 0x297A2D39U;
  return x ^ (x >> 15U);
}
template <unsigned Seed, int Depth>
auto any_static([[maybe_unused]] double p) {
  constexpr unsigned choice = Seed % 29U;
  if constexpr (Depth == 0) {
    return reward::column<static_cast<int>(choice % 4U)>{};
  } else {
    auto const x = any_static<mix(Seed + 101U), Depth - 1>(p / 2);
    auto const y = any_static<mix(Seed + 202U), Depth - 1>(p + 0.125);
    if constexpr (choice == 0) return x + p * y;
    if constexpr (choice == 1) return x - y + 0.5;
    if constexpr (choice == 2) return x * y;
    if constexpr (choice == 3) return x * (p + y) * x;
    if constexpr (choice == 4) return gate(x, y);
    if constexpr (choice == 5) return where(x, y, p * x);
    if constexpr (choice == 6) return reward::min(x, y, p);
    if constexpr (choice == 7) return reward::max(y, x);
    if constexpr (choice == 8) return clip(x, -p, p) - y;
    if constexpr (choice == 9) return affine(x, p, -p) + y;
    if constexpr (choice == 10) return threshold(x, p) * y;
    if constexpr (choice == 11) return piecewise(x, {{-1, p}, {0, 0}, {0, 1}, {p, 2}}) + y;
    if constexpr (choice == 12) return sigmoid(x) + y;
    if constexpr (choice == 13) return reward::abs(x) - reward::abs(y);
    if constexpr (choice == 14) return ratio(x, y);
    if constexpr (choice == 15) return lexicographic(x, y, p);
    if constexpr (choice == 16) return override_with(x, y, -p);
    if constexpr (choice == 17) return stop_properly(x, y, p - 0.5);
    if constexpr (choice == 18) return if_missing(x, p) + y;
    if constexpr (choice == 19) return gate(is_there(x), x) + is_there(y);
    if constexpr (choice == 20) return x - overlong(length, 8000 * p, 4000 * p);
    if constexpr (choice == 21) return cosine(length, x, {8000 * p, 2, 1, -10, 0, -10}) + y;
    if constexpr (choice == 22) return linear_length(length, 100, 1e4 * p, 0, -p) + clamped_cosine(length, x) + y;
    if constexpr (choice == 23) return reward::schedule({{0, 0}, {100 * p, p}}) * kimi(length, x) + y;
    if constexpr (choice == 24) return x - group_mean(y) * ratio(length, group_max(length));
    if constexpr (choice == 25) return center_group(x) + ratio(group_min(length), length) * y;
    if constexpr (choice == 26) return normalize_group(x, 1, p) + 0.5 * normalize_group(y, 0);
    if constexpr (choice == 27) return normalize_batch(x + normalize_batch(y, 0), 1, p);
    if constexpr (choice == 28)
      return normalize_running(x, 0) + normalize_running(y, 1) + target_length(length, 9, p + 1);
  }
}

constexpr missing_policy policies[] = {missing_policy{},
                                       missing_policy(missing::drop_row),
                                       missing_policy(missing::drop_component),
                                       missing_policy(missing::renormalize),
                                       missing_policy(missing::value, -0.25),
                                       missing_policy(missing::own_value)};

template <unsigned Seed, int Depth>
void expect_same(random_table& t, std::size_t& scored) {
  auto const e = any_static<Seed, Depth>(0.25 + 0.01 * Seed);
  dynamic_expression const d = e;
  std::string const text = to_string(e);
  for (missing_policy const& policy : policies) {
    t.rows.missing = policy;
    auto const one = run(e, t.rows, t.n);
    auto const two = run(d, t.rows, t.n, 2);
    auto const read = run(reward::parse(text), t.rows, t.n);
    ASSERT_TRUE(same_bits(one.reward, two.reward)) << text;
    ASSERT_TRUE(same_bits(one.reward, read.reward)) << text;
    ASSERT_EQ(one.status, two.status) << text;
    ASSERT_EQ(one.status, read.status) << text;
    ASSERT_TRUE(same_bits(one.seen.seen, two.seen.seen)) << text;
    scored += static_cast<std::size_t>(one.seen.reward.scored.count);
  }
}
template <int Depth, unsigned... Seeds>
void expect_all_same(random_table& t, std::integer_sequence<unsigned, Seeds...> /*all*/) {
  std::size_t scored = 0;
  (expect_same<Seeds, Depth>(t, scored), ...);
  EXPECT_GT(scored, sizeof...(Seeds) * static_cast<std::size_t>(t.n));
}

TEST(reward_evaluate, static_and_dynamic_forms_give_the_same_bits) {
  random_table shallow(31, 333, 0.15);
  expect_all_same<1>(shallow, std::make_integer_sequence<unsigned, 29>{});
  random_table deep(32, 333, 0.05);
  expect_all_same<2>(deep, std::make_integer_sequence<unsigned, 29>{});
  expect_all_same<3>(deep, std::make_integer_sequence<unsigned, 4>{});
}

TEST(reward_evaluate, threads_change_no_bit) {
  random_table const t(33, 70000, 0.1);
  auto const score = gate(format, correct) + 0.1 * format + 0.3 * kimi(length, correct) + normalize_batch(model) -
                     overlong(length, 8192, 2048) + normalize_group(other);
  auto const one = run(score, t.rows, t.n, 1);
  for (int const threads : {2, 3, 8}) {
    auto const more = run(score, t.rows, t.n, threads);
    EXPECT_TRUE(same_bits(one.reward, more.reward));
    EXPECT_EQ(one.status, more.status);
    EXPECT_EQ(std::memcmp(&one.seen.reward, &more.seen.reward, sizeof one.seen.reward), 0);
    EXPECT_TRUE(same_bits(one.reward, run(dynamic_expression(score), t.rows, t.n, threads).reward));
  }
  vec rewards(70000);
  reward::evaluate(exec::cpu{}, score, t.rows, {rewards});
  EXPECT_TRUE(same_bits(one.reward, rewards));
  auto const backwards = [](std::int64_t n, loop_body const& f) {
    for (std::int64_t i = n; i-- > 0;) f(i);
  };
  reward::evaluate(backwards, score, t.rows, {rewards});
  EXPECT_TRUE(same_bits(one.reward, rewards));
}

TEST(reward_evaluate, the_order_of_rows_changes_no_bit) {
  random_table const t(34, 5000, 0.1);
  auto const score = normalize_group(model, 1, 0) + normalize_batch(other) + kimi(length, correct) + group_mean(model);
  auto const one = run(score, t.rows, t.n);
  std::vector<std::size_t> order(5000);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i * 1237 % 5000;
  std::vector<std::vector<reward::outcome>> columns(5);
  std::vector<std::int64_t> ids;
  for (std::size_t const i : order) {
    for (std::size_t c = 0; c < 5; ++c) columns[c].push_back(t.columns[c][i]);
    ids.push_back(~t.ids[i]);  // other names for the same groups
  }
  reward::table rows;
  for (auto const& c : columns) rows.columns.emplace_back(c);
  rows.by = groups<>::by_id(ids);
  auto const two = run(score, rows, t.n);
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(std::memcmp(&two.reward[i], &one.reward[order[i]], sizeof(double)), 0) << i;
  }
}

TEST(reward_evaluate, ids_and_offsets_are_the_same_groups) {
  vec const x{1, 2, 3, 10, 20, 5};
  std::vector<std::int64_t> const ids{4, 4, 4, -1, -1, 7};
  std::vector<std::int32_t> const offsets{0, 3, 3, 5, 6};
  reward::table rows;
  rows.columns = {x};
  rows.by = groups<>::by_id(ids);
  auto const one = run(center_group(correct), rows, 6);
  rows.by = groups<>::by_offsets(offsets);
  auto const two = run(center_group(correct), rows, 6);
  EXPECT_TRUE(same_bits(one.reward, two.reward));
  EXPECT_EQ(one.reward, (vec{-1, 0, 1, -5, 5, 0}));
  EXPECT_EQ(one.seen.reward.groups, 3);
  EXPECT_EQ(two.seen.reward.groups, 4);
  EXPECT_EQ(two.seen.reward.empty, 1);
}

TEST(reward_evaluate, raw_and_shaped_side_by_side) {
  vec const right{1, 1, 0, 0};
  vec const tokens{10, 20, 10, 20};
  std::vector<std::int64_t> const ids{0, 0, 1, 1};
  reward::table rows;
  rows.columns = {right, tokens};
  rows.by = groups<>::by_id(ids);
  vec shaped(4);
  vec raw(4);
  constexpr reward::column<1, reward::tokens> count;
  auto const seen = reward::evaluate(
      serial_executor{}, reward::shaped_and_raw{correct - overlong(count, 20, 10), correct}, rows, {shaped, {}, raw});
  EXPECT_EQ(raw, right);
  EXPECT_EQ(shaped, (vec{1, 0, 0, -1}));
  // Shaping makes groups look mixed that are not.
  EXPECT_EQ(seen.raw.zero_spread_fraction(), 1.0);
  EXPECT_EQ(seen.reward.zero_spread_fraction(), 0.0);
  reward::evaluate(serial_executor{}, reward::shaped_and_raw{reward::parse("2 * column(0)"), correct}, rows,
                   {shaped, {}, raw});
  EXPECT_EQ(shaped, (vec{2, 2, 0, 0}));
}

TEST(reward_evaluate, columns_by_name) {
  vec const x{1, 2};
  vec const y{10, 20};
  reward::table rows;
  rows.columns = {reward::component(x, "correct"), reward::component(y, "answer length")};
  EXPECT_EQ(run(reward::parse("correct + 0.5 * column(\"answer length\")"), rows, 2).reward, (vec{6, 12}));
  EXPECT_EQ(run(reward::parse("ratio(tokens(\"answer length\"), tokens(1))"), rows, 2).reward, (vec{1, 1}));
}

TEST(reward_evaluate, empty_and_constant) {
  reward::table rows;
  EXPECT_TRUE(run(reward::schedule({{0, 2}}), rows, 0).reward.empty());
  EXPECT_EQ(run(reward::schedule({{0, 2}}), rows, 3).reward, (vec{2, 2, 2}));
  EXPECT_EQ(run(dynamic_expression(0.5), rows, 2).reward, (vec{0.5, 0.5}));
  vec const none;
  rows.columns = {none};
  std::vector<std::int64_t> const ids;
  rows.by = groups<>::by_id(ids);
  auto const w = run(normalize_batch(correct) + kimi(reward::column<0, reward::tokens>{}, correct), rows, 0);
  EXPECT_EQ(w.seen.reward.rows, 0);
  EXPECT_EQ(w.seen.reward.coverage(), 0.0);
}

TEST(reward_evaluate, wide_sums_and_deep_chains) {
  vec const x{1, 2, 3};
  reward::table rows;
  rows.columns = {x};
  dynamic_expression const one = dynamic_expression::column(0);
  dynamic_expression sum = one;
  dynamic_expression chain = one;
  dynamic_expression groups_of_groups = one;
  for (int k = 0; k < 1000; ++k) {
    sum = std::move(sum) + one;
    chain = affine(chain, 1, 1);
  }
  for (int k = 0; k < 30; ++k) groups_of_groups = group_max(groups_of_groups + 1.0);
  EXPECT_EQ(run(sum, rows, 3).reward, (vec{1001, 2002, 3003}));
  EXPECT_EQ(run(chain, rows, 3).reward, (vec{1001, 1002, 1003}));
  std::vector<std::int64_t> const ids{0, 0, 0};
  rows.by = groups<>::by_id(ids);
  EXPECT_EQ(run(groups_of_groups, rows, 3).reward, (vec{33, 33, 33}));
}

TEST(reward_report, components_by_hand) {
  std::vector<reward::outcome> const first{1.0, 0.0, {0.0, status::no_answer}, nan, 1.0, 1.0, {nan, status::error}};
  vec const second{5, 5, 5, 5, 2, 4, 6};
  std::vector<std::int64_t> const ids{1, 1, 1, 2, 3, 3, 9};
  reward::table rows;
  rows.columns = {first, second};
  rows.by = groups<>::by_id(ids);
  auto const r = reward::report_components(thread_executor{2}, rows).components;
  ASSERT_EQ(r.size(), 2U);
  EXPECT_EQ(r[0].rows, 7);
  EXPECT_EQ(r[0].count(status::scored), 4);
  EXPECT_EQ(r[0].count(status::no_answer), 1);
  EXPECT_EQ(r[0].count(status::abstained), 1);
  EXPECT_EQ(r[0].count(status::error), 1);
  EXPECT_EQ(r[0].coverage(), 4.0 / 7.0);
  EXPECT_EQ(r[0].mean(), 0.75);
  EXPECT_EQ(r[0].std(), 0.5);
  EXPECT_EQ(r[0].low, 0.0);
  EXPECT_EQ(r[0].high, 1.0);
  EXPECT_EQ(r[0].groups, 4);
  EXPECT_EQ(r[0].zero_spread, 1);  // group 3
  EXPECT_EQ(r[0].empty, 2);        // groups 2 and 9
  EXPECT_EQ(r[0].singletons, 0);
  EXPECT_EQ(r[1].zero_spread_fraction(), 0.25);
  EXPECT_EQ(r[1].singletons, 2);
  EXPECT_EQ(r[1].low, 2.0);
  EXPECT_EQ(r[1].high, 6.0);
}
TEST(reward_report, shards_merge_to_the_whole) {
  random_table const t(35, 4000, 0.3);
  std::vector<std::int64_t> ids(4000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i / 8);
  reward::table whole;
  reward::table shards[2];
  for (auto const& c : t.columns) {
    whole.columns.emplace_back(c);
    shards[0].columns.emplace_back(span<reward::outcome const>(c.data(), 1600));
    shards[1].columns.emplace_back(span<reward::outcome const>(c.data() + 1600, 2400));
  }
  whole.by = groups<>::by_id(ids);
  shards[0].by = groups<>::by_id(span<std::int64_t const>(ids.data(), 1600));
  shards[1].by = groups<>::by_id(span<std::int64_t const>(ids.data() + 1600, 2400));
  auto const all = reward::report_components(serial_executor{}, whole).components;
  auto parts = reward::report_components(serial_executor{}, shards[0]).components;
  auto const rest = reward::report_components(serial_executor{}, shards[1]).components;
  for (std::size_t k = 0; k < all.size(); ++k) {
    parts[k].merge(rest[k]);
    std::map<std::string, double> numbers;
    reward::component_numbers::numbers(
        all[k], [&](std::string_view name, auto x) { numbers[std::string(name)] = static_cast<double>(x); });
    EXPECT_EQ(numbers.size(), 16U);
    reward::component_numbers::numbers(parts[k], [&](std::string_view name, auto x) {
      double const want = numbers[std::string(name)];
      EXPECT_NEAR(static_cast<double>(x), want, 1e-12 * (1 + std::fabs(want))) << name;
    });
    reward::component_numbers nothing;
    nothing.merge(all[k]);
    EXPECT_EQ(nothing.low, all[k].low);
    EXPECT_EQ(nothing.scored.mean, all[k].scored.mean);
  }
}

/// A legal call and what is made wrong in it.
struct bad_call {
  vec x{1, 2, 3};
  vec y{0, 1, 0};
  std::vector<status> statuses = std::vector<status>(3, status::scored);
  std::vector<std::int64_t> ids{0, 0, 1};
  reward::table rows;
  vec out = vec(3, -77.0);
  reward::evaluation_outputs to;
  bad_call() {
    rows.columns = {reward::component(x, statuses), y};
    rows.by = groups<>::by_id(ids);
    to.reward = out;
  }
  template <class E>
  std::string text(E const& e) {
    std::string const got = error_of([&] { reward::evaluate(serial_executor{}, e, rows, to); });
    EXPECT_TRUE(got == "no error" || out == vec(3, -77.0)) << "written before the check";
    return got;
  }
};

TEST(reward_bad_input, columns) {
  bad_call c;
  EXPECT_EQ(c.text(correct + format), "no error");
  c.out.assign(3, -77.0);
  EXPECT_EQ(c.text(model), "aha::reward::evaluate: columns: expected at least 3, the expression reads column 2, got 2");
  EXPECT_EQ(c.text(reward::parse("column(7)")),
            "aha::reward::evaluate: columns: expected at least 8, the expression reads column 7, got 2");
  EXPECT_EQ(c.text(reward::parse("correct")),
            "aha::reward::evaluate: columns: expected one column named correct, got none");
  c.rows.columns[0].name = c.rows.columns[1].name = "correct";
  EXPECT_EQ(c.text(reward::parse("correct")),
            "aha::reward::evaluate: columns: expected one column named correct, got 2");
  c.x[1] = HUGE_VAL;
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: columns[\"correct\"]: expected numbers within +-1e+140, or NaN, got inf at row 1");
  c.x[1] = -1e141;
  EXPECT_EQ(
      c.text(correct),
      "aha::reward::evaluate: columns[\"correct\"]: expected numbers within +-1e+140, or NaN, got -1e+141 at row 1");
  c.x[1] = nan;
  c.statuses[2] = static_cast<status>(6);
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: columns[\"correct\"]: expected a status from 0 to 5, got 6 at row 2");
  c.statuses.resize(2);
  c.rows.columns[0] = reward::component(c.x, c.statuses);
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: columns[0]: expected 3 statuses, got 2");
  c.y.resize(2);
  c.rows.columns = {c.x, c.y};
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: columns[1]: expected 3 rows, got 2");
}
TEST(reward_bad_input, groups_steps_moments_and_policy) {
  bad_call c;
  c.rows.by = {};
  EXPECT_EQ(c.text(group_mean(correct)),
            "aha::reward::evaluate: groups: expected ids or offsets, the expression looks at groups, got neither");
  c.ids.resize(2);
  c.rows.by = groups<>::by_id(c.ids);
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: ids: expected 3 entries, got 2");
  std::vector<std::int64_t> const offsets{0, 2};
  c.rows.by = groups<>::by_offsets(offsets);
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: offsets: expected 3 at entry 1, got 2");
  c.rows.by = {};
  c.rows.step = nan;
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: step: expected a finite number, got nan");
  c.rows.step = 0;
  EXPECT_EQ(c.text(normalize_running(correct, 2)),
            "aha::reward::evaluate: running: expected at least 3, the expression reads slot 2, got 0");
  c.rows.running = {moments{2, 0.0, -1.0}};
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: running[0]: expected count >= 0, a finite mean and m2 >= 0, got (2, 0, -1)");
  c.rows.running.clear();
  c.rows.missing.value = HUGE_VAL;
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: value: expected a number within +-1e+140, got inf");
  c.rows.missing.value = 0;
  c.rows.missing.budget = static_cast<missing>(5);
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: budget: expected drop_row, drop_component, renormalize, value or "
            "own_value, got 5");
}
TEST(reward_bad_input, numbers_of_operations) {
  bad_call c;
  EXPECT_EQ(c.text(clip(correct, 2, 1)), "aha::reward::clip: low: expected at most high (1), got 2");
  EXPECT_EQ(c.text(gate(format, lexicographic(correct, format, 0))),
            "aha::reward::lexicographic: alpha: expected a number > 0, at most 1e+140, got 0");
  EXPECT_EQ(
      c.text(piecewise(correct, {})),
      "aha::reward::piecewise: points: expected 1 to 16 pairs (x, y) of finite numbers with rising x, two at one x for "
      "a jump, got none");
  EXPECT_EQ(c.text(nan * correct + format),
            "aha::reward::evaluate: weight: expected a number within +-1e+140, got nan");
  EXPECT_EQ(c.text(correct / 0), "aha::reward::evaluate: weight: expected a number within +-1e+140, got inf");
  EXPECT_EQ(c.text(correct + HUGE_VAL), "aha::reward::evaluate: number: expected a number within +-1e+140, got inf");
  EXPECT_EQ(c.text(dynamic_expression()), "aha::reward::evaluate: expression: expected an expression, got none");
  EXPECT_EQ(c.text(normalize_running(correct, 64)),
            "aha::reward::normalize_running: slot: expected an integer from 0 to 63, got 64");
}
TEST(reward_bad_input, outputs) {
  bad_call c;
  std::vector<status> few(2);
  c.to.status = few;
  EXPECT_EQ(c.text(correct), "aha::reward::evaluate: status: expected 3 entries, got 2");
  c.to.status = {};
  vec raw(3);
  c.to.raw = raw;
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: raw: expected no memory, the expression has no raw reward, got 3 entries");
  raw.resize(2);
  c.to.raw = raw;
  EXPECT_EQ(c.text(reward::shaped_and_raw{correct, correct}), "aha::reward::evaluate: raw: expected 3 entries, got 2");
  EXPECT_EQ(c.text(reward::shaped_and_raw{correct, model}),
            "aha::reward::evaluate: columns: expected at least 3, the expression reads column 2, got 2");
  c.to = {c.x};
  EXPECT_EQ(c.text(correct),
            "aha::reward::evaluate: reward: expected memory apart from columns[0], got overlapping memory");
  c.to = {c.out, {}, c.out};
  EXPECT_EQ(c.text(reward::shaped_and_raw{correct, correct}),
            "aha::reward::evaluate: raw: expected memory apart from reward, got overlapping memory");
}
TEST(reward_bad_input, a_report_checks_its_table) {
  bad_call c;
  c.y.resize(1);
  c.rows.columns[1] = c.y;
  EXPECT_EQ(error_of([&] { reward::report_components(serial_executor{}, c.rows); }),
            "aha::reward::report_components: columns[1]: expected 3 rows, got 1");
}

}  // namespace

// SPDX-License-Identifier: MIT
// Several rewards to one advantage: a plain double loop, and what three peers' functions return.
#include "error_of.hpp"

#include <aha/cpu/multi_reward.hpp>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <vector>

namespace {

using namespace aha;
using namespace aha::advantage;
using vec = std::vector<double>;
using ids_type = std::vector<std::int64_t>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class Method>
vec run(Method const& method, std::vector<vec> const& rewards, vec const& weights, ids_type const& ids,
        ids_type const& lengths = {}, int threads = 1, multi_reward_stats* stats = nullptr) {
  std::vector<span<double const>> views(rewards.begin(), rewards.end());
  vec adv(ids.size(), -77.0);
  index_view<host> count;
  if (!lengths.empty()) count = lengths;
  auto const seen =
      multi_reward_advantages(exec::cpu{threads}, method, views, weights, groups<>::by_id(ids), adv, count);
  if (stats != nullptr) *stats = seen;
  return adv;
}
void expect_near(vec const& got, vec const& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << i;
}

TEST(multi_reward, as_trl_has_it) {
  ids_type const three_groups{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
  expect_near(run(gdpo_trl,
                  {{1, 1, 0, 0, nan, 1, 0, 1, 1, 1, 0, 0},
                   {nan, -0.908, 5.241, 1.234, -0.56, 0.206, 4.026, nan, 0.368, -0.215, nan, 1.235},
                   {24.56, 9.57, 11.96, 2.01, 15.87, 10.26, 9.05, 2.77, 9.66, 5.81, 3.65, 1.88}},
                  {}, three_groups),
              {1.7728723819090932, -0.22648427177454253, 0.1703707712949775, -1.7167588814295278, 0.3712418010393405,
               0.24669874304732203, -0.07673320064979704, -0.5412073434368662, 1.6512485362637843, 0.08395103424514169,
               -1.0808704236020694, -0.654329146906856},
              1e-11);
  // Rows without any reward are in no statistic; a single valid reward of a group adds nothing.
  expect_near(
      run(gdpo_trl,
          {{0, nan, nan, nan, nan, nan, nan, 1, nan, nan, nan, 0},
           {1.48, nan, nan, 1.008, nan, nan, nan, 0.071, nan, nan, -0.521, -2.001}},
          {1.0, -0.5}, three_groups),
      {-0.9996151919474785, 0, 0, 0.9996151919474785, 0, 0, 0, 0, 0, 0, -0.9998191604778424, 0.9998191604778426},
      1e-11);
  expect_near(run(gdpo_trl, {{1, nan, 0, 1}, {nan, nan, 2, nan}}, {}, {5, 5, 5, 5}),
              {0.577292529937632, 0, -1.154585059875264, 0.577292529937632}, 1e-11);
}
TEST(multi_reward, as_verl_has_it) {
  expect_near(run(gdpo_verl, {{1, 0, 1, 0, 0, 1, 1, 0}, {0.5, 0.25, 0, 1, 0.75, 0.5, 0.5, 0.1}}, {2.0, 0.3},
                  {0, 1, 0, 2, 1, 0, 2, 1}, {5, 3, 5, 2, 6, 1, 4, 4}),
              {0.15224243700504303, -0.3136405050754547, -0.7247232794761658, -2.1688625812530518, 0.4301924407482147,
               0.15224243700504303, 1.88870370388031, -0.5367903709411621},
              2e-6);  // its components are float32
}
TEST(multi_reward, as_nemo_has_it) {
  std::vector<vec> const rewards{{1, 0, 0.5, 0.25, 1, -1, 2, 1}, {0, 1, 1, 0, 1, 1, 1, 0}};
  ids_type const ids{0, 0, 1, 0, 1, 1, 1, 2};
  expect_near(run(gdpo_nemo, rewards, {}, ids),
              {1.9242141055052915, -0.2167221255108157, -0.18311495750289652, -0.6439045681289097, 0.03113832730639419,
               -1.5040180067700706, 0.722686024660303, -0.13027879955929655},
              1e-9);
  constexpr multi_reward by_mean{group{mean{}, standard_deviation{1e-6, 1}}, whitening<>{standard_deviation{0.0, 1}}};
  expect_near(run(by_mean, rewards, {}, ids),
              {0.6995119571054534, 0.45565394130245085, -0.12869413681020983, -1.1551658984079043, 0.38608241043062946,
               -1.6730237785327275, 1.415635504912308, 0},
              2e-8);  // its Bessel factor is float32
}
TEST(multi_reward, combinations_stay_apart) {
  // (right, no format) and (wrong, format): a normalised sum cannot tell them.
  ids_type const ids(4, 0);
  vec const a = run(gdpo_trl, {{1, 0, 0, 0}, {0, 1, 1, 0}}, {}, ids);
  EXPECT_GT(std::fabs(a[0] - a[1]), 0.1);
}

TEST(multi_reward, a_plain_loop) {
  std::mt19937_64 gen(8);
  std::normal_distribution<double> normal(0.0, 1.0);
  std::size_t const n = 400;
  ids_type ids(n);
  ids_type lengths(n);
  std::vector<vec> rewards(3, vec(n));
  for (std::size_t i = 0; i < n; ++i) {
    ids[i] = static_cast<std::int64_t>(gen() % 50);
    lengths[i] = static_cast<std::int64_t>(gen() % 30);
    for (vec& r : rewards) r[i] = gen() % 9 == 0 ? nan : normal(gen);
  }
  vec const weights{1.0, -0.5, 2.0};
  for (auto const over : {last_step::none, last_step::sequences, last_step::tokens}) {
    multi_reward const method{group{mean{}, standard_deviation{1e-3, 0}}, whitening<>{standard_deviation{1e-2, 1}},
                              over};
    vec sum(n, 0.0);
    std::vector<bool> some(n, false);
    for (std::size_t k = 0; k < 3; ++k) {
      std::map<std::int64_t, vec> members;
      for (std::size_t i = 0; i < n; ++i) {
        if (!std::isnan(rewards[k][i])) members[ids[i]].push_back(rewards[k][i]);
      }
      for (std::size_t i = 0; i < n; ++i) {
        if (std::isnan(rewards[k][i])) continue;
        some[i] = true;
        vec const& m = members[ids[i]];
        double const count = static_cast<double>(m.size());
        double centre = 0;
        double squares = 0;
        for (double const x : m) centre += x / count;
        for (double const x : m) squares += (x - centre) * (x - centre);
        if (m.size() > 1) sum[i] += weights[k] * ((rewards[k][i] - centre) / (std::sqrt(squares / count) + 1e-3));
      }
    }
    vec want = sum;
    if (over != last_step::none) {
      double count = 0;
      double centre = 0;
      double squares = 0;
      auto const times = [&](std::size_t i) {
        if (!some[i]) return 0.0;
        return over == last_step::tokens ? static_cast<double>(lengths[i]) : 1.0;
      };
      for (std::size_t i = 0; i < n; ++i) count += times(i);
      for (std::size_t i = 0; i < n; ++i) centre += times(i) * sum[i] / count;
      for (std::size_t i = 0; i < n; ++i) squares += times(i) * (sum[i] - centre) * (sum[i] - centre);
      for (std::size_t i = 0; i < n; ++i) {
        want[i] = times(i) > 0 ? (sum[i] - centre) / (std::sqrt(squares / (count - 1)) + 1e-2) : 0.0;
      }
    }
    ids_type const given = over == last_step::tokens ? lengths : ids_type{};
    vec const got = run(method, rewards, weights, ids, given);
    expect_near(got, want, 1e-9);
    vec const more = run(method, rewards, weights, ids, given, 4);
    EXPECT_EQ(std::memcmp(got.data(), more.data(), n * sizeof(double)), 0);
  }
}
TEST(multi_reward, statistics_of_components) {
  multi_reward_stats stats;
  run(gdpo_trl, {{1, 0, nan, 0}, {1, 1, 1, 1}}, {}, {0, 0, 1, 1}, {}, 1, &stats);
  ASSERT_EQ(stats.components.size(), 2U);
  EXPECT_EQ(stats.components[0].invalid, 1);
  EXPECT_EQ(stats.components[1].zero_spread, 2);
  EXPECT_EQ(stats.sum.moments.count, 4);
}
TEST(multi_reward, bad_input) {
  vec const r{1, 2};
  ids_type const ids{0, 0};
  vec adv(2);
  auto const text = [&](auto const& method, std::vector<span<double const>> const& rewards, vec const& weights,
                        index_view<host> lengths = {}) {
    return error_of(
        [&] { multi_reward_advantages(exec::cpu{}, method, rewards, weights, groups<>::by_id(ids), adv, lengths); });
  };
  EXPECT_EQ(text(gdpo_trl, {}, {}), "aha::multi_reward_advantages: rewards: expected at least one component, got none");
  EXPECT_EQ(text(gdpo_trl, {r}, {1, 2}), "aha::multi_reward_advantages: weights: expected 1, one a component, got 2");
  EXPECT_EQ(text(gdpo_trl, {r}, {nan}), "aha::multi_reward_advantages: weights: expected finite numbers, got nan");
  EXPECT_EQ(text(gdpo_verl, {r}, {}),
            "aha::multi_reward_advantages: lengths: expected tokens of every row (the last step "
            "is over tokens), got none");
  EXPECT_EQ(text(gdpo_trl, {r}, {}, ids), "aha::multi_reward_advantages: lengths: expected none, got some");
  ids_type const negative{1, -1};
  EXPECT_EQ(text(gdpo_verl, {r}, {}, negative),
            "aha::multi_reward_advantages: lengths: expected numbers >= 0, got -1 at entry 1");
  EXPECT_EQ(text(gdpo_trl, {adv}, {}),
            "aha::multi_reward_advantages: adv: expected memory apart from rewards[0], got overlapping memory");
  vec const three(3);
  EXPECT_EQ(text(gdpo_trl, {three}, {}), "aha::multi_reward_advantages: rewards[0]: expected 2 entries, got 3");
  vec const infinite{1, HUGE_VAL};
  EXPECT_EQ(text(gdpo_trl, {r, infinite}, {}),
            "aha::multi_reward_advantages: rewards[1]: expected numbers within +-1e+140, or NaN, got inf at entry 1");
  multi_reward wrong = gdpo_trl;
  wrong.over = static_cast<last_step>(3);
  EXPECT_EQ(text(wrong, {r}, {}), "aha::multi_reward_advantages: over: expected none, sequences or tokens, got 3");
}

}  // namespace

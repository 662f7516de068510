// SPDX-License-Identifier: MIT
#include <aha/advantage/registry.hpp>
#include <aha/cpu/advantages.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace aha;
using advantage::leave_one_out;
using advantage::no_baseline;
using advantage::no_scale;
using advantage::spread_of;
using advantage::standard_deviation;
using ids_type = std::vector<std::int64_t>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Advantages by id, and the report if wanted.
template <class T, class Method>
std::vector<T> run(Method const& method, std::vector<T> const& reward, ids_type const& ids,
                   advantage_stats* stats = nullptr, mask_view<host> valid = {}) {
  std::vector<T> adv(reward.size(), T(-77));
  advantage_stats const s = advantages(exec::cpu{1}, method, reward, groups<>::by_id(ids), adv, valid);
  if (stats != nullptr) *stats = s;
  return adv;
}
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// sqrt(m2 / (n - ddof)) with eps where the scale wants it.
double divisor_of(standard_deviation const& s, double m2, double n) {
  double const variance = m2 / (n - s.ddof);
  if (s.eps_at == advantage::eps_at::variance) return std::sqrt(variance + s.eps);
  if (s.eps_at == advantage::eps_at::floor) return std::sqrt(std::max(variance, s.eps));
  return std::sqrt(variance) + s.eps;
}
double squares_of(std::vector<double> const& x) {
  double const mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  return std::accumulate(x.begin(), x.end(), 0.0, [&](double s, double v) { return s + (v - mean) * (v - mean); });
}
bool equal(std::vector<double> const& x) {
  return std::all_of(x.begin(), x.end(), [&](double v) { return v == x[0]; });
}

/// The formulas as a textbook has them: two passes in double, in the order of the rows.
template <class Baseline, class Scale>
std::vector<double> reference(advantage::group<Baseline, Scale> const& m, std::vector<double> const& reward,
                              ids_type const& ids, std::vector<std::uint8_t> const& valid) {
  std::map<std::int64_t, std::vector<std::size_t>> members;
  std::vector<double> all;
  for (std::size_t i = 0; i < reward.size(); ++i) {
    if (valid[i] == 0 || std::isnan(reward[i])) continue;
    members[ids[i]].push_back(i);
    all.push_back(reward[i]);
  }
  auto const of_rows = [&](std::vector<std::size_t> const& rows, std::size_t without) {
    std::vector<double> x;
    for (auto const i : rows) {
      if (i != without) x.push_back(reward[i]);
    }
    return x;
  };
  constexpr auto nobody = static_cast<std::size_t>(-1);
  double within = 0;
  for (auto const& [id, rows] : members) within += squares_of(of_rows(rows, nobody));
  bool constexpr centred = !std::is_same_v<Baseline, no_baseline>;
  std::vector<double> adv(reward.size(), 0.0);
  for (auto const& [id, rows] : members) {
    std::vector<double> const x = of_rows(rows, nobody);
    double const n = static_cast<double>(rows.size());
    double const sum = std::accumulate(x.begin(), x.end(), 0.0);
    bool constexpr by_group = Scale::source == spread_of::group || Scale::source == spread_of::siblings;
    for (auto const i : rows) {
      double& a = adv[i];
      a = reward[i];
      if (rows.size() == 1 && (centred || by_group)) {
        a = m.singleton == advantage::singleton::keep_reward ? reward[i] : 0.0;
        continue;
      }
      if constexpr (std::is_same_v<Baseline, advantage::mean>) a = reward[i] - sum / n;
      if constexpr (std::is_same_v<Baseline, leave_one_out>) a = reward[i] - (sum - reward[i]) / (n - 1);
      if (equal(x) && centred) a = 0;
      if constexpr (Scale::source != spread_of::nothing) {
        std::vector<double> const siblings = of_rows(rows, i);
        bool flat = equal(x);
        double s = 1;
        if constexpr (Scale::source == spread_of::group) s = divisor_of(m.scale, squares_of(x), n);
        if constexpr (Scale::source == spread_of::siblings) s = divisor_of(m.scale, squares_of(siblings), n - 1);
        if constexpr (Scale::source == spread_of::batch) {
          flat = equal(all);
          s = divisor_of(m.scale, squares_of(all), static_cast<double>(all.size()));
        }
        if constexpr (Scale::source == spread_of::batch_centred) {
          flat = within == 0;
          s = divisor_of(m.scale, within, static_cast<double>(all.size()));
        }
        if (flat) {
          if (m.zero_spread == advantage::zero_spread::zero) a = 0;
        } else if (Scale::source == spread_of::siblings && equal(siblings)) {
          if (m.flat_rest == advantage::flat_rest::zero) a = 0;
        } else {
          a /= s;
        }
      }
    }
  }
  for (double& a : adv) a = std::min(std::max(a, m.clip.low), m.clip.high);
  return adv;
}

/// Ragged groups of 1 to 9 (some of equal rewards, some invalid rewards) with ids over the whole range, rows shuffled.
struct batch {
  ids_type ids;
  std::vector<double> reward;
  std::vector<std::uint8_t> valid;
  explicit batch(unsigned seed, int count = 40) {
    std::mt19937_64 gen(seed);
    std::normal_distribution<double> normal(0.5, 2.0);
    for (int g = 0; g < count; ++g) {
      auto const id = static_cast<std::int64_t>(gen());
      double const flat = normal(gen);
      bool const equal = g % 7 == 3;
      for (auto n = 1 + static_cast<int>(gen() % 9); n > 0; --n) {
        ids.push_back(id);
        reward.push_back(equal ? flat : normal(gen));
        if (gen() % 11 == 0) reward.back() = nan;
        valid.push_back(gen() % 13 != 0);
      }
    }
    std::vector<std::size_t> order(ids.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), gen);
    permute(order);
  }
  void permute(std::vector<std::size_t> const& order) {
    batch const old = *this;
    for (std::size_t i = 0; i < order.size(); ++i) {
      ids[i] = old.ids[order[i]];
      reward[i] = old.reward[order[i]];
      valid[i] = old.valid[order[i]];
    }
  }
};

/// Calls f with every baseline, scale, policy, and several eps, ddof, eps_at and clips.
template <class F>
void for_each_method(F&& f) {
  using advantage::eps_at;
  for_each_type(advantage::baselines{}, [&](auto b) {
    for_each_type(advantage::scales{}, [&](auto s) {
      using B = typename decltype(b)::type;
      using S = typename decltype(s)::type;
      for (auto const one : {advantage::singleton::zero, advantage::singleton::keep_reward}) {
        for (auto const flat : {advantage::zero_spread::zero, advantage::zero_spread::unscaled}) {
          bool const both = flat == advantage::zero_spread::zero;
          advantage::group<B, S> m{B{}, S{}, one, flat,
                                   both ? advantage::flat_rest::unscaled : advantage::flat_rest::zero};
          if constexpr (S::source != spread_of::nothing) {
            for (S const& scale : {S{0.0, 0}, S{0.0, 1}, S{1e-6, 0}, S{1e-4, 1}, S{1e-2, 1, eps_at::variance},
                                   S{0.5, 0, eps_at::floor}, S{1e-8, 1, eps_at::floor}}) {
              m.scale = scale;
              f(m);
            }
            m.clip = advantage::clip_range(-0.5, 0.75);
            f(m);
          } else {
            f(m);
          }
        }
      }
    });
  });
}

TEST(advantage, methods_are_constants) {
  constexpr advantage::group my{advantage::leave_one_out{}, advantage::no_scale{}};
  static_assert(std::is_same_v<decltype(my), advantage::group<leave_one_out, no_scale> const>);
  static_assert(advantage::grpo.scale.eps == 1e-6 && advantage::grpo.scale.ddof == 1);
  static_assert(advantage::grpo.singleton == advantage::singleton::zero);
  constexpr advantage::group kept{advantage::mean{}, standard_deviation{1e-4, 0}, advantage::singleton::keep_reward};
  static_assert(kept.singleton == advantage::singleton::keep_reward && kept.scale.ddof == 0);
  EXPECT_TRUE(advantage::validate(my, "f").ok());
}

TEST(advantage, literal_values) {
  std::vector<double> const r{1, 0, 0, 1, 0};
  ids_type const ids{5, 5, -2, 5, -2};
  // Group 5: mean 2/3, sample deviation sqrt(1/3).  Group -2: all equal.
  double const s = std::sqrt(1.0 / 3.0) + 1e-6;
  std::vector<double> const grpo{(1.0 / 3.0) / s, (-2.0 / 3.0) / s, 0, (1.0 / 3.0) / s, 0};
  std::vector<double> const got = run(advantage::grpo, r, ids);
  for (std::size_t i = 0; i < r.size(); ++i) EXPECT_NEAR(got[i], grpo[i], 1e-15);
  advantage::group const dr_grpo{advantage::mean{}, no_scale{}};
  std::vector<double> const dr = run(dr_grpo, r, ids);
  EXPECT_NEAR(dr[0], 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(dr[1], -2.0 / 3.0, 1e-15);
  advantage::group const rloo{leave_one_out{}, no_scale{}};
  EXPECT_EQ(run(rloo, r, ids), (std::vector<double>{0.5, -1.0, 0, 0.5, 0}));
  advantage::group const raw{no_baseline{}, no_scale{}};
  EXPECT_EQ(run(raw, r, ids), r);
}

TEST(advantage, every_method_equals_the_reference) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    batch const b(seed);
    for_each_method([&](auto const& m) {
      std::vector<double> const want = reference(m, b.reward, b.ids, b.valid);
      std::vector<double> const got = run(m, b.reward, b.ids, nullptr, b.valid);
      for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], 1e-13 * std::max(1.0, std::abs(want[i])))
            << m.baseline.name << " " << m.scale.name << " seed " << seed << " row " << i;
      }
    });
  }
}

/// More than one run of members: 256 at a time are gathered.
TEST(advantage, groups_longer_than_a_run_equal_the_reference) {
  std::mt19937_64 gen(5);
  std::normal_distribution<double> normal(0.5, 2.0);
  ids_type ids;
  std::vector<double> reward;
  std::vector<std::uint8_t> valid;
  std::int64_t id = 0;
  for (int const size : {255, 256, 257, 600, 3}) {
    ++id;
    for (int k = 0; k < size; ++k) {
      ids.push_back(id * 1000003);
      reward.push_back(gen() % 17 == 0 ? nan : normal(gen));
      valid.push_back(gen() % 13 != 0);
    }
  }
  for_each_method([&](auto const& m) {
    std::vector<double> const want = reference(m, reward, ids, valid);
    advantage_stats stats;
    std::vector<double> const got = run(m, reward, ids, &stats, valid);
    std::int64_t clipped = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 1e-13 * std::max(1.0, std::abs(want[i]))) << m.baseline.name << " " << m.scale.name;
      clipped += want[i] == m.clip.low || want[i] == m.clip.high ? 1 : 0;
    }
    EXPECT_EQ(stats.clipped, clipped);
    EXPECT_EQ(stats.rewards, static_cast<std::int64_t>(reward.size()));
  });
}

TEST(advantage, float32_is_the_double_result_of_the_float32_rewards_rounded_once) {
  batch const b(11);
  std::vector<float> const narrow(b.reward.begin(), b.reward.end());
  std::vector<double> const wide(narrow.begin(), narrow.end());
  for_each_method([&](auto const& m) {
    std::vector<double> const want = run(m, wide, b.ids, nullptr, b.valid);
    std::vector<float> const got = run(m, narrow, b.ids, nullptr, b.valid);
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_EQ(got[i], static_cast<float>(want[i]));
  });
}

// --- the numerical promises, one by one

TEST(advantage_promises, close_rewards_do_not_cancel) {
  ids_type const ids{1, 1, 2, 2};
  std::vector<double> const r{1.00000, 1.00001, 2.00000, 2.00001};
  std::vector<float> const narrow(r.begin(), r.end());
  double const sign[] = {-1, 1, -1, 1};
  std::vector<double> const got = run(advantage::grpo, r, ids);
  std::vector<float> const got32 = run(advantage::grpo, narrow, ids);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(got[i], sign[i] * 0.6196, 1e-3);
    // The float32 neighbours are 1.0014e-5 apart: their own answer, 0.61962, is as close.
    EXPECT_NEAR(got32[i], sign[i] * 0.6196, 1e-3);
  }
}

TEST(advantage_promises, equal_rewards_are_exactly_zero) {
  for (double const r : {0.1, 0.3, 0.35, 0.4, 1.2, 5.3, -0.7, 1e-30, 1e30}) {
    for (std::size_t const n : {2U, 3U, 7U, 8U, 64U}) {
      for_each_method([&](auto const& m) {
        if constexpr (std::decay_t<decltype(m)>{}.baseline.centres) {
          EXPECT_TRUE(same_bits(run(m, std::vector<double>(n, r), ids_type(n, 4)), std::vector<double>(n, 0.0))) << r;
          EXPECT_TRUE(same_bits(run(m, std::vector<float>(n, static_cast<float>(r)), ids_type(n, 4)),
                                std::vector<float>(n, 0.0F)))
              << r;
        }
      });
    }
  }
}

TEST(advantage_promises, leave_one_out_of_a_flat_remainder_is_the_gap) {
  std::vector<double> const r{0.35, 0.35, 0.35, 1.0, 0.35, 0.35, 0.35, 0.35};
  advantage::group const rloo{leave_one_out{}, no_scale{}};
  std::vector<double> const got = run(rloo, r, ids_type(8, 0));
  EXPECT_NEAR(got[3], 0.65, 1e-15);
  EXPECT_NEAR(got[0], 0.35 - (6 * 0.35 + 1.0) / 7, 1e-15);
  EXPECT_NEAR(run(rloo, std::vector<float>(r.begin(), r.end()), ids_type(8, 0))[3], 0.65, 1e-6);
}

TEST(advantage_promises, leave_one_out_over_std_divides_by_the_whole_groups_deviation) {
  std::vector<double> const r{0.35, 0.35, 0.35, 1.0};
  advantage::group const m{leave_one_out{}, standard_deviation{0.0, 1}};
  EXPECT_NEAR(run(m, r, ids_type(4, 0))[3], 0.65 / 0.325, 1e-14);
}

TEST(advantage_promises, shuffled_rows_and_new_ids_change_no_bit) {
  std::mt19937_64 gen(7);
  batch b(21, 60);
  for_each_method([&](auto const& m) {
    batch moved = b;
    std::vector<double> want = run(m, b.reward, b.ids, nullptr, b.valid);
    std::vector<std::size_t> order(b.ids.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), gen);
    moved.permute(order);
    std::map<std::int64_t, std::int64_t> renamed;
    for (auto& id : moved.ids) {
      auto const fresh = static_cast<std::int64_t>(gen());
      id = renamed.emplace(id, fresh).first->second;
    }
    std::vector<double> const got = run(m, moved.reward, moved.ids, nullptr, moved.valid);
    std::vector<double> expected(want.size());
    for (std::size_t i = 0; i < order.size(); ++i) expected[i] = want[order[i]];
    EXPECT_TRUE(same_bits(got, expected)) << m.baseline.name << " " << m.scale.name;
  });
}

TEST(advantage_promises, invalid_rewards_are_zero_and_leave_siblings_bitwise_alone) {
  batch const b(31, 60);
  batch pure = b;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < b.ids.size(); ++i) {
    if (b.valid[i] != 0 && !std::isnan(b.reward[i])) kept.push_back(i);
  }
  ASSERT_LT(kept.size() + 20, b.ids.size());
  pure.permute(kept);
  pure.ids.resize(kept.size());
  pure.reward.resize(kept.size());
  batch garbage = b;
  for (std::size_t i = 0; i < b.ids.size(); ++i) {
    double const junk[] = {nan, std::numeric_limits<double>::infinity(), 1e300, -4.0};
    if (b.valid[i] == 0) garbage.reward[i] = junk[i % 4];
  }
  for_each_method([&](auto const& m) {
    advantage_stats stats;
    std::vector<double> const want = run(m, pure.reward, pure.ids);
    std::vector<double> const got = run(m, garbage.reward, b.ids, &stats, b.valid);
    std::vector<double> expected(b.ids.size(), 0.0);
    for (std::size_t i = 0; i < kept.size(); ++i) expected[kept[i]] = want[i];
    EXPECT_TRUE(same_bits(got, expected)) << m.baseline.name << " " << m.scale.name;
    EXPECT_EQ(stats.invalid, static_cast<std::int64_t>(b.ids.size() - kept.size()));
  });
}

TEST(advantage_promises, a_group_of_one_follows_its_policy) {
  // Alone in its group, and alone because its sibling is invalid.
  std::vector<double> const r{2.5, -3.0, nan, 1.0, 2.0};
  ids_type const ids{0, 1, 1, 2, 2};
  for_each_method([&](auto const& m) {
    advantage_stats stats;
    std::vector<double> const got = run(m, r, ids, &stats);
    bool const by_group = m.scale.source == spread_of::group || m.scale.source == spread_of::siblings;
    if (m.baseline.centres || by_group) {
      bool const kept = m.singleton == advantage::singleton::keep_reward;
      EXPECT_EQ(got[0], kept ? m.clip(2.5) : 0.0);
      EXPECT_EQ(got[1], kept ? m.clip(-3.0) : 0.0);
    } else if (m.scale.source == spread_of::nothing) {
      EXPECT_EQ(got[0], 2.5);
      EXPECT_EQ(got[1], -3.0);
    } else {
      EXPECT_GT(got[0], 0.0);  // nothing undefined: the reward over the batch's spread
      EXPECT_LT(got[1], 0.0);
    }
    EXPECT_EQ(got[2], 0.0);
    bool const flat_rest = m.scale.source == spread_of::siblings && m.flat_rest == advantage::flat_rest::zero;
    EXPECT_EQ(got[4] == 0.0, flat_rest);
    EXPECT_EQ(stats.singletons, 2);
  });
}

TEST(advantage_promises, zero_spread_under_no_baseline_follows_its_policy) {
  std::vector<double> const r{0.35, 0.35, 1.0, 2.0};
  ids_type const ids{0, 0, 1, 1};
  advantage::group m{no_baseline{}, standard_deviation{1e-6, 1}};
  EXPECT_EQ(run(m, r, ids)[0], 0.0);
  m.zero_spread = advantage::zero_spread::unscaled;
  EXPECT_EQ(run(m, r, ids)[0], 0.35);
  EXPECT_NEAR(run(m, r, ids)[3], 2.0 / (std::sqrt(0.5) + 1e-6), 1e-14);
  advantage::group const raw{no_baseline{}, no_scale{}};  // nothing is divided: the policy has nothing to say
  EXPECT_EQ(run(raw, r, ids), r);
}

TEST(advantage_promises, no_eps_and_a_spread_whose_square_underflows_stay_finite) {
  advantage::group const m{advantage::mean{}, standard_deviation{0.0, 1}};
  EXPECT_EQ(run(m, std::vector<double>{0.0, 1e-200}, {1, 1}), (std::vector<double>{0.0, 0.0}));
  std::vector<double> const got = run(m, std::vector<double>{0.0, 1e-140}, {1, 1});
  EXPECT_NEAR(got[1], std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(run(m, std::vector<double>{-1e140, 1e140}, {1, 1})[1], std::sqrt(0.5), 1e-12);
}

TEST(advantage_promises, ids_offsets_threads_and_index_types_change_no_bit) {
  // More rows than one piece of work has.
  batch b(41, 20000);
  std::vector<std::size_t> order(b.ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto k) { return b.ids[i] < b.ids[k]; });
  b.permute(order);
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> small_ids(b.ids.size());
  for (std::size_t i = 0; i < b.ids.size(); ++i) {
    if (i > 0 && b.ids[i] != b.ids[i - 1]) offsets.push_back(static_cast<std::int64_t>(i));
    small_ids[i] = static_cast<std::int32_t>(offsets.size()) * 7 - 900;
  }
  offsets.push_back(static_cast<std::int64_t>(b.ids.size()));
  std::vector<std::int32_t> const small_offsets(offsets.begin(), offsets.end());
  ASSERT_GT(b.ids.size(), 65536U);

  advantage_stats stats;
  std::vector<double> const want = run(advantage::grpo, b.reward, b.ids, &stats, b.valid);
  groups<> const all[] = {groups<>::by_id(b.ids), groups<>::by_id(small_ids), groups<>::by_offsets(offsets),
                          groups<>::by_offsets(small_offsets)};
  for (groups<> const& by : all) {
    for (int const threads : {1, 2, 3, 0}) {
      std::vector<double> got(want.size(), -77.0);
      advantage_stats const s = advantages(exec::cpu{threads}, advantage::grpo, b.reward, by, got, b.valid);
      EXPECT_TRUE(same_bits(got, want)) << by.index_name() << " threads " << threads;
      EXPECT_EQ(s.groups, stats.groups);
      EXPECT_EQ(s.invalid, stats.invalid);
      EXPECT_EQ(s.empty, stats.empty);
      EXPECT_EQ(s.singletons, stats.singletons);
      EXPECT_EQ(s.zero_spread, stats.zero_spread);
      EXPECT_NEAR(s.mean, stats.mean, 1e-14);
      EXPECT_NEAR(s.std, stats.std, 1e-14);
      if (by.index().data == static_cast<void const*>(b.ids.data())) {
        EXPECT_EQ(s.mean, stats.mean);
        EXPECT_EQ(s.std, stats.std);
      }
    }
  }
}

TEST(advantage_stats, count_everything_once) {
  std::vector<double> const r{1.0, 3.0, 0.5, 0.5, 7.0, nan, nan, 2.0};
  ids_type const ids{0, 0, 1, 1, 2, 2, 3, 4};
  std::vector<std::uint8_t> const valid{1, 1, 1, 1, 1, 1, 1, 0};
  advantage_stats s;
  run(advantage::grpo, r, ids, &s, valid);
  EXPECT_EQ(s.groups, 5);
  EXPECT_EQ(s.rewards, 8);
  EXPECT_EQ(s.invalid, 3);
  EXPECT_EQ(s.empty, 2);
  EXPECT_EQ(s.singletons, 1);
  EXPECT_EQ(s.zero_spread, 1);
  EXPECT_EQ(s.reward.count, 5);
  EXPECT_NEAR(s.mean, 12.0 / 5, 1e-15);
  EXPECT_NEAR(s.std, std::sqrt((1.96 + 0.36 + 3.61 + 3.61 + 21.16) / 4), 1e-14);

  advantage_stats flat;
  run(advantage::grpo, std::vector<double>(30, 0.1),
      ids_type{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}, &flat);
  EXPECT_EQ(flat.mean, 0.1);
  EXPECT_EQ(flat.std, 0.0);
  EXPECT_EQ(flat.zero_spread, 6);
}

TEST(advantage_stats, no_rewards_is_legal) {
  std::vector<float> none;
  ids_type const no_ids;
  std::vector<std::int64_t> const zero{0};
  std::vector<std::int32_t> const empty_groups{0, 0, 0};
  advantage_stats s = advantages(exec::cpu{}, advantage::grpo, none, groups<>::by_id(no_ids), none);
  EXPECT_EQ(s.groups, 0);
  EXPECT_EQ(s.mean, 0.0);
  EXPECT_EQ(s.std, 0.0);
  EXPECT_EQ(advantages(exec::cpu{}, advantage::grpo, none, groups<>::by_offsets(zero), none).groups, 0);
  s = advantages(exec::cpu{}, advantage::grpo, none, groups<>::by_offsets(empty_groups), none);
  EXPECT_EQ(s.groups, 2);
  EXPECT_EQ(s.empty, 2);
}

TEST(advantage_arguments, spans_and_every_mask_type_are_read_in_place) {
  double const r[] = {1.0, 2.0, 9.0};
  double adv[] = {-77, -77, -77};
  ids_type const ids{0, 0, 0};
  advantage::group const m{advantage::mean{}, no_scale{}};
  auto const expect = [&](mask_view<host> valid) {
    std::fill(std::begin(adv), std::end(adv), -77.0);
    advantages(exec::scalar{}, m, span<double const>(r, 3), groups<>::by_id(ids), span<double>(adv, 3), valid);
    EXPECT_EQ(adv[0], -0.5);
    EXPECT_EQ(adv[1], 0.5);
    EXPECT_EQ(adv[2], 0.0);
  };
  bool const flags[] = {true, true, false};
  expect(span<bool const>(flags, 3));
  std::vector<std::uint8_t> const bytes{1, 2, 0};
  expect(bytes);
  std::vector<std::int64_t> const wide{1, -1, 0};
  expect(wide);
  std::vector<float> const real{1, 0.5F, 0};
  expect(real);
}

// --- bad input: the text, and an output that nobody touched

struct bad_call {
  std::vector<double> reward{1, 2, 3, 4};
  std::vector<double> adv = std::vector<double>(4, -77.0);
  ids_type ids{0, 0, 1, 1};
  ids_type offsets{0, 2, 4};
  std::vector<std::uint8_t> valid{1, 1, 1, 1};

  template <class Method>
  std::string text(Method const& m, groups<> const& by, mask_view<host> mask = {}) {
    std::vector<double> const before = adv;
    try {
      advantages(exec::cpu{}, m, reward, by, adv, mask);
    } catch (std::invalid_argument const& e) {
      EXPECT_TRUE(same_bits(adv, before)) << "written before validation";
      return e.what();
    }
    return "no error";
  }
  std::string text(groups<> const& by, mask_view<host> mask = {}) { return text(advantage::grpo, by, mask); }
};

TEST(advantage_bad_input, groups) {
  bad_call c;
  EXPECT_EQ(c.text(groups<>()), "aha::advantages: groups: expected ids or offsets, got neither");
  ids_type const two{0, 1};
  EXPECT_EQ(c.text(groups<>::by_id(two)), "aha::advantages: ids: expected 4 entries, got 2");
  EXPECT_EQ(c.text(groups<>::by_id(matrix<std::int64_t const>(c.ids.data(), 2, 2))),
            "aha::advantages: ids: expected a list, got a matrix");
  EXPECT_EQ(c.text(groups<>::by_offsets(matrix<std::int64_t const>(c.ids.data(), 2, 2))),
            "aha::advantages: offsets: expected a list, got a matrix");
  ids_type const none;
  EXPECT_EQ(c.text(groups<>::by_offsets(none)), "aha::advantages: offsets: expected at least 1 entry, got 0");
  ids_type const late{1, 2, 4};
  EXPECT_EQ(c.text(groups<>::by_offsets(late)), "aha::advantages: offsets: expected 0 at entry 0, got 1");
  ids_type const falling{0, 3, 2, 4};
  EXPECT_EQ(c.text(groups<>::by_offsets(falling)), "aha::advantages: offsets: expected at least 3 at entry 2, got 2");
  ids_type const early{0, 3};
  EXPECT_EQ(c.text(groups<>::by_offsets(early)), "aha::advantages: offsets: expected 4 at entry 1, got 3");
  ids_type const beyond{0, 2, 9};
  EXPECT_EQ(c.text(groups<>::by_offsets(beyond)), "aha::advantages: offsets: expected 4 at entry 2, got 9");
}

TEST(advantage_bad_input, columns) {
  bad_call c;
  std::vector<std::uint8_t> const three{1, 1, 1};
  EXPECT_EQ(c.text(groups<>::by_id(c.ids), three), "aha::advantages: valid: expected 4 entries, got 3");
  EXPECT_EQ(c.text(groups<>::by_id(c.ids), matrix<std::uint8_t const>(c.valid.data(), 2, 2)),
            "aha::advantages: valid: expected a list, got a matrix");
  c.adv.resize(5, -77.0);
  EXPECT_EQ(c.text(groups<>::by_id(c.ids)), "aha::advantages: adv: expected 4 entries, got 5");
  c.adv.resize(4);
  c.reward[2] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(c.text(groups<>::by_id(c.ids)),
            "aha::advantages: reward: expected numbers within +-1e+140, or NaN, got inf at entry 2");
  c.reward[2] = -1e141;
  EXPECT_EQ(c.text(groups<>::by_id(c.ids), c.valid),
            "aha::advantages: reward: expected numbers within +-1e+140, or NaN, got -1e+141 at entry 2");
  c.valid[2] = 0;
  EXPECT_EQ(c.text(groups<>::by_id(c.ids), c.valid), "no error");
}

TEST(advantage_bad_input, overlapping_outputs) {
  std::vector<double> buffer{1, 2, 3, 4, -77, -77, -77};
  std::vector<double> const before = buffer;
  std::vector<std::int64_t> ids{0, 0, 1, 1};
  auto const text_of = [](auto&& call) {
    try {
      call();
    } catch (std::invalid_argument const& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  span<double const> const reward(buffer.data(), 4);
  for (std::int64_t const shift : {0, 1, 3}) {
    EXPECT_EQ(text_of([&] {
                advantages(exec::cpu{}, advantage::grpo, reward, groups<>::by_id(ids),
                           span<double>(buffer.data() + shift, 4));
              }),
              "aha::advantages: adv: expected memory apart from reward, got overlapping memory");
  }
  EXPECT_EQ(buffer, before);
  std::vector<double> other{0.5, 1.5, 2.5, 3.5};
  std::vector<double> const other_before = other;
  EXPECT_EQ(text_of([&] {
              advantages(exec::cpu{}, advantage::grpo, reward, groups<>::by_id(ids), other, span<double>(other));
            }),
            "aha::advantages: adv: expected memory apart from valid, got overlapping memory");
  EXPECT_EQ(other, other_before);
  // The last entry of one against the first of the other: apart.
  std::vector<double> both(8, 1.0);
  EXPECT_EQ(text_of([&] {
              advantages(exec::cpu{}, advantage::grpo, span<double const>(both.data(), 4), groups<>::by_id(ids),
                         span<double>(both.data() + 4, 4));
            }),
            "no error");
}

TEST(advantage_bad_input, parameters) {
  bad_call c;
  auto const by = groups<>::by_id(c.ids);
  auto const text = [&](double eps, int ddof) {
    return c.text(advantage::group{advantage::mean{}, standard_deviation{eps, ddof}}, by);
  };
  EXPECT_EQ(text(-1e-9, 1), "aha::advantages: eps: expected a finite number >= 0, got -1e-09");
  EXPECT_EQ(text(nan, 1), "aha::advantages: eps: expected a finite number >= 0, got nan");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity(), 1),
            "aha::advantages: eps: expected a finite number >= 0, got inf");
  EXPECT_EQ(text(1e-6, 2), "aha::advantages: ddof: expected 0 or 1, got 2");
  EXPECT_EQ(text(1e-6, -1), "aha::advantages: ddof: expected 0 or 1, got -1");
  advantage::group m{advantage::mean{}, no_scale{}};
  m.singleton = static_cast<advantage::singleton>(2);
  EXPECT_EQ(c.text(m, by), "aha::advantages: singleton: expected zero or keep_reward, got 2");
  m.singleton = advantage::singleton::zero;
  m.zero_spread = static_cast<advantage::zero_spread>(7);
  EXPECT_EQ(c.text(m, by), "aha::advantages: zero_spread: expected zero or unscaled, got 7");
}

}  // namespace

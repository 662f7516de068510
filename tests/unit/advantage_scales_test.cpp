// SPDX-License-Identifier: MIT
// What advantages need beyond one group: batch scales over shards, siblings' spread, clips, run-time methods, statistics.
#include <aha/advantage/dynamic.hpp>
#include <aha/cpu/advantages.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace aha;
using advantage::batch_centred_deviation;
using advantage::batch_deviation;
using advantage::clip_range;
using advantage::leave_one_out;
using advantage::leave_one_out_deviation;
using advantage::mean;
using advantage::no_baseline;
using advantage::no_scale;
using advantage::standard_deviation;
using ids_type = std::vector<std::int64_t>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T, class Method>
std::vector<T> run(Method const& method, std::vector<T> const& reward, ids_type const& ids,
                   advantage_stats* stats = nullptr, std::optional<moments> const& batch = {}) {
  std::vector<T> adv(reward.size(), T(-77));
  advantage_stats const s = advantages(exec::cpu{1}, method, reward, groups<>::by_id(ids), adv, {}, batch);
  if (stats != nullptr) *stats = s;
  return adv;
}
template <class Call>
std::string text_of(Call&& call) {
  try {
    call();
  } catch (std::invalid_argument const& e) {
    return e.what();
  }
  return "no error";
}

TEST(batch_scale, literal_values) {
  // Groups {1, 0, 0.5, 0.25} and {1, 1, 1, 1}: batch mean 0.71875, m2 1.1796875; centred m2 0.546875.
  std::vector<double> const r{1, 0, 0.5, 0.25, 1, 1, 1, 1};
  ids_type const ids{4, 4, 4, 4, 9, 9, 9, 9};
  std::vector<double> const raw = run(advantage::group{mean{}, batch_deviation{1e-4, 1}}, r, ids);
  EXPECT_NEAR(raw[0], 0.5625 / (std::sqrt(1.1796875 / 7) + 1e-4), 1e-14);
  std::vector<double> const within = run(advantage::group{mean{}, batch_centred_deviation{1e-5, 1}}, r, ids);
  EXPECT_NEAR(within[1], -0.4375 / (std::sqrt(0.546875 / 7) + 1e-5), 1e-14);
  for (std::size_t i = 4; i < 8; ++i) {
    EXPECT_EQ(raw[i], 0.0);
    EXPECT_EQ(within[i], 0.0);
  }
}

TEST(batch_scale, a_batch_of_equal_rewards_is_exactly_zero) {
  for (double const r : {0.1, 0.35, 5.3}) {
    std::vector<double> const same(9, r);
    ids_type const ids{0, 0, 0, 1, 1, 1, 2, 2, 3};
    std::vector<double> const zero(9, 0.0);
    EXPECT_TRUE(same_bits(run(advantage::group{mean{}, batch_deviation{0.0, 1}}, same, ids), zero));
    EXPECT_TRUE(same_bits(run(advantage::group{leave_one_out{}, batch_centred_deviation{0.0, 0}}, same, ids), zero));
    advantage::group m{no_baseline{}, batch_deviation{0.0, 1}};
    EXPECT_TRUE(same_bits(run(m, same, ids), zero));
    m.zero_spread = advantage::zero_spread::unscaled;
    EXPECT_TRUE(same_bits(run(m, same, ids), same));
  }
}

// Groups spread over 1, 2 and 8 ranks, whole groups each: the host merges what a first call saw, or measures the rewards.
TEST(batch_scale, one_two_and_eight_ranks_equal_the_whole) {
  std::mt19937_64 gen(3);
  std::normal_distribution<double> normal(0.5, 1.0);
  std::vector<double> reward;
  ids_type ids;
  for (std::int64_t g = 0; g < 60; ++g) {
    double const level = normal(gen);
    for (auto n = 1 + gen() % 9; n > 0; --n) {
      ids.push_back(g);
      reward.push_back(gen() % 15 == 0 ? nan : level + 0.3 * normal(gen));
    }
  }
  auto const check = [&](auto const& method, bool centred) {
    std::vector<double> const want = run(method, reward, ids);
    for (std::int64_t const ranks : {1, 2, 8}) {
      std::vector<std::vector<double>> part(static_cast<std::size_t>(ranks));
      std::vector<ids_type> part_ids(part.size());
      std::vector<std::vector<double>> expected(part.size());
      for (std::size_t i = 0; i < reward.size(); ++i) {
        auto const r = static_cast<std::size_t>(ids[i] % ranks);
        part[r].push_back(reward[i]);
        part_ids[r].push_back(ids[i]);
        expected[r].push_back(want[i]);
      }
      advantage_stats seen;
      column_stats measured;
      for (std::size_t r = 0; r < part.size(); ++r) {
        advantage_stats s;
        run(advantage::group{mean{}, no_scale{}}, part[r], part_ids[r], &s);
        seen.merge(s);
        measured.merge(measure(exec::cpu{1}, part[r]));
      }
      EXPECT_EQ(seen.reward.count, measured.moments.count);
      EXPECT_NEAR(seen.reward.m2, measured.moments.m2, 1e-12 * measured.moments.m2);
      for (std::size_t r = 0; r < part.size(); ++r) {
        moments const given = centred ? seen.centred : measured.moments;
        std::vector<double> const got = run(method, part[r], part_ids[r], nullptr, given);
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_NEAR(got[i], expected[r][i], 1e-13 * std::max(1.0, std::abs(expected[r][i]))) << ranks << " ranks";
        }
      }
    }
  };
  check(advantage::group{mean{}, batch_deviation{1e-4, 1}}, false);
  check(advantage::group{leave_one_out{}, batch_deviation{1e-6, 0}}, false);
  check(advantage::group{no_baseline{}, batch_deviation{1e-6, 1, advantage::eps_at::variance}}, false);
  check(advantage::group{mean{}, batch_centred_deviation{1e-5, 1}}, true);
}

TEST(batch_scale, given_moments_are_checked_and_never_ignored) {
  std::vector<double> const r{1, 2};
  ids_type const ids{0, 0};
  std::vector<double> adv(2, -77.0);
  auto const call = [&](auto const& method, moments const& batch) {
    return text_of([&] { advantages(exec::cpu{}, method, r, groups<>::by_id(ids), adv, {}, batch); });
  };
  EXPECT_EQ(call(advantage::grpo, moments{2, 1.5, 0.5}),
            "aha::advantages: batch: expected no moments (the scale does not look at the batch), got some");
  EXPECT_EQ(call(advantage::group{mean{}, batch_deviation{}}, moments{-2, 1.5, 0.5}),
            "aha::advantages: batch: expected count >= 0, a finite mean and m2 >= 0, got (-2, 1.5, 0.5)");
  EXPECT_EQ(adv, (std::vector<double>{-77.0, -77.0}));
  // Moments without spread: no quotient.
  advantage::group m{mean{}, batch_deviation{}};
  EXPECT_EQ(run(m, r, ids, nullptr, moments{2, 1.5, 0.0}), (std::vector<double>{0.0, 0.0}));
  m.zero_spread = advantage::zero_spread::unscaled;
  EXPECT_EQ(run(m, r, ids, nullptr, moments{}), (std::vector<double>{-0.5, 0.5}));
}

TEST(siblings_scale, literal_values) {
  // NeMo-RL's own figures: rewards 1 to 6 in two groups of three.
  std::vector<double> const r{1, 2, 3, 4, 5, 6};
  ids_type const ids{0, 0, 0, 1, 1, 1};
  advantage::group const m{leave_one_out{}, leave_one_out_deviation{0.0, 1}};
  std::vector<double> const baseline{2.5, 2, 1.5, 5.5, 5, 4.5};
  std::vector<double> const s{0.5, 2.0, 0.5, 0.5, 2.0, 0.5};  // variances
  std::vector<double> const got = run(m, r, ids);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(got[i], (r[i] - baseline[i]) / std::sqrt(s[i]), 1e-14);
}

TEST(siblings_scale, a_flat_remainder_gives_the_gap_wherever_the_odd_one_stands) {
  advantage::group m{leave_one_out{}, leave_one_out_deviation{}};
  for (std::size_t at = 0; at < 8; ++at) {
    std::vector<double> r(8, 0.35);
    r[at] = 1.0;
    std::vector<float> const narrow(r.begin(), r.end());
    EXPECT_NEAR(run(m, r, ids_type(8, 2))[at], 0.65, 1e-15);
    EXPECT_NEAR(run(m, narrow, ids_type(8, 2))[at], 0.65, 1e-6);
    m.flat_rest = advantage::flat_rest::zero;
    EXPECT_EQ(run(m, r, ids_type(8, 2))[at], 0.0);
    EXPECT_LT(run(m, r, ids_type(8, 2))[(at + 1) % 8], 0.0);
    m.flat_rest = advantage::flat_rest::unscaled;
  }
  // Two rewards: the sibling is alone.
  EXPECT_EQ(run(m, std::vector<double>{1.0, 0.25}, {5, 5}), (std::vector<double>{0.75, -0.75}));
}

TEST(siblings_scale, an_outlier_does_not_cancel_the_rest) {
  // m2 of the group is 1e16 times that of the rest: m2 - d^2 n / (n - 1) would be rounding.
  std::vector<double> const r{1.0, 1.0 + 0x1p-26, 1.0 - 0x1p-26, 3.0};
  advantage::group const m{leave_one_out{}, leave_one_out_deviation{0.0, 1}};
  EXPECT_NEAR(run(m, r, ids_type(4, 0))[3] / (2.0 / 0x1p-26), 1.0, 1e-14);
}

TEST(clip, is_applied_at_the_end_and_counted) {
  std::vector<double> const r{0, 0, 0, 4, 7, 7, 2};
  ids_type const ids{0, 0, 0, 0, 1, 1, 2};
  advantage::group m{mean{}, no_scale{}};
  m.clip = clip_range(-0.75, 2.0);
  advantage_stats s;
  EXPECT_EQ(run(m, r, ids, &s), (std::vector<double>{-0.75, -0.75, -0.75, 2.0, 0, 0, 0}));
  EXPECT_EQ(s.clipped, 4);
  m.clip = clip_range(0.0, std::numeric_limits<double>::infinity());
  EXPECT_EQ(run(m, r, ids, &s), (std::vector<double>{0, 0, 0, 3.0, 0, 0, 0}));
  EXPECT_EQ(s.clipped, 3);
  m.singleton = advantage::singleton::keep_reward;
  m.clip = clip_range(1.5);
  EXPECT_EQ(run(m, r, ids)[6], 1.5);
}

TEST(clip, legal_ends_have_zero_between_them) {
  advantage::group m{mean{}, no_scale{}};
  double const inf = std::numeric_limits<double>::infinity();
  for (auto const& [low, high, legal] :
       {std::tuple{-1.0, 1.0, true}, std::tuple{0.0, 0.0, true}, std::tuple{-inf, inf, true},
        std::tuple{-inf, 3.0, true}, std::tuple{0.5, 1.0, false}, std::tuple{-2.0, -1.0, false},
        std::tuple{1.0, -1.0, false}, std::tuple{nan, 1.0, false}, std::tuple{-1.0, nan, false}}) {
    m.clip = clip_range(low, high);
    EXPECT_EQ(is_legal(m), legal) << low << " " << high;
    EXPECT_EQ(validate(m, "f").ok(), legal);
  }
  static_assert(is_legal(advantage::grpo));
}

TEST(legality, the_predicate_and_the_error_agree) {
  int refused = 0;
  for (double const eps : {-1.0, 0.0, 1e-6, nan, std::numeric_limits<double>::infinity()}) {
    for (int const ddof : {-1, 0, 1, 2}) {
      for (int const at : {0, 1, 2, 3}) {
        for (int const one : {0, 1, 2}) {
          for (int const rest : {0, 1, 2}) {
            advantage::group const m{mean{}, batch_deviation{eps, ddof, static_cast<advantage::eps_at>(at)},
                                     static_cast<advantage::singleton>(one), advantage::zero_spread::zero,
                                     static_cast<advantage::flat_rest>(rest)};
            bool const legal = eps >= 0 && eps <= 1 && ddof >= 0 && ddof <= 1 && at < 3 && one < 2 && rest < 2;
            EXPECT_EQ(is_legal(m), legal);
            EXPECT_EQ(validate(m, "f").ok(), legal);
            advantage::dynamic_group const d{advantage::dynamic_baseline(m.baseline), advantage::dynamic_scale(m.scale),
                                             m.singleton, m.zero_spread, m.flat_rest};
            EXPECT_EQ(is_legal(d), legal);
            EXPECT_EQ(validate(d, "f").message(), validate(m, "f").message());
            refused += legal ? 0 : 1;
          }
        }
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(dynamic_group, equals_the_static_method_bit_for_bit) {
  std::mt19937_64 gen(5);
  std::vector<double> r;
  ids_type ids;
  for (int i = 0; i < 400; ++i) {
    r.push_back(gen() % 20 == 0 ? nan : static_cast<double>(gen() % 5) * 0.1);
    ids.push_back(static_cast<std::int64_t>(gen() % 80));
  }
  int methods = 0;
  for_each_type(advantage::baselines{}, [&](auto b) {
    for_each_type(advantage::scales{}, [&](auto s) {
      advantage::group const m{typename decltype(b)::type{}, typename decltype(s)::type{}};
      advantage::dynamic_group const d{advantage::dynamic_baseline(m.baseline), advantage::dynamic_scale(m.scale)};
      EXPECT_TRUE(same_bits(run(m, r, ids), run(d, r, ids))) << m.baseline.name << " " << m.scale.name;
      ++methods;
    });
  });
  EXPECT_EQ(methods, 15);
}

TEST(advantage_stats_merge, two_shards_equal_the_whole) {
  std::vector<double> const r{1.0, 3.0, 0.5, 0.5, 7.0, nan, nan, 2.0};
  ids_type const ids{0, 0, 1, 1, 2, 2, 3, 4};
  advantage::group m{mean{}, standard_deviation{1e-6, 1}};
  m.clip = clip_range(0.5);
  advantage_stats whole;
  run(m, r, ids, &whole);
  advantage_stats merged;
  run(m, std::vector<double>(r.begin(), r.begin() + 4), ids_type(ids.begin(), ids.begin() + 4), &merged);
  advantage_stats other;
  run(m, std::vector<double>(r.begin() + 4, r.end()), ids_type(ids.begin() + 4, ids.end()), &other);
  merged.merge(other);
  EXPECT_EQ(merged.groups, whole.groups);
  EXPECT_EQ(merged.rewards, whole.rewards);
  EXPECT_EQ(merged.invalid, whole.invalid);
  EXPECT_EQ(merged.empty, whole.empty);
  EXPECT_EQ(merged.singletons, whole.singletons);
  EXPECT_EQ(merged.zero_spread, whole.zero_spread);
  EXPECT_EQ(merged.clipped, whole.clipped);
  EXPECT_EQ(whole.clipped, 2);
  EXPECT_EQ(merged.low, 0.5);
  EXPECT_EQ(merged.high, 7.0);
  EXPECT_EQ(whole.low, 0.5);
  EXPECT_EQ(whole.high, 7.0);
  EXPECT_NEAR(merged.mean, whole.mean, 1e-15);
  EXPECT_NEAR(merged.std, whole.std, 1e-15);
  EXPECT_EQ(merged.centred.count, 6);
  EXPECT_EQ(merged.centred.m2, 2.0);  // 1 and 3 around 2
  EXPECT_EQ(whole.zero_spread_fraction(), 0.2);
  EXPECT_EQ(advantage_stats{}.zero_spread_fraction(), 0.0);
}

TEST(advantage_stats_merge, a_batch_scale_reports_what_it_used) {
  std::mt19937_64 gen(5);
  std::normal_distribution<double> normal(0.5, 1.0);
  std::vector<double> r(90);
  ids_type ids(90);
  for (std::size_t i = 0; i < r.size(); ++i) {
    r[i] = normal(gen);
    ids[i] = static_cast<std::int64_t>(gen() % 12);
  }
  for (int round = 0; round < 5; ++round) {
    advantage_stats a;
    run(advantage::group{mean{}, batch_deviation{}}, r, ids, &a);
    column_stats const m = measure(exec::cpu{1}, r);
    EXPECT_EQ(a.reward.mean, m.moments.mean);
    EXPECT_EQ(a.reward.m2, m.moments.m2);
    advantage_stats c;
    std::vector<double> const want = run(advantage::group{mean{}, batch_centred_deviation{}}, r, ids, &c);
    EXPECT_EQ(run(advantage::group{mean{}, batch_centred_deviation{}}, r, ids, nullptr, c.centred), want);
    std::reverse(r.begin(), r.end() - round);
    std::reverse(ids.begin(), ids.end() - round);
  }
}

}  // namespace

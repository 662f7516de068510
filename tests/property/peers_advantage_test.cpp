// SPDX-License-Identifier: MIT
// Defects of other libraries that concern group statistics, whitening and advantages: each is a test that our answer is
// the right one. The numbers in comments are what the peer was seen to return.
#include <aha/advantage/registry.hpp>
#include <aha/cpu/advantages.hpp>
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/whiten.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace aha;
using advantage::batch_centred_deviation;
using advantage::batch_deviation;
using advantage::eps_at;
using advantage::leave_one_out;
using advantage::leave_one_out_deviation;
using advantage::mean;
using advantage::no_scale;
using advantage::singleton;
using advantage::standard_deviation;
using advantage::whitening;
using ids_type = std::vector<std::int64_t>;
using bytes = std::vector<std::uint8_t>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T, class Method>
std::vector<T> run(Method const& method, std::vector<T> const& reward, ids_type const& ids,
                   mask_view<host> valid = {}) {
  std::vector<T> adv(reward.size(), T(-77));
  advantages(exec::cpu{}, method, reward, groups<>::by_id(ids), adv, valid);
  return adv;
}
template <class T, class Method>
std::vector<T> white(Method const& method, std::vector<T> const& x, bytes const& mask) {
  std::vector<T> out(x.size(), T(-77));
  whiten(exec::cpu{}, method, x, out, mask);
  return out;
}
template <class T>
void expect_zero(std::vector<T> const& x) {
  for (T const v : x) EXPECT_EQ(v, T(0));
}

// --- verl

// float32 means leave a residue that eps amplifies: 8 x 1.2 -> 0.106, 8 x 5.3 -> 0.316; in float64 0.1 -> -1.5e-3.
TEST(peer_verl, equal_rewards_have_an_advantage) {
  for (float const r : {1.2F, 5.3F, 0.1F, 0.35F}) {
    for (std::size_t const n : {3U, 7U, 8U}) {
      expect_zero(run(advantage::grpo, std::vector<float>(n, r), ids_type(n, 1)));
      expect_zero(run(advantage::grpo, std::vector<double>(n, static_cast<double>(r)), ids_type(n, 1)));
    }
  }
}

// The vectorised form's variance floor made close rewards 0.0050 instead of 0.6196.
TEST(peer_verl, vectorised_grpo_floors_the_deviation) {
  std::vector<float> const r{1.00000F, 1.00001F, 2.00000F, 2.00001F};
  std::vector<float> const got = run(advantage::grpo, r, {0, 0, 1, 1});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[i], i % 2 == 0 ? -0.6196 : 0.6196, 1e-3);
  // The floor is there for those who ask for it by name.
  advantage::group const floored{mean{}, standard_deviation{1e-6, 1, eps_at::floor}};
  EXPECT_NEAR(run(floored, r, {0, 0, 1, 1})[1], 0.0050, 1e-4);
}

// `rloo` of a singleton is R in the loop and 0 vectorised: here it is one policy with a name.
TEST(peer_verl, two_forms_of_rloo_disagree_about_a_singleton) {
  advantage::group m{leave_one_out{}, no_scale{}};
  EXPECT_EQ(run(m, std::vector<double>{2.5}, {3})[0], 0.0);
  m.singleton = singleton::keep_reward;
  EXPECT_EQ(run(m, std::vector<double>{2.5}, {3})[0], 2.5);
}

// Numeric ids are array positions: 1.2 and 1.7 merge, "007" merges with "7", memory is max id + 1.
TEST(peer_verl, ids_are_truncated_and_used_as_positions) {
  ids_type const ids{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                     std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
  advantage::group const m{mean{}, no_scale{}};
  EXPECT_EQ(run(m, std::vector<double>{1, 10, 3, 30}, ids), (std::vector<double>{-1, -10, 1, 10}));
}

// `masked_whiten` raises for none or one entry, in the middle of a step.
TEST(peer_verl, whitening_refuses_a_mask_with_fewer_than_two_entries) {
  std::vector<float> const x{3.0F, -1.0F, 2.0F};
  expect_zero(white(whitening{}, x, {0, 0, 0}));
  expect_zero(white(whitening{}, x, {0, 1, 0}));
  whitening kept{};
  kept.singleton = singleton::keep_reward;
  EXPECT_EQ(white(kept, x, {0, 1, 0}), (std::vector<float>{0, -1, 0}));
}

// Equal advantages: a float32 residue over sqrt(1e-8), ten thousand times rounding.
TEST(peer_verl, whitening_amplifies_the_residue_of_equal_entries) {
  for (float const v : {0.1F, 0.35F, 1.2F, 5.3F}) {
    for (std::size_t const n : {3U, 7U, 1000U}) expect_zero(white(whitening{}, std::vector<float>(n, v), bytes(n, 1)));
  }
}

// REINFORCE++ with a baseline where every group is equal: nothing to learn, whatever whitening divides by.
TEST(peer_verl, reinforce_plus_plus_baseline_of_equal_groups_is_not_zero) {
  std::vector<float> const reward{0.1F, 0.1F, 0.1F, 5.3F, 5.3F, 5.3F, 5.3F};
  advantage::group const centre{mean{}, no_scale{}};
  std::vector<float> const adv = run(centre, reward, {0, 0, 0, 1, 1, 1, 1});
  std::vector<std::int64_t> const cu{0, 3, 5, 9, 9, 10, 12, 20};
  std::vector<float> tokens(20);
  std::vector<float> out(20, -1.0F);
  to_tokens(exec::cpu{}, adv, packed{cu}, tokens);
  whiten(exec::cpu{}, whitening{}, tokens, out);
  expect_zero(out);
}

// NaN outside the mask reaches masked positions of the result (NaN), and in other forms the statistics.
TEST(peer_verl, nan_under_the_mask_comes_out) {
  std::vector<double> const x{1, nan, 2, std::numeric_limits<double>::infinity(), 3};
  std::vector<double> const clean{1, 0, 2, 0, 3};
  bytes const mask{1, 0, 1, 0, 1};
  EXPECT_EQ(white(whitening{}, x, mask), white(whitening{}, clean, mask));
  EXPECT_EQ(white(whitening{}, x, mask)[1], 0.0);
}

// --- TRL

// Three rewards of 2.9 in float32: -2.4e-3 each, and `frac_reward_zero_std` 0.
TEST(peer_trl, a_zero_variance_group_is_neither_zero_nor_counted) {
  std::vector<float> const r(3, 2.9F);
  std::vector<float> adv(3, -1.0F);
  ids_type const ids(3, 0);
  advantage::group const m{mean{}, standard_deviation{1e-4, 1}};
  advantage_stats const s = advantages(exec::cpu{}, m, r, groups<>::by_id(ids), adv);
  expect_zero(adv);
  EXPECT_EQ(s.zero_spread, 1);
  EXPECT_EQ(s.zero_spread_fraction(), 1.0);
}

// With a batch scale `frac_reward_zero_std` is 0 or 1 for the whole batch, and a batch std was once taken per group.
TEST(peer_trl, the_batch_scale_hides_groups_of_zero_spread) {
  std::vector<double> const r{1, 1, 0, 2};
  std::vector<double> adv(4);
  ids_type const ids{0, 0, 1, 1};
  advantage::group const m{mean{}, batch_deviation{1e-4, 1}};
  advantage_stats const s = advantages(exec::cpu{}, m, r, groups<>::by_id(ids), adv);
  EXPECT_EQ(s.zero_spread_fraction(), 0.5);
  EXPECT_EQ(adv[0], 0.0);
  EXPECT_NEAR(adv[3], 1 / (std::sqrt(2.0 / 3) + 1e-4), 1e-14);
}

// An unscorable reward was taken for 0 and moved its siblings' baseline (+0.264 for the unscorable one itself).
TEST(peer_trl, an_unscorable_reward_moves_its_siblings) {
  std::vector<double> const with{1.0, nan, 0.5, 0.0, nan};
  std::vector<double> const without{1.0, 0.5, 0.0};
  for (auto const source : {0, 1, 2, 3}) {
    auto const check = [&](auto scale) {
      advantage::group const m{mean{}, scale};
      std::vector<double> const a = run(m, with, ids_type(5, 0));
      std::vector<double> const b = run(m, without, ids_type(3, 0));
      EXPECT_EQ(a, (std::vector<double>{b[0], 0.0, b[1], b[2], 0.0}));
    };
    if (source == 0) check(standard_deviation{1e-4, 1});
    if (source == 1) check(batch_deviation{1e-4, 1});
    if (source == 2) check(leave_one_out_deviation{1e-4, 1});
    if (source == 3) check(batch_centred_deviation{1e-4, 1});
  }
}

// Groups are equal-sized and consecutive: one dropped sample shifts rewards into other prompts' groups (open-instruct).
TEST(peer_trl, groups_shift_when_a_sample_is_dropped) {
  advantage::group const m{mean{}, no_scale{}};
  std::vector<double> const whole = run(m, std::vector<double>{1, 3, 5, 10, 30}, {0, 0, 0, 1, 1});
  std::vector<double> const dropped = run(m, std::vector<double>{1, 3, 10, 30}, {0, 0, 1, 1});
  EXPECT_EQ(dropped[2], whole[3]);
  EXPECT_EQ(dropped[3], whole[4]);
}

// --- NeMo-RL

// The std of the others by E[x^2] - E[x]^2 leaves 1.6e-4 where they are equal: an advantage of thousands instead of 0.65.
TEST(peer_nemo, leave_one_out_divides_by_the_residue_of_a_flat_rest) {
  std::vector<float> r(8, 0.35F);
  r[5] = 1.0F;
  advantage::group const m{leave_one_out{}, leave_one_out_deviation{1e-6, 1}};
  EXPECT_NEAR(run(m, r, ids_type(8, 0))[5], 0.65, 1e-6);
}

// Around 1000 the same form gives a std of 0 for a sample whose others have 0.22.
TEST(peer_nemo, one_pass_variance_cancels_around_1000) {
  std::vector<float> const r{1000.0F, 1000.25F, 1000.5F, 1000.125F};
  advantage::group const m{leave_one_out{}, leave_one_out_deviation{0.0, 1}};
  std::vector<float> const got = run(m, r, ids_type(4, 0));
  double const others = std::sqrt((0.25 * 0.25 + 0.5 * 0.5 + 0.125 * 0.125 - 0.875 * 0.875 / 3) / 2);
  EXPECT_NEAR(got[0], -(0.875 / 3) / others, 1e-6);
}

// An invalid sample gets the sum of the valid over n_valid - 1 as its baseline; here it has no advantage at all.
TEST(peer_nemo, an_invalid_sample_has_a_baseline) {
  std::vector<double> const r{0.5, 1.0, -1.0, 2.0};
  bytes const valid{1, 1, 1, 0};
  std::vector<double> const got = run(advantage::group{leave_one_out{}, no_scale{}}, r, ids_type(4, 0), valid);
  EXPECT_EQ(got[3], 0.0);
  EXPECT_DOUBLE_EQ(got[0], 0.5);
}

// --- AReaL, ROLL, slime, SkyRL, OpenRLHF

// Rows beyond the last full group are divided by eps: 500000 and 700000.
TEST(peer_areal, remainder_rows_are_divided_by_eps) {
  std::vector<double> const r{0.9, -1.25, 3.5, 0.0, 2.0, 2.0, -0.5, 0.125, 5.0, 7.0};
  advantage::group const m{mean{}, standard_deviation{1e-5, 1}};
  std::vector<double> const got = run(m, r, {0, 0, 0, 0, 1, 1, 1, 1, 2, 2});
  EXPECT_NEAR(got[8], -std::sqrt(0.5), 1e-5);
  EXPECT_NEAR(got[9], std::sqrt(0.5), 1e-5);
}

// The leave-one-out mean enters the group's std, which inflates it by n / (n - 1).
TEST(peer_areal, leave_one_out_inflates_the_deviation) {
  std::vector<double> const r{0.9, -1.25, 3.5, 0.0};
  advantage::group const m{leave_one_out{}, standard_deviation{1e-5, 1}};
  EXPECT_NEAR(run(m, r, ids_type(4, 0))[0], 0.15 / (2.0117881763910104 + 1e-5), 1e-12);
}

// A group std without a group mean broadcasts [B] against [G, 1]: 8 rewards give a [2, 8] table.
TEST(peer_roll, group_deviation_without_group_mean_has_the_wrong_shape) {
  std::vector<double> const r{1, 0, 0.5, 0.25, 1, 3, 1, 3};
  advantage::group const m{advantage::no_baseline{}, standard_deviation{1e-6, 1}};
  std::vector<double> const got = run(m, r, {0, 0, 0, 0, 1, 1, 1, 1});
  ASSERT_EQ(got.size(), r.size());
  EXPECT_NEAR(got[0], 1 / (std::sqrt(0.546875 / 3) + 1e-6), 1e-12);
  EXPECT_NEAR(got[5], 3 / (std::sqrt(4.0 / 3) + 1e-6), 1e-12);
}

// Whitening 0, 1, 2 entries: [0], [3], [-0.7071, 0.7071].
TEST(peer_roll, whitening_of_none_one_and_two_entries) {
  whitening m{};
  m.singleton = singleton::keep_reward;
  expect_zero(white(m, std::vector<double>{3.0}, {0}));
  EXPECT_EQ(white(m, std::vector<double>{3.0}, {1})[0], 3.0);
  std::vector<double> const two = white(m, std::vector<double>{1.0, 2.0}, {1, 1});
  EXPECT_NEAR(two[0], -0.7071, 1e-4);
  EXPECT_NEAR(two[1], 0.7071, 1e-4);
}

// A ragged batch becomes one group.
TEST(peer_slime, a_ragged_batch_is_one_group) {
  advantage::group const m{mean{}, no_scale{}};
  EXPECT_EQ(run(m, std::vector<double>{1, 3, 10, 20, 30}, {0, 0, 1, 1, 1}), (std::vector<double>{-1, 1, -10, 0, 10}));
}

// One valid token turns a masked 3.0 into 25000.
TEST(peer_slime, whitening_with_one_valid_token_explodes) {
  std::vector<float> const x{0.5F, 3.0F};
  expect_zero(white(whitening{}, x, {1, 0}));
}

// float32 E[x^2] - E[x]^2 of close advantages around a large mean.
TEST(peer_slime, one_pass_whitening_cancels) {
  std::vector<float> const x{4096.0F, 4096.25F, 4096.5F};
  std::vector<float> const got = white(whitening(standard_deviation{0.0, 1}), x, {1, 1, 1});
  EXPECT_EQ(got, (std::vector<float>{-1, 0, 1}));
}

// The mean is taken over all positions, padding included, the variance over the mask.
TEST(peer_skyrl, the_mean_of_batch_normalisation_counts_padding) {
  whitening const m(standard_deviation{1e-8, 0, eps_at::floor});
  EXPECT_EQ(white(m, std::vector<double>{1, 3, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0}),
            (std::vector<double>{-1, 1, 0, 0, 0, 0}));
}

// Singletons are NaN in group_norm and rloo (slime too), and an empty mask's mean is NaN.
TEST(peer_openrlhf, singletons_and_empty_masks_are_nan) {
  EXPECT_EQ(run(advantage::grpo, std::vector<double>{2.0}, {0})[0], 0.0);
  EXPECT_EQ(run(advantage::group{leave_one_out{}, no_scale{}}, std::vector<double>{2.0}, {0})[0], 0.0);
  bytes const none{0, 0};
  EXPECT_EQ(measure(exec::cpu{}, std::vector<double>{1, 2}, none).moments.mean, 0.0);
}

// Masked positions are not zeroed after the token norm: -mean / std stands at padding.
TEST(peer_openrlhf, whitened_padding_is_not_zero) {
  whitening const m(standard_deviation{1e-8, 0, eps_at::floor});
  std::vector<double> const got = white(m, std::vector<double>{1, 2, 0, 0}, {1, 1, 0, 0});
  EXPECT_EQ(got[2], 0.0);
  EXPECT_EQ(got[3], 0.0);
}

// torchtune's shift_mean=True adds the mean back: the same word, the opposite meaning.
TEST(peer_torchtune, shift_mean_is_reversed) {
  std::vector<double> const x{9, 10, 11};
  EXPECT_EQ(white(whitening(standard_deviation{0.0, 1}), x, {1, 1, 1}), (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(white(whitening(standard_deviation{0.0, 1}, false), x, {1, 1, 1}), (std::vector<double>{9, 10, 11}));
}

// GRPO of near-equal scores in open-instruct: std ddof 0, eps 1e-8; what float32 would lose is kept.
TEST(peer_open_instruct, near_equal_scores_keep_their_spread) {
  std::vector<double> const r{0.3, 0.3, 0.3, 0.30000000093132256};
  advantage::group const m{mean{}, standard_deviation{1e-8, 0}};
  EXPECT_NEAR(run(m, r, ids_type(4, 0))[3], 0.06714154573815874, 1e-6);
}

}  // namespace

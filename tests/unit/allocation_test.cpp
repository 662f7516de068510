// SPDX-License-Identifier: MIT
#include "count_allocations.hpp"

#include <gtest/gtest.h>

#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/parse.hpp>
#include <cmath>
#include <vector>

namespace {

// R8: entry points of the CPU engine allocate nothing; thread pools are made once, at first use.
TEST(allocation, entry_points_allocate_nothing) {
  EXPECT_EQ(count_allocations([] {
              std::vector<int> const seen(3);
              EXPECT_EQ(seen.size(), 3U);
            }),
            1);  // the hook counts

  std::int64_t const n = 5000;
  std::vector<float> x(static_cast<std::size_t>(6 * n), 0.25F), g(x.size());
  std::vector<std::int64_t> const ids{1, 2, 3, -100, 5, 6}, cu{0, 2, 2, 6};
  std::vector<float> logp(6), entropy(6), max(6), log_sum(6), old_logp(6, -8.0F), ref_logp(6, -8.5F),
      adv{1.0F, 2.0F, -1.0F};
  aha::logit_rows const rows{aha::matrix(static_cast<float const*>(x.data()), 6, n), ids, 0.9};
  aha::exec::cpu const both{2};
  auto const objective =
      aha::parse("sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\")) - 0.001 * token_mean(entropy())");
  std::vector<std::byte> workspace(static_cast<std::size_t>(aha::workspace_bytes(both, objective, rows)));
  aha::token_batch<> batch{aha::packed{cu}};
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = aha::per_sequence(adv);
  batch.totals = aha::totals(5, 2);
  auto const whole = [&] {
    return aha::loss_from_logits(both, objective, rows, batch, aha::matrix(g.data(), 6, n), workspace).loss;
  };
  double const first = whole();
  EXPECT_NE(first, 0.0);
  EXPECT_EQ(count_allocations([&] { EXPECT_EQ(whole(), first); }), 0);

  aha::logp_outputs<float> out;
  out.logp = logp;
  out.entropy = entropy;
  out.max = max;
  out.log_sum = log_sum;
  EXPECT_EQ(count_allocations([&] { aha::token_logp(both, rows, {}, out); }), 0);
  aha::softmax_columns<float> softmax;
  softmax.max = max;
  softmax.log_sum = log_sum;
  aha::logit_coefficients<float> by;
  by.dlogp = old_logp;
  EXPECT_EQ(count_allocations([&] { aha::logits_gradient(both, rows, {}, softmax, by, aha::matrix(g.data(), 6, n)); }),
            0);

  // in place, where nothing but the logits is written
  std::vector<float> mine = x;
  aha::logit_rows const own{aha::matrix(static_cast<float const*>(mine.data()), 6, n), ids, 0.9};
  aha::logit_gradient<> place = aha::matrix(mine.data(), 6, n);
  place.inplace = true;
  EXPECT_EQ(count_allocations(
                [&] { EXPECT_EQ(aha::loss_from_logits(both, objective, own, batch, place, workspace).loss, first); }),
            0);
  whole();
  EXPECT_EQ(mine, g);

  // shards of the vocabulary
  std::vector<aha::softmax_partial> left(6), right(6), merged(6);
  aha::logit_rows shard{aha::matrix(static_cast<float const*>(x.data()), 6, 2000, n), ids, 0.9};
  shard.vocab_size = n;
  aha::logit_rows rest{aha::matrix(static_cast<float const*>(x.data()) + 2000, 6, n - 2000, n), ids, 0.9};
  rest.vocab_offset = 2000;
  rest.vocab_size = n;
  aha::column<aha::softmax_partial const> const shards[] = {left, right};
  by.dlse = old_logp;
  EXPECT_EQ(count_allocations([&] {
              aha::softmax_partials(both, shard, {}, true, aha::column<aha::softmax_partial>(left));
              aha::softmax_partials(both, rest, {}, true, aha::column<aha::softmax_partial>(right));
              aha::merge_partials(both, aha::span(shards, 2), 0.9, aha::column<aha::softmax_partial>(merged));
              aha::token_logp_from_partials(both, aha::column<aha::softmax_partial const>(merged), 0.9, out);
              aha::logits_gradient(both, rest, {}, softmax, by, aha::matrix(g.data(), 6, n - 2000));
            }),
            0);
  EXPECT_NEAR(static_cast<double>(logp[0]), -std::log(5000.0), 1e-5);
  batch.logp = logp;
  batch.entropy = entropy;
  EXPECT_EQ(count_allocations([&] { EXPECT_NE(aha::loss(both, objective, batch).loss, 0.0); }), 0);
}

}  // namespace

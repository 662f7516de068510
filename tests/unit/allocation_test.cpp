// SPDX-License-Identifier: MIT
#include "count_allocations.hpp"

#include <gtest/gtest.h>

#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/parse.hpp>
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
  batch.logp = logp;
  batch.entropy = entropy;
  EXPECT_EQ(count_allocations([&] { EXPECT_NE(aha::loss(both, objective, batch).loss, 0.0); }), 0);
}

}  // namespace

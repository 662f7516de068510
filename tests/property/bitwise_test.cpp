// SPDX-License-Identifier: MIT
// Every bit is the same over threads, layouts, batch composition and tail lengths; micro-batches add up.
#include "batches.hpp"
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::same_bits;
using batches::shape;

using batches::every_column;
using batches::everything;

template <class T>
class bitwise : public ::testing::Test {};
using types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(bitwise, types);

TYPED_TEST(bitwise, over_threads) {
  using T = TypeParam;
  dynamic_objective const o = parse(everything);
  for (std::int64_t rows : {1, 3, 63, 64, 65, 150}) {  // below, at and above the number of chunks
    auto const d = batches::random<T>(21, rows, 45, mask_kind::ragged);
    auto one = batches::lay_out(d, shape::packed, every_column(scope::token));
    loss_result const want = loss(exec::cpu{1}, o, one.batch, one.out, observe::all);
    for (int threads : {0, 2, 3, 8}) {
      auto many = batches::lay_out(d, shape::packed, every_column(scope::token));
      loss_result const got = loss(exec::cpu{threads}, o, many.batch, many.out, observe::all);
      EXPECT_TRUE(same_bits(want.loss, got.loss)) << rows << " rows, " << threads << " threads";
      EXPECT_TRUE(same_bits(one.raw_outputs(), many.raw_outputs()));
      std::vector<double> a;
      std::vector<double> b;
      want.stats.for_each([&](char const*, double x) { a.push_back(x); });
      got.stats.for_each([&](char const*, double x) { b.push_back(x); });
      EXPECT_TRUE(same_bits(a, b));
    }
  }
}

/// One batch in every layout: every bit of what belongs to a token.
template <class T, class Exec>
void expect_layouts_agree(Exec const& exec, batches::data<T> const& d, scope s, dynamic_objective const& o) {
  auto first = batches::lay_out(d, shape::packed, every_column(s));
  loss_result const want = loss(exec, o, first.batch, first.out);
  for (shape other : batches::all_shapes) {
    auto l = batches::lay_out(d, other, every_column(s));
    loss_result const got = loss(exec, o, l.batch, l.out);
    char const* const name = batches::shape_names[static_cast<int>(other)];
    EXPECT_TRUE(same_bits(want.loss, got.loss)) << name << ", width " << d.width;
    EXPECT_TRUE(same_bits(first.gather_outputs(), l.gather_outputs())) << name << ", width " << d.width;
    EXPECT_TRUE(l.outputs_zero_elsewhere()) << name;
  }
}

TYPED_TEST(bitwise, over_layouts) {
  using T = TypeParam;
  dynamic_objective const o = parse(everything);
  for (mask_kind mask :
       {mask_kind::full, mask_kind::ragged, mask_kind::empty_row, mask_kind::left_padding, mask_kind::holes}) {
    for (scope s : {scope::sequence, scope::token}) {
      auto const d = batches::random<T>(22, 7, 300, mask);
      expect_layouts_agree<T>(exec::cpu{1}, d, s, o);
      expect_layouts_agree<T>(exec::scalar{}, d, s, o);
    }
  }
}

// Widths 0 to 40 are tails of 0 to 15 around one and two sums of 16; the others border blocks of 256.
TYPED_TEST(bitwise, over_layouts_at_every_tail) {
  using T = TypeParam;
  dynamic_objective const o = parse(everything);
  std::vector<std::int64_t> widths{255, 256, 257, 258, 511, 512, 513};
  for (std::int64_t w = 0; w <= 40; ++w) widths.push_back(w);
  for (std::int64_t w : widths) {
    for (mask_kind mask : {mask_kind::full, mask_kind::left_padding}) {
      expect_layouts_agree<T>(exec::cpu{1}, batches::random<T>(static_cast<std::uint64_t>(30 + w), 3, w, mask),
                              scope::token, o);
    }
  }
}

// A tail goes through the same batch code as a whole lane: what a token gets does not depend on what stands behind it.
TYPED_TEST(bitwise, a_token_does_not_depend_on_the_tail_behind_it) {
  using T = TypeParam;
  dynamic_objective const o =
      parse("token_mean(weight * clip(0.2, 0.28) + 0.04 * kl(\"k3\")) - 0.3 * token_mean(entropy())");
  auto const d = batches::random<T>(23, 1, 530, mask_kind::full);
  batches::choice const c = batches::columns_of(needs_of_objective(o).named);
  auto whole = batches::lay_out(d, shape::packed, c);
  loss(exec::cpu{1}, o, whole.batch, whole.out);
  std::vector<std::int64_t> lengths{255, 256, 257, 258, 511, 512, 513};
  for (std::int64_t n = 1; n <= 40; ++n) lengths.push_back(n);
  for (std::int64_t n : lengths) {
    auto cut = batches::lay_out(d, shape::packed, c);
    cut.index = {0, n};
    auto const prefix = [n](column<T const> x) { return column<T const>(span<T const>(x.data, n)); };
    auto& b = cut.batch;
    b.layout = packed<host>(cut.index);
    b.logp = prefix(b.logp);
    b.old_logp = old_column<T>(prefix(b.old_logp));
    b.ref_logp = prefix(b.ref_logp);
    b.entropy = prefix(b.entropy);
    b.adv.values = prefix(b.adv.values);
    b.weight.values = prefix(b.weight.values);
    outputs<T> out;
    out.dlogp = span<T>(cut.dlogp.data(), n);
    out.token_loss = span<T>(cut.token_loss.data(), n);
    loss(exec::cpu{1}, o, b, out);
    for (std::size_t t = 0; t < static_cast<std::size_t>(n); ++t) {
      ASSERT_EQ(cut.dlogp[t], whole.dlogp[t]) << "token " << t << " of " << n;
      ASSERT_EQ(cut.token_loss[t], whole.token_loss[t]) << "token " << t << " of " << n;
    }
  }
}

/// The sequences `which` of a batch as a batch of their own, with the totals of the whole.
template <class T>
batches::data<T> subset(batches::data<T> const& d, std::vector<std::int64_t> const& which) {
  batches::data<T> s;
  s.width = d.width;
  s.rows = static_cast<std::int64_t>(which.size());
  for (std::int64_t i : which) {
    auto const rows = [&](auto& to, auto const& from) {
      to.insert(to.end(), from.begin() + i * d.width, from.begin() + (i + 1) * d.width);
    };
    rows(s.logp, d.logp);
    rows(s.old_logp, d.old_logp);
    rows(s.ref_logp, d.ref_logp);
    rows(s.entropy, d.entropy);
    rows(s.lse, d.lse);
    rows(s.value, d.value);
    rows(s.old_value, d.old_value);
    rows(s.returns, d.returns);
    rows(s.given, d.given);
    rows(s.adv_token, d.adv_token);
    rows(s.weight_token, d.weight_token);
    rows(s.mask, d.mask);
    rows(s.keep, d.keep);
    auto const k = static_cast<std::size_t>(i);
    s.adv_sequence.push_back(d.adv_sequence[k]);
    s.weight_sequence.push_back(d.weight_sequence[k]);
    s.keep_sequence.push_back(d.keep_sequence[k]);
  }
  return s;
}

TYPED_TEST(bitwise, a_sequence_alone_and_in_a_batch) {
  using T = TypeParam;
  dynamic_objective const o = parse(everything);
  auto const d = batches::random<T>(24, 9, 270, mask_kind::holes);
  auto batch = batches::lay_out(d, shape::padded, every_column(scope::sequence));
  loss(exec::cpu{3}, o, batch.batch, batch.out);
  for (std::int64_t i = 0; i < d.rows; ++i) {
    auto alone = batches::lay_out(subset(d, {i}), shape::packed, every_column(scope::sequence));
    alone.batch.totals = batch.batch.totals;
    loss(exec::cpu{1}, o, alone.batch, alone.out);
    std::vector<T> row;
    for (std::vector<T> const* v : batch.outputs_in_order()) {
      row.insert(row.end(), v->begin() + i * d.width, v->begin() + (i + 1) * d.width);
    }
    EXPECT_TRUE(same_bits(alone.gather_outputs(), row)) << i;
  }
}

TYPED_TEST(bitwise, repeated_calls) {
  using T = TypeParam;
  auto l =
      batches::lay_out(batches::random<T>(25, 40, 60, mask_kind::holes), shape::padded, every_column(scope::token));
  dynamic_objective const o = parse(everything);
  double const want = loss(exec::cpu{0}, o, l.batch, l.out).loss;
  auto const dlogp = l.dlogp;
  for (int k = 0; k < 20; ++k) {
    EXPECT_TRUE(same_bits(loss(exec::cpu{0}, o, l.batch, l.out).loss, want));
    EXPECT_TRUE(same_bits(l.dlogp, dlogp));
  }
}

// Gradient accumulation: 64 sequences of 1 to 4096 tokens, 50 random cuts into micro-batches on 1, 2 or 8 ranks whose
// gradients the host averages (hence `scale`), packed and padded, against the single batch.
TEST(partition, micro_batches_on_ranks_add_up_to_the_whole_batch) {
  std::mt19937_64 engine(5);
  auto d = batches::random<float>(26, 64, 4096, mask_kind::full);
  for (std::int64_t i = 0; i < d.rows; ++i) {
    std::int64_t const length = i == 0 ? 1 : i == 1 ? 4096 : static_cast<std::int64_t>(1 + engine() % (1U << (i % 13)));
    for (std::int64_t t = length; t < d.width; ++t) d.mask[d.at(i, t)] = 0;
  }
  char const* const objectives[] = {"token_mean(clip(0.2, 0.28) + 0.4 * kl(\"k3\"))",
                                    "sequence_mean(clip(0.2, 0.28, level=\"sequence\") + 0.4 * kl(\"k3\"))",
                                    "constant_length(100)(clip(0.2, 0.28)) + token_mean(kl(\"k2\"))",
                                    "sequence_sum(clip(0.2, 0.28)) + 0.1 * token_sum(kl(\"abs\"))"};
  batches::choice c;
  c.entropy = false;
  for (char const* text_of : objectives) {
    dynamic_objective const o = parse(text_of);
    auto whole = batches::lay_out(d, shape::packed, c);
    loss_result const want = loss(exec::cpu{1}, o, whole.batch, whole.out);
    auto const whole_dlogp = whole.gather(whole.dlogp);
    float largest = 0;
    for (float g : whole_dlogp) largest = std::max(largest, std::abs(g));
    for (int round = 0; round < 13; ++round) {
      auto const ranks = std::array<std::size_t, 3>{1, 2, 8}[static_cast<std::size_t>(round % 3)];
      std::vector<std::vector<std::int64_t>> micro(ranks * (1 + engine() % 4));
      for (std::int64_t i = 0; i < d.rows; ++i) micro[engine() % micro.size()].push_back(i);
      double total = 0;
      loss_stats stats;
      float worst = 0;
      for (auto const& rows : micro) {
        auto part = batches::lay_out(subset(d, rows), engine() % 2 == 0 ? shape::packed : shape::padded, c);
        part.batch.totals = whole.batch.totals;
        part.batch.scale = static_cast<double>(ranks);
        loss_result const r = loss(exec::cpu{1}, o, part.batch, part.out);
        total += r.loss / static_cast<double>(ranks);
        stats.merge(r.stats);
        auto const dlogp = part.gather(part.dlogp);
        for (std::size_t k = 0; k < rows.size(); ++k) {
          auto const from = dlogp.begin() + static_cast<std::ptrdiff_t>(k) * d.width;
          for (std::int64_t t = 0; t < d.width; ++t) {
            worst = std::max(worst, std::abs(from[t] / static_cast<float>(ranks) - whole_dlogp[d.at(rows[k], t)]));
          }
        }
      }
      EXPECT_GT(largest, 0);
      EXPECT_LE(worst, 1e-6F * largest) << text_of;
      EXPECT_NEAR(total, want.loss, 1e-6 * std::abs(want.loss)) << text_of;
      EXPECT_EQ(stats.tokens, want.stats.tokens);
      EXPECT_EQ(stats.sequences, want.stats.sequences);
      EXPECT_EQ(stats.clip_low, want.stats.clip_low);
      EXPECT_EQ(stats.clip_high, want.stats.clip_high);
      EXPECT_EQ(stats.log_ratio_min, want.stats.log_ratio_min);
      EXPECT_EQ(stats.log_ratio_max, want.stats.log_ratio_max);
      EXPECT_NEAR(stats.ref_kl.k3, want.stats.ref_kl.k3, 1e-9 * std::abs(want.stats.ref_kl.k3));
    }
  }
}

// A sequence split over ranks: each rank gives the length of the whole; token means add up, the gradient of a token term too.
TEST(partition, a_sequence_split_over_ranks_with_its_length) {
  auto const d = batches::random<double>(27, 1, 90, mask_kind::full);
  batches::choice c;
  c.entropy = false;
  dynamic_objective const o = parse("sequence_mean(clip(0.2, 0.28) + 0.4 * kl(\"k3\"))");
  auto whole = batches::lay_out(d, shape::packed, c);
  double const want = loss(exec::cpu{1}, o, whole.batch, whole.out).loss;
  double got = 0;
  std::vector<std::int64_t> const length{90};
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    auto part = d;
    for (std::int64_t t = 0; t < 90; ++t) part.mask[d.at(0, t)] = (t < 37) == (rank == 0) ? 1 : 0;
    auto l = batches::lay_out(part, shape::padded, c);
    l.batch.totals = totals(90, 1);
    l.batch.length = length;
    got += loss(exec::cpu{1}, o, l.batch, l.out).loss;
    for (std::size_t t = 0; t < 90; ++t) {
      if (part.mask[t] != 0) {
        EXPECT_NEAR(l.dlogp[t], whole.dlogp[t], 1e-15);
      }
    }
  }
  EXPECT_NEAR(got, want, 1e-14);
}

}  // namespace

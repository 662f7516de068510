// SPDX-License-Identifier: MIT
// Defects of other libraries that concern losses: each is a test that our answer is the right one. Comments say what the
// peer was seen to do.
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace {

using namespace aha;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

/// Rows of a padded batch in double; `mask` 0 is padding. Every test fills what it needs.
struct rows {
  std::int64_t count;
  std::int64_t width;
  std::vector<double> logp, old_logp, ref_logp, weight, adv, dlogp;
  std::vector<std::uint8_t> mask, keep;
  aha::totals totals{1, 1, 1, 1};
  double scale = 1;
  loss_stats stats;

  rows(std::int64_t b, std::int64_t w) : count(b), width(w) {
    for (std::int64_t k = 0; k < b * w; ++k) {
      double const x = static_cast<double>(k);
      logp.push_back(-1 - 0.5 * std::sin(1.7 * x));
      old_logp.push_back(logp.back() - 0.3 * std::cos(2.3 * x));
      ref_logp.push_back(logp.back() + 0.4 * std::sin(0.9 * x + 1));
      weight.push_back(1 + 0.4 * std::sin(x));
      adv.push_back(0.5 + std::cos(1.1 * x));
    }
    mask.assign(logp.size(), 1);
    keep.assign(logp.size(), 1);
    dlogp.assign(logp.size(), -77);
  }
  std::size_t at(std::int64_t i, std::int64_t t) const { return static_cast<std::size_t>(i * width + t); }
  double n(std::int64_t i) const {
    double sum = 0;
    for (std::int64_t t = 0; t < width; ++t) sum += mask[at(i, t)];
    return sum;
  }
  void pad(std::int64_t i, std::int64_t from, double garbage = 0) {
    for (std::int64_t t = from; t < width; ++t) {
      mask[at(i, t)] = 0;
      for (std::vector<double>* v : {&logp, &old_logp, &ref_logp, &weight, &adv}) (*v)[at(i, t)] = garbage;
    }
  }
  double run(std::string const& objective) {
    dynamic_objective const o = parse(objective);
    unsigned const named = needs_of_objective(o).named;
    auto const view = [&](auto& v) { return matrix(v.data(), count, width); };
    token_batch<host, double> b{padded(count, width)};
    b.mask = view(mask);
    b.logp = view(logp);
    if ((named & reads::old_logp) != 0) b.old_logp = view(old_logp);
    if ((named & reads::ref_logp) != 0) b.ref_logp = view(ref_logp);
    if ((named & reads::weight) != 0) b.weight = per_token(view(weight));
    if ((named & reads::keep) != 0) b.keep = per_token(view(keep));
    if ((named & reads::adv) != 0) b.adv = per_token(view(adv));
    b.totals = totals;
    b.scale = scale;
    outputs<double> out;
    out.dlogp = view(dlogp);
    loss_result const r = loss(exec::cpu{1}, o, b, out);
    stats = r.stats;
    return r.loss;
  }
  double sequence_ratio(std::int64_t i) const {
    double sum = 0;
    for (std::int64_t t = 0; t < width; ++t) {
      if (mask[at(i, t)] != 0) sum += logp[at(i, t)] - old_logp[at(i, t)];
    }
    return std::exp(sum / n(i));
  }
  /// Central differences of the loss by every unmasked log-probability against dlogp.
  void expect_gradient(std::string const& objective, double tolerance = 1e-8) {
    run(objective);
    std::vector<double> const derived = dlogp;
    double largest = 0;
    for (std::size_t k = 0; k < logp.size(); ++k) {
      if (mask[k] == 0) {
        EXPECT_EQ(derived[k], 0) << k;
        continue;
      }
      double const x = logp[k];
      double const h = 1e-6;
      logp[k] = x + h;
      double const up = run(objective);
      logp[k] = x - h;
      double const down = run(objective);
      logp[k] = x;
      EXPECT_NEAR(derived[k], (up - down) / (2 * h), tolerance) << k;
      largest = std::max(largest, std::abs(derived[k]));
    }
    EXPECT_GT(largest, 1e-3);
    dlogp = derived;
  }
};

// --- Liger

// LUSPO's backward reads a [B, 1] gradient with strides (1, 1): rows after the first get 0 or garbage; in sequence mode the
// gradient is 1 / L of the right one.
TEST(peer_liger, luspo_backward_reads_the_wrong_rows) {
  rows r(4, 7);
  r.pad(1, 3);
  r.totals = totals(0, 4);
  r.expect_gradient("sequence_sum(clip(5, 5, level=\"sequence\"))");
  for (std::int64_t i = 0; i < 4; ++i) {  // sum_t -s A_t / B, of which each token has 1 / n
    double sum = 0;
    for (std::int64_t t = 0; t < 7; ++t) sum += r.mask[r.at(i, t)] != 0 ? r.adv[r.at(i, t)] : 0;
    EXPECT_NEAR(r.dlogp[r.at(i, 0)], -r.sequence_ratio(i) * sum / r.n(i) / 4, 1e-14) << i;
  }
}

// LUSPO's forward averages over B L with masked positions as zeros (unsloth's over padding too).
TEST(peer_liger, luspo_forward_divides_by_padding) {
  rows r(3, 8);
  r.pad(0, 2);
  r.pad(2, 5);
  r.totals = totals(0, 3);
  double want = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t t = 0; t < 8; ++t) want -= r.mask[r.at(i, t)] * r.sequence_ratio(i) * r.adv[r.at(i, t)] / 3;
  }
  EXPECT_NEAR(r.run("sequence_sum(clip(5, 5, level=\"sequence\"))"), want, 1e-14);
}

// The gradient of a KL times the sequence's ratio left out the ratio's own derivative.
TEST(peer_liger, unbiased_kl_of_sequences_is_not_differentiated) {
  rows r(3, 6);
  r.pad(1, 4);
  r.totals = totals(13, 3);
  r.expect_gradient("token_mean(kl(\"k3\", gradient=\"ratio\", level=\"sequence\"))");
}

// Without reduction the upstream gradient of masked positions was summed into the sequence's.
TEST(peer_liger, masked_upstream_enters_the_sequence_gradient) {
  rows r(2, 6);
  r.pad(0, 3);
  r.totals = totals(9, 2);
  double const want = r.run("sequence_mean(weight * clip(5, 5, level=\"sequence\"))");
  std::vector<double> const dlogp = r.dlogp;
  r.pad(0, 3, 1e6);
  EXPECT_EQ(r.run("sequence_mean(weight * clip(5, 5, level=\"sequence\"))"), want);
  EXPECT_EQ(r.dlogp, dlogp);
}

// --- TRL

// Sequence ratio and statistic with stop-gradient: wrong as soon as advantages or weights vary inside the sequence.
TEST(peer_trl, gspo_by_stop_gradient_is_another_gradient) {
  rows r(2, 5);
  r.totals = totals(10, 2);
  r.expect_gradient("sequence_mean(weight * clip(5, 5, level=\"sequence\"))");
  std::vector<double> const exact = r.dlogp;
  r.run("sequence_mean(weight * clip(5, 5, level=\"sequence_token\"))");
  double apart = 0;
  for (std::size_t k = 0; k < exact.size(); ++k) apart = std::max(apart, std::abs(exact[k] - r.dlogp[k]));
  EXPECT_GT(apart, 0.05) << "two losses, two names";
}

// All rows masked: clip fractions are NaN. An empty row at sequence level counts as ratio 1.
TEST(peer_trl, metrics_of_nothing_are_nan_and_empty_rows_count) {
  rows r(2, 4);
  r.pad(0, 0);
  r.pad(1, 0);
  r.totals = totals(0, 0);
  EXPECT_EQ(r.run("token_mean(clip(0.01, 0.01, level=\"sequence\"))"), 0);
  r.stats.for_each([](char const* key, double x) { EXPECT_EQ(x, 0) << key; });
  rows half(2, 4);
  half.pad(0, 0);
  half.totals = totals(4, 1);
  for (std::int64_t t = 0; t < 4; ++t) half.old_logp[half.at(1, t)] = half.logp[half.at(1, t)] - 0.1;
  half.adv.assign(8, 1.0);
  half.run("token_mean(clip(0.01, 0.01, level=\"sequence\"))");
  EXPECT_EQ(half.stats.tokens, 4);
  EXPECT_EQ(half.stats.sequences, 1);
  EXPECT_EQ(half.stats.clip_high, 4) << "a fraction of 1, not of 1 / 2";
}

// -inf at padding gives NaN where a KL is on.
TEST(peer_trl, minus_infinity_at_padding_is_nan_with_a_kl) {
  rows r(2, 6);
  r.pad(1, 2);
  r.totals = totals(8, 2);
  double const want = r.run("token_mean(clip(0.2, 0.2) + 0.1 * kl(\"k3\"))");
  r.pad(1, 2, -inf);
  EXPECT_TRUE(std::isfinite(want));
  EXPECT_EQ(r.run("token_mean(clip(0.2, 0.2) + 0.1 * kl(\"k3\"))"), want);
}

// A step without tokens: a denominator below 1 after rescaling, or 0 / 0.
TEST(peer_trl, a_step_without_tokens_divides_by_less_than_one) {
  rows r(1, 3);
  r.totals = totals(0, 0);
  for (char const* o :
       {"token_mean(clip())", "sequence_mean(clip())", "sequence_sum(clip())", "constant_length(5)(clip())"}) {
    EXPECT_EQ(r.run(o), 0) << o;
    EXPECT_EQ(r.dlogp, std::vector<double>(3, 0.0)) << o;
  }
}

// A ratio exactly on a clip bound counts as unclipped and has its full gradient -r A, as torch's clamp and min have it.
TEST(peer_trl, ties_at_a_bound_have_their_full_gradient) {
  rows r(1, 2);
  r.old_logp = r.logp;
  r.old_logp[0] -= std::log(1.25);
  r.old_logp[1] -= std::log(0.75);
  r.logp[0] = r.old_logp[0] + std::log(1.25);
  r.adv = {1, -1};
  r.totals = totals(1, 1);
  r.run("token_sum(clip(inf, inf))");  // the engine's own exponentials, to the bit: -r A
  double const high = -r.dlogp[0] - 1;
  double const low = 1 - r.dlogp[1];
  r.run(text("token_sum(clip(", number_text(low), ", ", number_text(high), "))"));
  EXPECT_NEAR(r.dlogp[0], -1.25, 1e-15);
  EXPECT_NEAR(r.dlogp[1], 0.75, 1e-15);
  EXPECT_EQ(r.stats.clip_low + r.stats.clip_high, 0);
}

// --- verl

// NaN at padding makes every sequence mode, GSPO and the gradients of some token means NaN.
TEST(peer_verl, nan_at_padding_spreads) {
  for (char const* o :
       {"token_mean(clip())", "sequence_mean(clip())", "sequence_sum(clip())", "constant_length(6)(clip())",
        "sequence_mean(clip(level=\"sequence\"))", "token_mean(clip(level=\"sequence_token\"))",
        "sequence_mean(weight * clip() + kl(\"k3\", gradient=\"k2\"))"}) {
    rows clean(3, 6);
    clean.pad(0, 2);
    clean.totals = totals(14, 3);
    rows dirty = clean;
    dirty.pad(0, 2, nan);
    EXPECT_EQ(clean.run(o), dirty.run(o)) << o;
    EXPECT_EQ(clean.dlogp, dirty.dlogp) << o;
    EXPECT_TRUE(std::isfinite(clean.run(o))) << o;
  }
}

// A fully masked or fully rejected micro-batch is 0 / 0 (open-instruct: loss 0, gradients NaN; OpenRLHF: NaN).
TEST(peer_verl, a_masked_micro_batch_is_zero_by_zero) {
  rows r(2, 3);
  r.pad(0, 0, nan);
  r.pad(1, 0, nan);
  r.totals = totals(10, 4);  // of the step: others have tokens
  EXPECT_EQ(r.run("sequence_mean(clip()) + token_mean(kl(\"k3\"))"), 0);
  EXPECT_EQ(r.dlogp, std::vector<double>(6, 0.0));
  rows rejected(2, 3);
  rejected.keep.assign(6, 0);
  rejected.totals = totals(6, 2);
  EXPECT_EQ(rejected.run("token_mean(keep * clip())"), 0);
  EXPECT_EQ(rejected.dlogp, std::vector<double>(6, 0.0));
}

// Dividing by a constant length has neither batch nor data-parallel factor: ranks with other numbers of rows disagree.
TEST(peer_verl, a_constant_length_forgets_batch_and_ranks) {
  rows whole(4, 5);
  whole.totals = totals(0, 4);
  double const want = whole.run("constant_length(20)(clip())");
  double parts = 0;
  for (std::int64_t const first : {std::int64_t{0}, std::int64_t{1}}) {  // 1 row and 3 rows, averaged over 2 ranks
    rows part(first == 0 ? 1 : 3, 5);
    for (std::int64_t i = 0; i < part.count; ++i) {
      for (std::int64_t t = 0; t < 5; ++t) {
        part.logp[part.at(i, t)] = whole.logp[whole.at(first + i, t)];
        part.old_logp[part.at(i, t)] = whole.old_logp[whole.at(first + i, t)];
        part.adv[part.at(i, t)] = whole.adv[whole.at(first + i, t)];
      }
    }
    part.totals = whole.totals;
    part.scale = 2;
    parts += part.run("constant_length(20)(clip())") / 2;
  }
  EXPECT_NEAR(parts, want, 1e-15);
}

// "k1+" and "k3+" raised: an estimator's value under another's gradient.
TEST(peer_verl, straight_through_estimators_raise) {
  rows r(1, 6);
  r.totals = totals(6, 1);
  double const value = r.run("token_mean(kl(\"k1\", gradient=\"k2\"))");
  std::vector<double> const dlogp = r.dlogp;
  EXPECT_EQ(value, r.run("token_mean(kl(\"k1\"))"));
  r.run("token_mean(kl(\"k2\"))");
  EXPECT_EQ(dlogp, r.dlogp);
}

// --- OpenRLHF, NeMo-RL, ROLL, AReaL, slime, tianshou

// A k3 whose exponential has no limit overflows.
TEST(peer_openrlhf, k3_overflows) {
  rows r(1, 2);
  r.ref_logp = {r.logp[0] + 800, r.logp[1] - 800};
  r.totals = totals(2, 1);
  EXPECT_TRUE(std::isfinite(r.run("token_mean(kl(\"k3\"))")));
  EXPECT_EQ(r.dlogp, std::vector<double>(2, 0.0)) << "beyond the limit";
}

// Every mean adds 1e-8 to its count: a sum that is not quite a mean.
TEST(peer_nemo, means_add_to_their_count) {
  rows r(1, 1);
  r.old_logp = r.logp;
  r.adv = {-1};
  r.totals = totals(1, 1);
  EXPECT_EQ(r.run("token_mean(clip())"), 1.0);
  EXPECT_EQ(r.run("sequence_mean(clip())"), 1.0);
}

// The likelihood of correct samples is divided by the shard's own count: shards weigh the same however many they have.
TEST(peer_nemo, positives_are_counted_locally) {
  std::vector<double> const nll{1, 2, 3, 4, 5, 6};
  std::vector<std::uint8_t> const correct{1, 0, 0, 1, 1, 1};
  double parts = 0;
  for (std::size_t first : {std::size_t{0}, std::size_t{2}}) {
    std::int64_t const width = first == 0 ? 2 : 4;
    token_batch<host, double> b{padded(1, width)};
    b.given = span(nll.data() + first, width);
    b.keep = per_token(span(correct.data() + first, width));
    b.totals.positives = 4;
    parts += loss(exec::cpu{1}, parse("positive_mean(keep * given())"), b).loss;
  }
  EXPECT_NEAR(parts, (1 + 4 + 5 + 6) / 4.0, 1e-15);
}

// A token mean that does not apply the mask.
TEST(peer_roll, the_token_mean_reads_padding) {
  rows r(2, 4);
  r.pad(1, 1, 5.0);
  r.totals = totals(5, 2);
  double want = 0;
  for (std::size_t k = 0; k < 5; ++k) want -= std::exp(r.logp[k] - r.old_logp[k]) * r.adv[k] / 5;
  EXPECT_NEAR(r.run("token_mean(clip(inf, inf))"), want, 1e-15);
}

// GSPO with token denominators: long sequences weigh more. Here the aggregate is what was written.
TEST(peer_areal, gspo_divides_by_tokens) {
  rows r(2, 8);
  r.pad(0, 2);
  r.totals = totals(10, 2);
  r.adv.assign(16, 1.0);
  double const want = -(r.sequence_ratio(0) + r.sequence_ratio(1)) / 2;
  EXPECT_NEAR(r.run("sequence_mean(clip(5, 5, level=\"sequence\"))"), want, 1e-15);
}

// The critic's loss without its 1/2.
TEST(peer_slime, the_value_loss_is_twice_as_large) {
  std::vector<double> const value{3};
  std::vector<double> const old{3};
  std::vector<double> const target{1};
  token_batch<host, double> b{padded(1, 1)};
  b.value = value;
  b.old_value = old;
  b.returns = target;
  EXPECT_EQ(loss(exec::cpu{1}, parse("token_sum(value_loss(0.2))"), b).loss, 2.0);
}

// Dual clip on good tokens too: it must act where A < 0 only. Without it there is no upper bound for A < 0, and gradients
// of 1e7 near a log-ratio of 20 (OpenRLHF).
TEST(peer_tianshou, dual_clip_cuts_good_tokens) {
  rows r(1, 3);
  r.logp = {-1, -1, -1};
  r.old_logp = {-1 - std::log(5.0), -1 - std::log(5.0), -18};
  r.adv = {1, -1, -1};
  r.totals = totals(1, 1);
  EXPECT_NEAR(r.run("token_sum(dual_clip(10, 10, c=12))"), -5 + 5 + 12, 1e-12);
  EXPECT_NEAR(r.dlogp[0], -5, 1e-14);
  EXPECT_EQ(r.stats.clip_dual, 1);
  EXPECT_NEAR(r.run("token_sum(dual_clip(0.2, 0.2, c=3))"), -1.2 + 3 + 3, 1e-12);
  EXPECT_EQ(r.dlogp, std::vector<double>(3, 0.0));
  EXPECT_EQ(r.stats.clip_dual, 2);
  r.run("token_sum(clip(0.2, 0.2))");
  EXPECT_GT(r.dlogp[2], 1e7);
}

}  // namespace

// SPDX-License-Identifier: MIT
// Observers against plain loops over the canonical batch.
#include "batches.hpp"
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::shape;
using record = std::map<std::string, double>;

record record_of(loss_stats const& s) {
  record r;
  s.for_each([&](char const* key, double value) { EXPECT_TRUE(r.emplace(key, value).second) << key; });
  return r;
}

/// Everything that can be observed about `clip(0.2, 0.28)` of tokens, written as loops in double.
template <class T>
record plain_loops(batches::data<T> const& d, scope adv_scope, bool sequence_clip) {
  double n = 0;
  double rows = 0;
  double low = 0;
  double high = 0;
  double old_kl[3] = {};
  double ref_kl[3] = {};
  double sum = 0;
  double squares = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  double entropy = 0;
  for (std::int64_t i = 0; i < d.rows; ++i) {
    double S = 0;
    for (std::int64_t t = 0; t < d.width; ++t) {
      std::size_t const k = d.at(i, t);
      if (d.mask[k] != 0) S += static_cast<double>(d.logp[k]) - static_cast<double>(d.old_logp[k]);
    }
    S /= static_cast<double>(std::max<std::int64_t>(d.row_count(i), 1));
    rows += d.row_count(i) > 0 ? 1 : 0;
    for (std::int64_t t = 0; t < d.width; ++t) {
      std::size_t const k = d.at(i, t);
      if (d.mask[k] == 0) continue;
      ++n;
      double const x = static_cast<double>(d.logp[k]) - static_cast<double>(d.old_logp[k]);
      double const y = static_cast<double>(d.ref_logp[k]) - static_cast<double>(d.logp[k]);
      double const r = std::exp(x);
      double const clipped = std::exp(sequence_clip ? S : x);
      double const adv =
          static_cast<double>(adv_scope == scope::token ? d.adv_token[k] : d.adv_sequence[static_cast<std::size_t>(i)]);
      low += clipped < 0.8 && adv < 0 ? 1 : 0;
      high += clipped > 1.28 && adv > 0 ? 1 : 0;
      old_kl[0] += -x;
      old_kl[1] += 0.5 * x * x;
      old_kl[2] += r - 1 - x;
      ref_kl[0] += -y;
      ref_kl[1] += 0.5 * y * y;
      ref_kl[2] += std::exp(y) - 1 - y;
      sum += r;
      squares += r * r;
      least = std::min(least, r);
      most = std::max(most, r);
      entropy += static_cast<double>(d.entropy[k]);
    }
  }
  return {{"tokens", n},
          {"sequences", rows},
          {"clip/low", low / n},
          {"clip/high", high / n},
          {"clip/region", (low + high) / n},
          {"clip/dual", 0},
          {"clip/value", 0},
          {"old_kl/k1", old_kl[0] / n},
          {"old_kl/k2", old_kl[1] / n},
          {"old_kl/k3", old_kl[2] / n},
          {"ref_kl/k1", ref_kl[0] / n},
          {"ref_kl/k2", ref_kl[1] / n},
          {"ref_kl/k3", ref_kl[2] / n},
          {"ratio/min", least},
          {"ratio/mean", sum / n},
          {"ratio/max", most},
          {"entropy", entropy / n},
          {"ess", sum * sum / squares / n},
          {"chi_square", squares / n - 1}};
}

template <class T, class Exec>
void expect_observed(Exec const& exec, mask_kind mask, shape layout, scope adv, bool sequence_clip) {
  auto const d = batches::random<T>(61, 6, 267, mask);
  batches::choice c;
  c.adv = adv;
  auto l = batches::lay_out(d, layout, c);
  dynamic_objective const o =
      parse(sequence_clip ? "token_mean(clip(0.2, 0.28, level=\"sequence\") + kl()) - token_mean(entropy())"
                          : "token_mean(clip(0.2, 0.28) + kl()) - token_mean(entropy())");
  loss_result const r = loss(exec, o, l.batch, l.out, observe::all);
  record got = record_of(r.stats);
  EXPECT_NEAR(got["loss/0"] + got["loss/1"], r.loss, 1e-15 * std::abs(r.loss) + 1e-15);
  double entropy = 0;
  for (T x : l.dentropy) entropy += static_cast<double>(x);
  EXPECT_NEAR(entropy, -1, 1e-5) << "the second part is minus the mean entropy";
  EXPECT_NEAR(got["loss/1"], -got["entropy"], 1e-5);
  got.erase("loss/0");
  got.erase("loss/1");
  record const want = plain_loops(d, adv, sequence_clip);
  ASSERT_EQ(got.size(), want.size());
  double const tol = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  for (auto const& [key, value] : want) EXPECT_NEAR(got[key], value, tol * std::max(1.0, std::abs(value))) << key;
  EXPECT_GT(want.at("clip/high"), 0);
  EXPECT_GT(want.at("clip/low"), 0);
}

/// Without squares of ratios observers may share the leaves' exponentials, with them they have loops of their own: one
/// loss, one gradient, one record.
template <class T>
void expect_sharing_changes_nothing(char const* objective, mask_kind mask, shape layout) {
  auto const d = batches::random<T>(63, 6, 611, mask);
  batches::choice c;
  c.adv = scope::token;
  if (std::string_view(objective).find("weight") != std::string_view::npos) c.weight = c.keep = scope::token;
  auto shared = batches::lay_out(d, layout, c);
  auto own = batches::lay_out(d, layout, c);
  dynamic_objective const o = parse(objective);
  loss_result const a = loss(exec::cpu{1}, o, shared.batch, shared.out, observe::default_set);
  loss_result const b = loss(exec::cpu{1}, o, own.batch, own.out, observe::all);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(shared.dlogp, own.dlogp);
  record const got = record_of(a.stats);
  record const want = record_of(b.stats);
  ASSERT_EQ(got.size() + 2, want.size()) << "all but ess and chi_square";
  for (auto const& [key, value] : got) EXPECT_EQ(value, want.at(key)) << objective << " " << key;
}

TEST(observers, equal_plain_loops) {
  for (mask_kind mask : {mask_kind::full, mask_kind::ragged, mask_kind::left_padding, mask_kind::holes}) {
    for (scope adv : {scope::token, scope::sequence}) {
      for (bool sequence_clip : {false, true}) {
        expect_observed<float>(exec::cpu{1}, mask, shape::packed, adv, sequence_clip);
        expect_observed<double>(exec::cpu{1}, mask, shape::padded, adv, sequence_clip);
        expect_observed<float>(exec::scalar{}, mask, shape::padded_lens, adv, sequence_clip);
        expect_observed<double>(exec::scalar{}, mask, shape::left_padded, adv, sequence_clip);
      }
    }
  }
}

TEST(observers, that_share_exponentials_change_nothing) {
  for (
      char const* objective :
      {"token_mean(clip(0.2, 0.28) + 0.04 * kl()) - token_mean(entropy())",
       "token_mean(0.04 * kl(value=\"k2\") + clip(0.2, 0.28)) - token_mean(entropy())",  // the other one comes first
       "token_mean(dual_clip(0.2, 0.28, 1.5) + clip(0.1, 0.1)) + token_mean(kl()) - token_mean(entropy())",
       "token_mean(clip(bounds=(-0.3, 20)) + kl(low=-0.3)) - token_mean(entropy())",  // limits that bind in most blocks
       "token_mean(clip(bounds=(-20, 0.9)) + kl(high=0.9)) - token_mean(entropy())",  // and in few
       "token_mean(clip(level=\"sequence\") + kl()) - token_mean(entropy())",         // no token's exponential
       "token_mean(weight * clip() + keep * kl()) - token_mean(entropy())"}) {        // no loop that shares
    for (mask_kind mask : {mask_kind::full, mask_kind::holes, mask_kind::left_padding}) {
      expect_sharing_changes_nothing<float>(objective, mask, shape::packed);
      expect_sharing_changes_nothing<double>(objective, mask, shape::padded);
    }
  }
}

/// One sequence of the given ratios and advantages under clip(0.2, 0.28), observed.
struct few_tokens {
  std::vector<double> logp, old_logp, adv;
  std::vector<std::int64_t> cu;
  few_tokens(std::vector<double> const& ratio, std::vector<double> const& a) : adv(a) {
    for (double r : ratio) {
      logp.push_back(-1);
      old_logp.push_back(-1 - std::log(r));
    }
    cu = {0, static_cast<std::int64_t>(ratio.size())};
  }
  loss_result run(char const* objective, unsigned observed) {
    token_batch<host, double> b{packed(cu)};
    b.logp = logp;
    b.old_logp = old_logp;
    b.adv = per_token(adv);
    b.totals = totals(logp.size(), 1);
    return loss(exec::cpu{1}, parse(objective), b, outputs<double>{}, observed);
  }
};

// Seven tokens: only a high ratio of a good token and a low ratio of a bad one are clipped; advantage 0 is neither.
TEST(observers, clip_counts_are_gated_by_the_sign_of_the_advantage) {
  few_tokens t({1.5, 1.5, 0.5, 0.5, 1.5, 1.0, 0.5}, {1, -1, 1, -1, 0, 1, 0});
  loss_stats const s = t.run("token_mean(clip(0.2, 0.28))", observe::defaults).stats;
  EXPECT_EQ(s.clip_high, 1);
  EXPECT_EQ(s.clip_low, 1);
  loss_stats const twice = t.run("token_mean(clip(0.2, 0.28)) + token_mean(clip(0.1, 0.1))", observe::defaults).stats;
  EXPECT_EQ(twice.clip_high, 1) << "a token that several leaves clip counts once";
  EXPECT_EQ(twice.clip_low, 1);
}

// Raw ratios 0.606531, 12.182494, 0.818731: mean 4.535919, whatever the clip and the bounds.
TEST(observers, the_ratio_is_raw) {
  few_tokens t({0.606531, 12.182494, 0.818731}, {1, 1, 1});
  for (char const* objective : {"token_mean(clip(0.2, 0.28))", "token_mean(clip(0, 0, bounds=(-0.1, 0.1)))"}) {
    record r = record_of(t.run(objective, observe::ratio).stats);
    EXPECT_NEAR(r["ratio/mean"], 4.535918667, 1e-8);
    EXPECT_NEAR(r["ratio/min"], 0.606531, 1e-12);
    EXPECT_NEAR(r["ratio/max"], 12.182494, 1e-10);
  }
}

TEST(observers, report_what_is_asked_and_nothing_else) {
  few_tokens t({1.5, 0.5}, {1, -1});
  auto const keys = [&](unsigned observed) {
    std::string all;
    for (auto const& entry : record_of(t.run("token_mean(clip())", observed).stats)) all += entry.first + " ";
    return all;
  };
  EXPECT_EQ(keys(observe::none), "sequences tokens ");
  EXPECT_EQ(keys(observe::parts), "loss/0 sequences tokens ");
  EXPECT_EQ(keys(observe::clip), "clip/dual clip/high clip/low clip/region clip/value sequences tokens ");
  EXPECT_EQ(keys(observe::ess), "ess sequences tokens ");
  EXPECT_EQ(keys(observe::chi_square), "chi_square sequences tokens ");
  EXPECT_EQ(keys(observe::defaults),
            "clip/dual clip/high clip/low clip/region clip/value loss/0 old_kl/k1 old_kl/k2 old_kl/k3 ratio/max "
            "ratio/mean ratio/min "
            "sequences tokens ");
  EXPECT_EQ(keys(observe::defaults | observe::ess),
            "clip/dual clip/high clip/low clip/region clip/value ess loss/0 old_kl/k1 old_kl/k2 old_kl/k3 ratio/max "
            "ratio/mean ratio/min "
            "sequences tokens ");
  double const loss_unobserved = t.run("token_mean(clip())", observe::none).loss;
  EXPECT_EQ(loss_unobserved, t.run("token_mean(clip())", observe::all & ~(observe::ref_kl | observe::entropy)).loss);
}

TEST(observers, of_nothing_are_zero) {
  std::vector<double> const none;
  std::vector<std::int64_t> const cu{0, 0, 0};
  std::vector<double> const adv(2);
  token_batch<host, double> b{packed(cu)};
  b.logp = none;
  b.old_logp = on_policy;
  b.ref_logp = none;
  b.entropy = none;
  b.adv = per_sequence(adv);
  b.totals = totals(0, 0);
  loss_result const r = loss(exec::cpu{1}, parse("token_mean(clip() + kl()) - sequence_mean(entropy())"), b,
                             outputs<double>{}, observe::all);
  EXPECT_EQ(r.loss, 0);
  for (auto const& [key, value] : record_of(r.stats)) EXPECT_EQ(value, 0) << key;
  EXPECT_EQ(record_of(r.stats).size(), 21U) << "everything reports";
}

TEST(observers, on_policy_ratios_are_one) {
  std::vector<float> const logp{-1, -2, -3};
  std::vector<float> const adv{1};
  std::vector<std::int64_t> const cu{0, 3};
  std::vector<float> dlogp(3);
  token_batch<host, float> b{packed(cu)};
  b.logp = logp;
  b.old_logp = on_policy;
  b.adv = per_sequence(adv);
  b.totals = totals(3, 1);
  loss_result const r = loss(exec::cpu{1}, parse("token_mean(clip())"), b, outputs<float>{dlogp, {}, {}},
                             observe::all & ~(observe::ref_kl | observe::entropy));
  record s = record_of(r.stats);
  EXPECT_EQ(r.loss, -1);
  EXPECT_EQ(s["ratio/min"], 1);
  EXPECT_EQ(s["ratio/mean"], 1);
  EXPECT_EQ(s["ratio/max"], 1);
  EXPECT_EQ(s["old_kl/k3"], 0);
  EXPECT_EQ(s["ess"], 1);
  EXPECT_EQ(s["chi_square"], 0);
  for (float g : dlogp) EXPECT_FLOAT_EQ(g, -1.0F / 3) << "the loss is constant, its gradient is not";
}

TEST(observers, merge_over_shards) {
  auto const d = batches::random<double>(62, 6, 50, mask_kind::holes);
  batches::choice c;
  dynamic_objective const o = parse("token_mean(clip(0.2, 0.28) + kl()) - token_mean(entropy())");
  auto whole = batches::lay_out(d, shape::padded, c);
  loss_stats merged;
  for (int half = 0; half < 2; ++half) {
    auto shard = d;
    for (std::int64_t i = 0; i < 6; ++i) {
      for (std::int64_t t = 0; t < 50; ++t) {
        if ((i < 2) != (half == 0)) shard.mask[d.at(i, t)] = 0;
      }
    }
    auto l = batches::lay_out(shard, shape::padded, c);
    l.batch.totals = whole.batch.totals;
    merged.merge(loss(exec::cpu{1}, o, l.batch, l.out, observe::all).stats);
  }
  record const want = record_of(loss(exec::cpu{1}, o, whole.batch, whole.out, observe::all).stats);
  record got = record_of(merged);
  ASSERT_EQ(got.size(), want.size());
  for (auto const& [key, value] : want) EXPECT_NEAR(got[key], value, 1e-12 * std::max(1.0, std::abs(value))) << key;
}

}  // namespace

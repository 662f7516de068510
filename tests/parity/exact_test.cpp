// SPDX-License-Identifier: MIT
// The oracle against itself, hand-worked numbers, and sequence ratios with everything that varies inside a sequence.
#include "parity.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace aha;
using parity::compare, parity::describe, parity::distance, parity::expect, parity::expectation, parity::largest,
    parity::recipe;
using doubles = std::vector<double>;

/// Five-point central difference: error h^4 f''''', here about 1e-12.
double slope(std::function<double(double)> const& f, double h) {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

TEST(oracle, gradients_are_those_of_its_loss) {
  int compared = 0;
  for (bool sequence_clip : {false, true}) {
    for (oracle::kl_form form : {oracle::kl_form::none, oracle::kl_form::k1, oracle::kl_form::k2, oracle::kl_form::k3,
                                 oracle::kl_form::k3_ratio, oracle::kl_form::k3_sequence_ratio}) {
      recipe r;
      r.sequence_clip = sequence_clip;
      r.kl = form;
      r.adv = scope::token;
      r.weight = scope::token;
      r.keep = scope::token;
      r.weight_on_kl = true;
      r.entropy_coefficient = -0.3;
      r.main = static_cast<oracle::reduction>(compared % 5);
      auto const d = batches::random<double>(7, 4, 9, batches::mask_kind::holes);
      expectation const e = expect(r, d);
      doubles numeric(e.answer.dlogp.size());
      doubles numeric_entropy(numeric.size());
      for (std::size_t k = 0; k < numeric.size(); ++k) {
        auto const moved = [&](doubles oracle::problem::*column) {
          return slope(
              [&](double h) {
                oracle::problem p = e.problem;
                (p.*column)[k] += h;
                return oracle::solve(p).loss;
              },
              2e-4);
        };
        numeric[k] = moved(&oracle::problem::logp);
        numeric_entropy[k] = moved(&oracle::problem::entropy);
      }
      EXPECT_LE(distance(numeric, e.answer.dlogp, largest(e.answer.dlogp)), 1e-9)
          << describe(r, batches::mask_kind::holes);
      EXPECT_LE(distance(numeric_entropy, e.answer.dentropy, largest(e.answer.dentropy)), 1e-9);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 12);
}

TEST(sequence_ratio, everything_varies_inside_the_sequence) {
  int cases = 0;
  for (oracle::kl_form form :
       {oracle::kl_form::none, oracle::kl_form::k3, oracle::kl_form::k3_ratio, oracle::kl_form::k3_sequence_ratio}) {
    for (auto mask : {batches::mask_kind::ragged, batches::mask_kind::holes}) {
      for (std::int64_t width : {1, 2, 17, 300}) {
        recipe r;
        r.sequence_clip = true;
        r.kl = form;
        r.adv = scope::token;
        r.weight = scope::token;
        r.keep = scope::token;
        r.weight_on_kl = true;
        r.entropy_coefficient = -0.3;
        r.main = static_cast<oracle::reduction>(cases % 5);
        auto const d = batches::random<double>(static_cast<std::uint64_t>(100 + cases), 5, width, mask);
        if (d.tokens() == 0) continue;
        expectation const want = expect(r, d);
        for (batches::shape s : {batches::shape::packed, batches::shape::padded_strided}) {
          compare<double>(exec::scalar{}, "scalar", r, d, want, s, mask, 1e-10);
          compare<double>(exec::cpu{2}, "cpu", r, d, want, s, mask, 1e-10);
        }
        ++cases;
      }
    }
  }
  EXPECT_GE(cases, 30);
}

// Two parts with aggregates of their own read the same statistic, weights and keep vary inside the sequence, and n_i is
// a given length: against five-point differences of the loss itself.
TEST(sequence_ratio, two_parts_and_a_given_length) {
  auto const d = batches::random<double>(9, 3, 11, batches::mask_kind::holes);
  std::vector<std::int64_t> const length{20, 11, 5};
  batches::choice c;
  c.adv = scope::token;
  c.weight = scope::token;
  c.keep = scope::token;
  dynamic_objective const o(sequence_mean(weight * clip<level::sequence>(0.2, 0.28)) +
                            0.7 * token_mean(keep * kl<level::sequence>(k3) + 0.3 * clip(0.2, 0.28)) -
                            0.1 * token_mean(entropy{}));
  auto l = batches::lay_out(d, batches::shape::padded, c);
  l.batch.length = length;
  loss(exec::cpu{1}, o, l.batch, l.out);
  doubles numeric(l.dlogp.size(), 0.0);
  for (std::size_t k = 0; k < numeric.size(); ++k) {
    if (l.mask[k] == 0) continue;
    double const at = l.logp[k];
    numeric[k] = slope(
        [&](double h) {
          l.logp[k] = at + h;
          return loss(exec::scalar{}, o, l.batch).loss;
        },
        2e-4);
    l.logp[k] = at;
  }
  EXPECT_GT(largest(numeric), 1e-3);
  EXPECT_LE(distance(l.dlogp, numeric, largest(numeric)), 1e-10);
}

/// A batch of two packed sequences, [t0 t1] and [t2], written out.
struct tiny {
  std::vector<std::int32_t> cu{0, 2, 3};
  doubles logp{-1, -0.5, -2};
  doubles old_logp, ref_logp, entropy{1, 0.5, 0.25}, adv{1, -1}, weight{2, 3, 5};
  doubles dlogp = doubles(3), dentropy = doubles(3);
  token_batch<host, double> batch{packed(cu)};

  tiny(doubles ratio, doubles ref_over_pi) {
    for (std::size_t t = 0; t < 3; ++t) {
      old_logp.push_back(logp[t] - std::log(ratio[t]));
      ref_logp.push_back(logp[t] + std::log(ref_over_pi[t]));
    }
    batch.logp = logp;
    batch.totals = totals(3, 2);
  }
  void check(dynamic_objective const& o, double want, doubles const& want_dlogp,
             doubles const& want_dentropy = {0, 0, 0}) {
    unsigned const reads = needs_of_objective(o).named;
    if ((reads & reads::old_logp) != 0) batch.old_logp = old_logp;
    if ((reads & reads::ref_logp) != 0) batch.ref_logp = ref_logp;
    if ((reads & reads::entropy) != 0) batch.entropy = entropy;
    if ((reads & reads::adv) != 0) batch.adv = per_sequence(adv);
    if ((reads & reads::weight) != 0) batch.weight = per_token(weight);
    double const got = loss(exec::cpu{1}, o, batch, outputs<double>{dlogp, dentropy, {}}).loss;
    EXPECT_NEAR(got, want, 1e-8);
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_NEAR(dlogp[t], want_dlogp[t], 1e-8) << "dlogp of token " << t;
      EXPECT_NEAR(dentropy[t], want_dentropy[t], 1e-8) << "dentropy of token " << t;
    }
  }
};

// Ratios 1, 2 | 1/2, advantages 1 | -1: the token terms are -1, -1.2 (clipped) | 0.8 (clipped).
TEST(literal, clip_of_tokens) {
  tiny t({1, 2, 0.5}, {1, 1, 1});
  t.check(dynamic_objective(token_mean(clip(0.2, 0.2))), -0.46666666666666667, {-1.0 / 3, 0, 0});
  t.check(dynamic_objective(sequence_mean(clip(0.2, 0.2))), -0.15, {-0.25, 0, 0});
  t.check(dynamic_objective(sequence_sum(clip(0.2, 0.2))), -0.7, {-0.5, 0, 0});
  t.check(dynamic_objective(constant_length(4)(clip(0.2, 0.2))), -0.175, {-0.125, 0, 0});
  t.check(dynamic_objective(token_sum(clip(0.2, 0.2))), -1.4, {-1, 0, 0});
  t.check(dynamic_objective(token_mean(weight * clip(0.2, 0.2))), -0.53333333333333333, {-2.0 / 3, 0, 0});
}
// The sequences' ratios are sqrt(2) and 1/2.
TEST(literal, clip_of_sequences) {
  tiny t({1, 2, 0.5}, {1, 1, 1});
  t.check(dynamic_objective(sequence_mean(clip<level::sequence>(0.6, 0.5))), -0.45710678118654752,
          {-0.35355339059327376, -0.35355339059327376, 0.25});
  t.check(dynamic_objective(sequence_mean(clip<level::sequence>(0.2, 0.2))), -0.2, {0, 0, 0});
  // weights 2, 3 inside the first sequence: value -sqrt(2) (2 + 3) / 2, its gradient spread evenly
  t.check(dynamic_objective(sequence_mean(weight * clip<level::sequence>(0.6, 0.5))), -0.51776695296636881,
          {-0.88388347648318441, -0.88388347648318441, 1.25});
}
// pi_ref / pi = 2, 4, 1 and pi / pi_old = 1, 2, 1/2.
TEST(literal, kl) {
  tiny t({1, 2, 0.5}, {2, 4, 1});
  double const ln2 = 0.69314718055994531;
  t.check(dynamic_objective(token_mean(kl(k1))), -0.69314718055994531, {1.0 / 3, 1.0 / 3, 1.0 / 3});
  t.check(dynamic_objective(token_mean(kl(k2))), 0.40037751159850118, {-ln2 / 3, -2 * ln2 / 3, 0});
  t.check(dynamic_objective(token_mean(kl(k3))), 0.6401861527733881, {-1.0 / 3, -1, 0});
  t.check(dynamic_objective(token_mean(kl(estimator::abs))), 0.69314718055994531, {-1.0 / 3, -1.0 / 3, 0});
  t.check(dynamic_objective(token_mean(kl(k3, k2))), 0.6401861527733881, {-ln2 / 3, -2 * ln2 / 3, 0});
  t.check(dynamic_objective(token_mean(kl(k3, kl_gradient::ratio))), 1.178088032400091,
          {-0.23104906018664844, -0.92419624074659367, 0});
  // the sequences' ratios sqrt(2), 1/2; k3 = 0.30685282, 1.61370564, 0: dS of the first sum to 2.71607984
  t.check(dynamic_objective(token_mean(kl<level::sequence>(k3, kl_gradient::ratio))), 0.9053599396955797,
          {-0.01872455094324188, -0.9615335925253055, 0});
}
TEST(literal, entropy) {
  tiny t({1, 1, 1}, {1, 1, 1});
  t.check(dynamic_objective(-0.1 * token_mean(entropy{})), -0.058333333333333333, {0, 0, 0},
          {-0.1 / 3, -0.1 / 3, -0.1 / 3});
}

}  // namespace

// SPDX-License-Identifier: MIT
// Expressions, aggregates and their weights, scale, own totals; what outputs add up to.
#include "batches.hpp"
#include "engines.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using namespace aha;

using grpo_leaves = leaves<clip<level::token>, kl<level::token>>;
static_assert(std::is_trivially_copyable_v<clip<level::sequence>> && std::is_trivially_copyable_v<kl<level::token>>);
static_assert(std::is_trivially_copyable_v<grpo_leaves> && std::is_trivially_copyable_v<objective<part<grpo_leaves>>>);
static_assert(std::is_trivially_copyable_v<leaf<entropy>> && std::is_trivially_copyable_v<aggregate>);
static_assert(std::is_trivially_copyable_v<token<double>> && std::is_trivially_copyable_v<dual<double, 2>>);
static_assert(std::is_same_v<decltype(clip{} + 0.04 * kl(k3)), grpo_leaves>, "a sum is flat");
static_assert(std::is_same_v<decltype(weight * (clip{} + kl(k3)) - entropy{}), leaves<clip<>, kl<>, entropy>>);

struct flat {
  double coefficient;
  int weight;
  bool keep;
};
template <class E>
std::vector<flat> leaves_of(E const& e) {
  std::vector<flat> all;
  to_leaves(e).for_each_leaf([&](auto const& l) { all.push_back({l.coefficient, l.weight, l.keep}); });
  return all;
}
void expect_leaves(std::vector<flat> const& got, std::vector<flat> const& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    EXPECT_EQ(got[k].coefficient, want[k].coefficient) << k;
    EXPECT_EQ(got[k].weight, want[k].weight) << k;
    EXPECT_EQ(got[k].keep, want[k].keep) << k;
  }
}

TEST(expressions, factors_distribute_over_sums) {
  expect_leaves(leaves_of(clip{}), {{1, 0, false}});
  expect_leaves(leaves_of(-clip{}), {{-1, 0, false}});
  expect_leaves(leaves_of(clip{} - 0.5 * (kl(k3) - 2 * entropy{})), {{1, 0, false}, {-0.5, 0, false}, {1, 0, false}});
  expect_leaves(leaves_of(weight * (keep * clip{} + 3 * (weight * kl(k3)))), {{1, 1, true}, {3, 2, false}});
  expect_leaves(leaves_of(keep * (keep * clip{})), {{1, 0, true}});
  expect_leaves(leaves_of(2 * (3 * (clip{} + kl(k1)))), {{6, 0, false}, {6, 0, false}});
}

TEST(expressions, the_dynamic_form_composes_alike) {
  auto const both = weight * (keep * clip{} + 3 * (weight * kl(k3))) - entropy{};
  dynamic_expression const c{clip{}};
  dynamic_expression const k{kl(k3)};
  dynamic_expression const h{entropy{}};
  dynamic_expression const e = weight * (keep * c + 3 * (weight * k)) - h;
  std::vector<flat> got;
  e.for_each_leaf([&](auto const& l) { got.push_back({l.coefficient, l.weight, l.keep}); });
  expect_leaves(got, leaves_of(both));
  dynamic_objective const o = -(2 * token_mean(c) - sequence_sum(k, 7)) + constant_length(9)(h);
  ASSERT_EQ(o.parts.size(), 3U);
  EXPECT_EQ(o.parts[0].coefficient, -2);
  EXPECT_EQ(o.parts[1].coefficient, 1);
  EXPECT_EQ(o.parts[1].aggregate.kind, aggregation::sequence_sum);
  EXPECT_EQ(o.parts[1].aggregate.total, 7);
  EXPECT_EQ(o.parts[2].aggregate.length, 9);
  EXPECT_EQ(dynamic_objective(-(2 * token_mean(clip{}) - sequence_sum(kl(k3), 7))).parts[0].coefficient, -2);
}

TEST(expressions, needs_follow_parameters_and_factors) {
  EXPECT_EQ(needs_of(clip{}), reads::logp | reads::old_logp | reads::adv);
  EXPECT_EQ(needs_of(clip<level::sequence>{}), reads::statistic | reads::logp | reads::old_logp | reads::adv);
  EXPECT_EQ(needs_of(kl(k3)), reads::logp | reads::ref_logp);
  EXPECT_EQ(needs_of(kl(k3, kl_gradient::ratio)), reads::logp | reads::ref_logp | reads::old_logp);
  EXPECT_EQ(needs_of(entropy{}), unsigned(reads::entropy));
  objective_needs const n =
      needs_of_objective(token_mean(weight * clip{} + 0 * kl(k3)) - 0.0 * sequence_mean(keep * entropy{}));
  EXPECT_EQ(n.active, reads::logp | reads::old_logp | reads::adv | reads::weight);
  EXPECT_EQ(n.named, n.active | reads::ref_logp | reads::entropy | reads::keep);
  auto const halves = token_mean(weight * clip{} + 0 * kl(k3)) - 0.0 * sequence_mean(keep * entropy{});
  EXPECT_TRUE(divides_by(halves, &totals::tokens));
  EXPECT_FALSE(divides_by(halves, &totals::sequences)) << "a part with coefficient 0 divides by nothing";
  EXPECT_FALSE(divides_by(token_mean(clip{}, 5), &totals::tokens)) << "it carries its own";
  EXPECT_TRUE(needs_of_objective(token_mean(clip<level::sequence>{})).adjoint);
  EXPECT_FALSE(needs_of_objective(token_mean(clip<level::sequence_token>{})).adjoint);
  EXPECT_FALSE(needs_of_objective(0 * token_mean(clip<level::sequence>{})).adjoint);
}

// Advantage 1, on policy: every token's clip term is -1 and its gradient too, so outputs are minus the weights.
struct ones {
  std::vector<double> logp = std::vector<double>(6, -1.0);
  std::vector<double> adv = std::vector<double>(3, 1.0);
  std::vector<std::int64_t> cu{0, 4, 4, 6};
  std::vector<std::int64_t> length{8, 0, 2};
  std::vector<std::int64_t> prompt_tokens{10, 5, 0};
  std::vector<double> dlogp = std::vector<double>(6), token_loss = dlogp, dentropy = dlogp;
  token_batch<host, double> b{packed(cu)};
  ones() {
    b.logp = logp;
    b.old_logp = on_policy;
    b.adv = per_sequence(adv);
    b.totals = totals(10, 5);
  }
  double run(dynamic_objective const& o) {
    outputs<double> out{dlogp, dentropy};
    out.token_loss = token_loss;
    return loss(exec::cpu{1}, o, b, out).loss;
  }
  void expect(dynamic_objective const& o, double first, double last) {
    double const got = run(o);
    EXPECT_NEAR(got, -(4 * first + 2 * last), 1e-15);
    for (std::size_t t = 0; t < 6; ++t) {
      EXPECT_NEAR(dlogp[t], t < 4 ? -first : -last, 1e-15) << t;
      EXPECT_NEAR(token_loss[t], t < 4 ? -first : -last, 1e-15) << t;
    }
  }
};

TEST(aggregates, weights_are_the_documented_ones) {
  dynamic_expression const e{clip{}};
  ones x;
  x.expect(token_mean(e), 1.0 / 10, 1.0 / 10);
  x.expect(sequence_mean(e), 1.0 / (4 * 5), 1.0 / (2 * 5));
  x.expect(sequence_sum(e), 1.0 / 5, 1.0 / 5);
  x.expect(constant_length(16)(e), 1.0 / (16 * 5), 1.0 / (16 * 5));
  x.expect(token_sum(e), 1, 1);
  x.expect(token_mean(e, 4), 1.0 / 4, 1.0 / 4);
  x.expect(sequence_mean(e, 2), 1.0 / 8, 1.0 / 4);
  x.expect(constant_length(16)(e, 2), 1.0 / 32, 1.0 / 32);
  x.expect(3 * token_mean(e) - 0.5 * token_mean(e, 4), 0.3 - 0.125, 0.3 - 0.125);
  x.b.scale = 4;
  x.expect(token_mean(e), 0.4, 0.4);
  x.b.scale = 1;
  x.b.length = x.length;
  x.expect(sequence_mean(e), 1.0 / (8 * 5), 1.0 / (2 * 5));
  x.b.length = {};
  x.b.totals = totals(10, 5, 4, 8);
  x.expect(positive_mean(e), 1.0 / 8, 1.0 / 8);
  x.expect(positive_mean(e, 2), 1.0 / 2, 1.0 / 2);
  x.b.prompt_tokens = x.prompt_tokens;
  x.expect(prompt_mean(e), 1.0 / (10 * 4), 0);  // a count of 0 weighs nothing
  x.prompt_tokens = {10, 5, 20};
  x.expect(prompt_mean(e), 1.0 / (10 * 4), 1.0 / (20 * 4));
  x.expect(prompt_mean(e, 3) + token_sum(e), 1 + 1.0 / 30, 1 + 1.0 / 60);
  x.b.prompt_tokens = {};
  x.b.totals = totals(2.5, 0.5);  // counts may be fractions
  x.expect(token_mean(e), 0.4, 0.4);
  x.expect(sequence_sum(e), 2, 2);
}

TEST(aggregates, a_count_of_zero_gives_zero) {
  dynamic_expression const e{clip{}};
  ones x;
  x.b.totals = totals(0, 0);
  x.b.totals.positives = 0;
  for (dynamic_objective const& o :
       {token_mean(e), sequence_mean(e), sequence_sum(e), constant_length(3)(e), positive_mean(e), positive_mean(e, 0),
        token_mean(e, 0), sequence_mean(dynamic_expression(clip<level::sequence>{}), 0)}) {
    EXPECT_EQ(x.run(o), 0);
    for (std::size_t t = 0; t < 6; ++t) {
      EXPECT_EQ(x.dlogp[t], 0);
      EXPECT_EQ(x.token_loss[t], 0);
    }
  }
  x.b.totals = totals(10, 5);
  x.length = {0, 0, 2};
  x.b.length = x.length;
  x.expect(sequence_mean(e), 0, 1.0 / 10);
}

TEST(aggregates, keep_leaves_the_denominator_alone) {
  std::vector<double> const keep_tokens{1, 0, 0, 1, 1, 0};
  std::vector<double> const keep_rows{1, 1, 0};
  ones x;
  x.b.keep = per_token(keep_tokens);
  EXPECT_NEAR(x.run(sequence_mean(dynamic_expression(keep * clip{}))), -(2.0 / 4 + 1.0 / 2) / 5, 1e-15);
  EXPECT_EQ(x.dlogp[1], 0);
  x.b.keep = per_sequence(keep_rows);
  EXPECT_NEAR(x.run(sequence_mean(dynamic_expression(keep * clip{}))), -1.0 / 5, 1e-15);
  // The statistic is a mean over the mask: dropped tokens of a sequence ratio still get their share of the gradient.
  x.b.keep = per_token(keep_tokens);
  EXPECT_NEAR(x.run(sequence_mean(dynamic_expression(keep * clip<level::sequence>{}))), -(2.0 / 4 + 1.0 / 2) / 5,
              1e-15);
  for (std::size_t t = 0; t < 4; ++t) EXPECT_NEAR(x.dlogp[t], -2.0 / 4 / 5 / 4, 1e-15);
}

TEST(expressions, a_factor_multiplies_as_often_as_it_is_written) {
  std::vector<double> const three(6, 3.0);
  ones x;
  x.b.weight = per_token(three);
  x.expect(dynamic_objective(token_mean(weight * clip{})), 0.3, 0.3);
  x.expect(dynamic_objective(token_mean(weight * (weight * clip{}))), 0.9, 0.9);
  x.expect(dynamic_objective(token_mean(weight * (2 * (weight * (weight * clip{}))))), 5.4, 5.4);
}

// A list [B * L] is read row by row, whatever the column: the second row's entries are its own.
TEST(layouts, flat_columns_of_a_padded_batch) {
  std::vector<float> const logp{-1, -2, -3, -1, -2, -3};
  std::vector<float> const adv{1, 2, 3, 4, 5, 6};
  std::vector<float> const kept{1, 1, 1, 0, 1, 0};
  std::vector<float> const weights{1, 2, 3, 4, 5, 6};
  std::vector<float> dlogp(6);
  token_batch<host, float> b{padded(2, 3)};
  b.logp = logp;
  b.old_logp = on_policy;
  b.adv = per_token(adv);
  b.keep = per_token(kept);
  b.weight = per_token(weights);
  loss(exec::cpu{1}, dynamic_objective(token_sum(weight * (keep * clip{}))), b, outputs<float>{dlogp, {}, {}});
  EXPECT_EQ(dlogp, (std::vector<float>{-1, -4, -9, 0, -25, 0}));
}

TEST(outputs, sum_to_the_loss_and_can_be_left_out) {
  auto const d = batches::random<double>(81, 5, 40, batches::mask_kind::holes);
  batches::choice c;
  auto l = batches::lay_out(d, batches::shape::padded, c);
  dynamic_objective const o =
      dynamic_objective(sequence_mean(clip(0.2, 0.28) + 0.4 * kl(k3)) - 0.1 * token_mean(entropy{}));
  double const all = loss(exec::cpu{1}, o, l.batch, l.out).loss;
  EXPECT_NEAR(std::accumulate(l.token_loss.begin(), l.token_loss.end(), 0.0), all, 1e-14);
  auto const dlogp = l.dlogp;
  auto const dentropy = l.dentropy;
  for (std::size_t k = 0; k < dentropy.size(); ++k)
    EXPECT_NEAR(dentropy[k], l.mask[k] != 0 ? -0.1 / d.tokens() : 0, 1e-16);
  EXPECT_EQ(loss(exec::cpu{1}, o, l.batch).loss, all);
  EXPECT_EQ(l.dlogp, dlogp) << "no output, nothing written";
  std::vector<double> other(dlogp.size());
  outputs<double> only;
  only.dentropy = matrix(other.data(), d.rows, d.width);
  EXPECT_EQ(loss(exec::cpu{1}, o, l.batch, only).loss, all);
  EXPECT_EQ(other, dentropy);
}

// The forms in which a C++ host writes its outputs.
TEST(outputs, are_deduced_from_containers_and_views) {
  std::vector<double> a(3);
  std::vector<double> b(3);
  std::vector<double> c(3);
  static_assert(std::is_same_v<decltype(outputs{a}), outputs<double, host>>);
  static_assert(std::is_same_v<decltype(outputs{a, b}), outputs<double, host>>);
  static_assert(std::is_same_v<decltype(outputs{a, b, c}), outputs<double, host>>);
  static_assert(std::is_same_v<decltype(outputs{span(a), span(b), span(c)}), outputs<double, host>>);
  static_assert(
      std::is_same_v<decltype(outputs{matrix(a.data(), 1, 3), matrix(b.data(), 1, 3)}), outputs<double, host>>);
  outputs o{a, b};
  o.token_loss = c;
  EXPECT_EQ(o.dlogp.data, a.data());
  EXPECT_EQ(o.dentropy.data, b.data());
  EXPECT_EQ(o.token_loss.data, c.data());
  EXPECT_FALSE(o.dlse.present() || o.dvalue.present() || o.dgiven.present());
}

}  // namespace

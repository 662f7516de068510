// SPDX-License-Identifier: MIT
// Objectives as text and back.
#include "batches.hpp"
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

namespace {

using namespace aha;

TEST(text, objectives_read_as_they_are_written) {
  EXPECT_EQ(to_string(sequence_mean(clip(0.2, 0.28) + 0.04 * kl(k3)) - 0.001 * token_mean(entropy{})),
            "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\")) - 0.001 * token_mean(entropy())");
  EXPECT_EQ(to_string(token_mean(weight * (keep * clip<level::sequence>(3e-4, 4e-4)), 17)),
            "token_mean(weight * keep * clip(3e-04, 4e-04, level=\"sequence\"), total=17)");
  EXPECT_EQ(to_string(-constant_length(512)(kl(k3, kl_gradient::ratio))),
            "-constant_length(512)(kl(\"k3\", gradient=\"ratio\"))");
  clip bounded(0.1, 0.2);
  bounded.bounds = {-5, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(to_string(token_sum(bounded)), "token_sum(clip(0.1, 0.2, bounds=(-5, inf)))");
}

/// A random objective over the whole type list.
dynamic_objective random_objective(std::mt19937_64& engine) {
  auto const uniform = [&] { return static_cast<double>(engine() >> 11U) * 0x1p-53; };
  auto const term = [&]() -> dynamic_expression {
    switch (engine() % 5) {
      case 0: return dynamic_expression(clip(uniform(), uniform()));
      case 1: return dynamic_expression(clip<level::sequence>(uniform(), uniform(), {-uniform(), uniform()}));
      case 2: {
        kl t(static_cast<estimator>(engine() % 4), static_cast<kl_gradient>(engine() % 5), -uniform(), uniform());
        t.out_high = uniform();
        return dynamic_expression(t);
      }
      case 3: return dynamic_expression(kl<level::sequence>(static_cast<estimator>(engine() % 4)));
      default: return dynamic_expression(entropy{});
    }
  };
  dynamic_objective o;
  int const parts = 1 + static_cast<int>(engine() % 3);
  for (int p = 0; p < parts; ++p) {
    dynamic_expression e;
    for (int l = 1 + static_cast<int>(engine() % 3); l > 0; --l) {
      dynamic_expression x = (2 * uniform() - 1) * term();
      if (engine() % 3 == 0) x = weight * x;
      if (engine() % 3 == 0) x = keep * x;
      e = e + x;
    }
    struct aggregate a;
    a.kind = static_cast<aggregation>(engine() % 5);
    if (a.kind == aggregation::constant_length) a.length = 1 + 100 * uniform();
    if (a.kind != aggregation::token_sum && engine() % 2 == 0) a.total = 100 * uniform();
    o = o + (2 * uniform() - 1) * dynamic_objective(a, e);
  }
  return o;
}

TEST(text, any_objective_reads_back_to_the_same_text_and_the_same_bits) {
  std::mt19937_64 engine(71);
  auto const d = batches::random<double>(72, 3, 20, batches::mask_kind::holes);
  for (int round = 0; round < 300; ++round) {
    dynamic_objective const o = random_objective(engine);
    std::string const t = to_string(o);
    dynamic_objective const back = parse(t);
    ASSERT_EQ(to_string(back), t);
    objective_needs const n = needs_of_objective(o);
    auto const run = [&](dynamic_objective const& x) {
      batches::choice c;
      c.old_logp = (n.named & reads::old_logp) != 0;
      c.ref_logp = (n.named & reads::ref_logp) != 0;
      c.entropy = (n.named & reads::entropy) != 0;
      c.adv = (n.named & reads::adv) != 0 ? scope::token : scope::none;
      c.weight = (n.named & reads::weight) != 0 ? scope::token : scope::none;
      c.keep = (n.named & reads::keep) != 0 ? scope::token : scope::none;
      auto l = batches::lay_out(d, batches::shape::packed, c);
      return std::make_pair(loss(exec::cpu{1}, x, l.batch, l.out).loss, l.dlogp);
    };
    auto const a = run(o);
    auto const b = run(back);
    EXPECT_TRUE(batches::same_bits(a.first, b.first)) << t;
    EXPECT_TRUE(batches::same_bits(a.second, b.second)) << t;
  }
}

TEST(text, sums_products_and_parentheses) {
  auto const same = [](char const* a, char const* b) { EXPECT_EQ(to_string(parse(a)), b); };
  same("token_mean(2 * 3 * -clip())", "token_mean(-6 * clip(0.2, 0.2))");
  same("token_mean(weight * (clip() - 0.5 * (kl() - entropy())))",
       "token_mean(weight * clip(0.2, 0.2) - 0.5 * weight * kl(\"k3\") + 0.5 * weight * entropy())");
  same(" - 2*( token_mean( clip( ) )-sequence_sum(entropy()))",
       "-2 * token_mean(clip(0.2, 0.2)) + 2 * sequence_sum(entropy())");
  same("token_mean(clip(eps_high=0.3, bounds=(-inf, 4)), 12)",
       "token_mean(clip(0.2, 0.3, bounds=(-inf, 4)), total=12)");
  same("token_mean(kl(k2, gradient='k1'))", "token_mean(kl(\"k2\", gradient=\"k1\"))");
  EXPECT_EQ(to_string(parse_expression("clip() + entropy()")), "clip(0.2, 0.2) + entropy()");
}

TEST(text, mistakes_say_where_and_what) {
  auto const error = [](std::string const& t) {
    status why;
    parse(t, &why);
    return why.message();
  };
  EXPECT_EQ(error(""),
            "aha::parse: text: expected a term, an aggregate, weight, keep or a number, got its end at position 0");
  EXPECT_EQ(error("token_mean(klip())"),
            "aha::parse: text: expected a term, an aggregate, weight, keep or a number, got 'klip())' at position 11");
  EXPECT_EQ(error("clip()"), "aha::parse: text: expected an objective (terms inside an aggregate), got something else");
  EXPECT_EQ(error("token_mean(clip()"), "aha::parse: text: expected ')', got its end at position 17");
  EXPECT_EQ(error("token_mean(clip()) )"), "aha::parse: text: expected the end of the text, got ')' at position 19");
  EXPECT_EQ(error("token_mean(clip() * 2)"),
            "aha::parse: text: expected numbers, weight and keep on the left of '*', got '2)' at position 20");
  EXPECT_EQ(
      error("token_mean(clip()) + clip()"),
      "aha::parse: text: expected terms added to terms, or aggregates added to aggregates, got its end at position 27");
  EXPECT_EQ(error("weight * token_mean(clip())"),
            "aha::parse: text: expected weight and keep inside an aggregate, got its end at position 27");
  EXPECT_EQ(error("token_mean(clip(eps=0.1))"),
            "aha::clip: eps: expected one of eps_low, eps_high, bounds, got an unknown name");
  EXPECT_EQ(error("token_mean(clip(0.1, 0.2, (-1, 1), 4))"),
            "aha::clip: arguments: expected at most 3 by position, got argument 4");
  EXPECT_EQ(error("token_mean(clip(-0.1))"), "aha::clip: eps_low: expected a number >= 0, got -0.1");
  EXPECT_EQ(error("token_mean(clip(\"k3\"))"), "aha::clip: eps_low: expected a number, got \"k3\"");
  EXPECT_EQ(error("token_mean(kl(\"k4\"))"), "aha::kl: value: expected one of k1, k2, k3, abs, got \"k4\"");
  EXPECT_EQ(error("token_mean(kl(gradient=\"abs\"))"),
            "aha::kl: gradient: expected one of same, k1, k2, k3, ratio, got \"abs\"");
  EXPECT_EQ(error("token_mean(clip(level=\"word\"))"),
            "aha::clip: level: expected one of its names (token, sequence), got \"word\"");
  EXPECT_EQ(error("token_mean(kl(gradient=\"k2\", level=\"sequence\"))"),
            "aha::kl: level: expected token unless gradient is ratio, got sequence");
  EXPECT_EQ(error("token_mean(clip(0.1, eps_low=0.2))"), "aha::clip: eps_low: expected one value, got two");
  EXPECT_EQ(error("token_mean(clip(eps_high=0.1, eps_high=0.2))"), "aha::clip: eps_high: expected one value, got two");
  EXPECT_EQ(error(std::string(100, '(') + "clip()"),
            "aha::parse: text: expected at most 64 levels of nesting, got '((((((((((((' at position 64");
  EXPECT_THROW(parse("token_mean("), std::invalid_argument);
}

}  // namespace

// SPDX-License-Identifier: MIT
// Columns beside the log-probabilities: the critic's, the host's own loss, log-sum-exps, prompt groups.
#include "batches.hpp"
#include "engines.hpp"
#include "error_of.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::shape;

batches::choice alone(bool lse, bool value, bool given) {
  batches::choice c =
      batches::columns_of((lse ? reads::lse : 0U) | (value ? reads::value : 0U) | (given ? reads::given : 0U));
  c.logp = false;
  return c;
}

/// PPO's critic loss and its slope as torch has them, in plain double.
std::pair<double, double> critic(double v, double old, double target, double eps) {
  double const near = std::min(std::max(v, old - eps), old + eps);
  double const a = (v - target) * (v - target);
  double const b = (near - target) * (near - target);
  bool const inside = v >= old - eps && v <= old + eps;
  return {0.5 * std::max(a, b), a >= b || inside ? v - target : 0.0};
}

template <class T>
class other_records : public ::testing::Test {};
using scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(other_records, scalars);

TYPED_TEST(other_records, equal_plain_loops_in_every_layout_without_log_probabilities) {
  using T = TypeParam;
  double const tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-14;
  auto const d = batches::random<T>(5, 5, 273, mask_kind::holes);
  dynamic_objective const o =
      parse("0.5 * token_mean(value_loss(0.2)) + sequence_mean(given()) + 0.1 * token_sum(z_loss())");
  double want = 0;
  std::vector<double> dvalue(d.mask.size());
  std::vector<double> dgiven(d.mask.size());
  std::vector<double> dlse(d.mask.size());
  int clipped = 0;
  for (std::int64_t i = 0; i < d.rows; ++i) {
    for (std::int64_t t = 0; t < d.width; ++t) {
      std::size_t const k = d.at(i, t);
      if (d.mask[k] == 0) continue;
      auto const [l, slope] = critic(static_cast<double>(d.value[k]), static_cast<double>(d.old_value[k]),
                                     static_cast<double>(d.returns[k]), 0.2);
      double const by_sequence = 1 / static_cast<double>(d.row_count(i)) / d.sequences();
      double const z = static_cast<double>(d.lse[k]);
      want += 0.5 * l / d.tokens() + static_cast<double>(d.given[k]) * by_sequence + 0.1 * z * z;
      dvalue[k] = 0.5 * slope / d.tokens();
      dgiven[k] = by_sequence;
      dlse[k] = 0.2 * z;
      clipped += slope == 0 ? 1 : 0;
    }
  }
  EXPECT_GT(clipped, 50);
  for (shape s : batches::all_shapes) {
    SCOPED_TRACE(batches::shape_names[static_cast<int>(s)]);
    auto l = batches::lay_out(d, s, alone(true, true, true));
    loss_result const r = loss(exec::cpu{1}, o, l.batch, l.out);
    EXPECT_NEAR(r.loss, want, tolerance * want);
    EXPECT_EQ(r.stats.clip_value, clipped);
    EXPECT_EQ(r.stats.clip_low + r.stats.clip_high + r.stats.clip_dual, 0);
    auto const expect = [&](std::vector<T> const& column, std::vector<double> const& by) {
      std::vector<T> const in_order = l.gather(column);
      double size = 0;
      for (double x : by) size = std::max(size, std::abs(x));
      for (std::size_t k = 0; k < by.size(); ++k) {
        EXPECT_NEAR(static_cast<double>(in_order[k]), by[k], tolerance * size) << k;
      }
      EXPECT_TRUE(l.zero_elsewhere(column));
    };
    expect(l.dvalue, dvalue);
    expect(l.dgiven, dgiven);
    expect(l.dlse, dlse);
    EXPECT_TRUE(l.zero_elsewhere(l.token_loss));
    for (std::size_t k = 0; k < l.dlogp.size(); ++k) EXPECT_EQ(l.dlogp[k], l.place[k] == -2 ? l.canary : T(0));
  }
}

TEST(value_loss, literal_values_and_ties) {
  // value, old_value, returns, eps -> loss, slope
  double const rows[][6] = {
      {1.0, 1.0, 3.0, 0.2, 2.0, -2.0},                // unmoved
      {2.0, 1.0, 3.0, 0.2, 1.62, 0.0},                // moved beyond eps towards the target: earns nothing
      {0.0, 1.0, 3.0, 0.2, 4.5, -3.0},                // moved away: pays in full
      {1.25, 1.0, 3.0, 0.25, 1.53125, -1.75},         // on the bound: unclipped
      {2.0, 1.0, 1.625, 0.25, 0.0703125, 0.375 / 2},  // both squares equal, 3/8 from each side: half of the slope
      {5.0, 1.0, 3.0, std::numeric_limits<double>::infinity(), 2.0, 2.0},
  };
  for (auto const& r : rows) {
    std::vector<double> value{r[0]};
    std::vector<double> old{r[1]};
    std::vector<double> target{r[2]};
    std::vector<double> dvalue(1);
    token_batch<host, double> b{padded(1, 1)};
    b.value = value;
    b.old_value = old;
    b.returns = target;
    outputs<double> out;
    out.dvalue = dvalue;
    EXPECT_NEAR(loss(exec::cpu{1}, token_sum(dynamic_expression(value_loss{r[3]})), b, out).loss, r[4], 1e-15);
    EXPECT_NEAR(dvalue[0], r[5], 1e-15) << r[0];
  }
}

/// A legal call of the critic's columns that tests spoil in one place.
struct call {
  std::vector<std::int32_t> cu{0, 3, 5};
  std::vector<float> value = std::vector<float>(5, 1.0F);
  std::vector<float> old_value = std::vector<float>(5, 1.1F);
  std::vector<float> returns = std::vector<float>(5, 0.9F);
  std::vector<float> given = std::vector<float>(5, 0.5F);
  std::vector<float> lse = std::vector<float>(5, 0.7F);
  std::vector<float> wrong = std::vector<float>(4, -77.0F);
  std::vector<float> dvalue = std::vector<float>(5, -77.0F);
  std::vector<std::int64_t> prompt_tokens{3, 2};
  dynamic_objective objective = parse("prompt_mean(value_loss(0.2) + given()) + positive_mean(z_loss())");
  token_batch<host, float> b{packed(cu)};
  outputs<float> out;
  call() {
    b.value = value;
    b.old_value = old_value;
    b.returns = returns;
    b.given = given;
    b.lse = lse;
    b.prompt_tokens = prompt_tokens;
    b.totals = totals(5, 2, 2, 3);
    out.dvalue = dvalue;
  }
  std::string error() {
    return error_of([&] { loss(exec::cpu{1}, objective, b, out); });
  }
};

TEST(columns, what_is_wrong_is_said_before_anything_is_written) {
  auto const expect = [](std::string const& want, std::function<void(call&)> const& spoil) {
    call c;
    spoil(c);
    EXPECT_EQ(c.error(), want);
    if (want != "no error") {
      EXPECT_EQ(c.dvalue, std::vector<float>(5, -77.0F)) << want;
    }
  };
  auto const five = [](std::string const& name) {
    return "aha::loss: " + name + ": expected [5] (a token each), got [4]";
  };
  auto const missing = [](std::string const& name) {
    return "aha::loss: " + name + ": expected a column (the objective or a named observer reads it), got none";
  };
  auto const unread = [](std::string const& name) {
    return "aha::loss: " + name + ": expected no column (nothing in the objective reads it), got one";
  };
  expect("no error", [](call&) {});
  expect(five("old_value"), [](call& c) { c.b.old_value = c.wrong; });
  expect(five("returns"), [](call& c) { c.b.returns = c.wrong; });
  expect(five("given"), [](call& c) { c.b.given = c.wrong; });
  expect(five("dvalue"), [](call& c) { c.out.dvalue = c.wrong; });
  expect(missing("value"), [](call& c) { c.b.value = {}; });
  expect(missing("old_value"), [](call& c) { c.b.old_value = {}; });
  expect(missing("returns"), [](call& c) { c.b.returns = {}; });
  expect(missing("given"), [](call& c) { c.b.given = {}; });
  expect(missing("lse"), [](call& c) { c.b.lse = {}; });
  expect(missing("logp"), [](call& c) { c.objective = c.objective + parse("token_mean(kl())"); });
  expect(missing("entropy"), [](call& c) {
    token_batch<host, float> nothing{packed(c.cu)};
    nothing.totals = totals(5, 2);
    c.b = nothing;
    c.objective = parse("token_mean(entropy())");
  });
  expect(unread("given"), [](call& c) { c.objective = parse("prompt_mean(value_loss(0.2) + z_loss())"); });
  expect(unread("old_value"), [](call& c) {
    c.objective = parse("prompt_mean(given() + z_loss())");
    c.b.value = {};
  });
  expect("no error", [](call& c) { c.objective = parse("prompt_mean(value_loss(0.2) + given() + 0 * z_loss())"); });
  // logp has the shape, so it may be there where nothing reads it.
  expect("no error", [](call& c) { c.b.logp = c.given; });
  expect("aha::loss: prompt_tokens: expected a column (prompt_mean divides by it), got none",
         [](call& c) { c.b.prompt_tokens = {}; });
  expect("aha::loss: prompt_tokens: expected no column (nothing divides by a prompt's tokens), got one",
         [](call& c) { c.objective = parse("token_mean(value_loss(0.2) + given() + z_loss())"); });
  expect("aha::loss: prompt_tokens: expected [2] (a sequence each), got [3]", [](call& c) {
    c.prompt_tokens.resize(3);
    c.b.prompt_tokens = c.prompt_tokens;
  });
  expect("aha::loss: prompt_tokens: expected numbers >= 0, got -1 at position 1",
         [](call& c) { c.prompt_tokens[1] = -1; });
  auto const total = [](std::string const& name) {
    return "aha::loss: totals." + name +
           ": expected the count of the whole step, which an aggregate divides by, got none";
  };
  expect(total("prompts"), [](call& c) { c.b.totals = totals(5, 2); });
  expect(total("positives"), [](call& c) { c.b.totals = totals(5, 2, 2); });
  expect("aha::loss: totals.prompts: expected a number >= 0, got -1", [](call& c) { c.b.totals.prompts = -1; });
  expect("aha::loss: dvalue: expected memory apart from value, got overlapping memory",
         [](call& c) { c.b.value = c.dvalue; });
  expect("aha::loss: dgiven: expected memory apart from dvalue, got overlapping memory",
         [](call& c) { c.out.dgiven = c.dvalue; });
  expect("aha::value_loss: eps: expected a number >= 0, got -1", [](call& c) {
    c.objective = dynamic_objective(prompt_mean(value_loss{-1} + given{}) + positive_mean(z_loss{}));
  });
}

// A prompt counts once however its samples are spread: over ranks, the parts add up to the whole.
TEST(prompt_mean, is_partition_proof) {
  auto const d = batches::random<double>(9, 6, 40, mask_kind::ragged);
  std::vector<std::int64_t> const prompt{0, 1, 0, 2, 1, 0};
  std::vector<std::int64_t> tokens(6);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      if (prompt[i] == prompt[j]) tokens[i] += d.row_count(static_cast<std::int64_t>(j));
    }
  }
  double sum[3] = {};
  double count[3] = {};
  for (std::int64_t i = 0; i < d.rows; ++i) {
    auto const p = static_cast<std::size_t>(prompt[static_cast<std::size_t>(i)]);
    for (std::int64_t t = 0; t < d.width; ++t) {
      std::size_t const k = d.at(i, t);
      if (d.mask[k] == 0) continue;
      sum[p] += d.given[k];
      count[p] += 1;
    }
  }
  double const want = (sum[0] / count[0] + sum[1] / count[1] + sum[2] / count[2]) / 3;
  dynamic_objective const o = parse("prompt_mean(given())");
  auto l = batches::lay_out(d, shape::padded, alone(false, false, true));
  l.batch.prompt_tokens = tokens;
  l.batch.totals = totals(0, 0, 3);
  EXPECT_NEAR(loss(exec::cpu{1}, o, l.batch, l.out).loss, want, 1e-14);
  double parts = 0;
  for (std::int64_t first : {0, 2, 5}) {
    std::int64_t const rows = first == 0 ? 2 : (first == 2 ? 3 : 1);
    token_batch<host, double> b{padded(rows, d.width)};
    b.given = matrix(d.given.data() + first * d.width, rows, d.width);
    b.mask = matrix(d.mask.data() + first * d.width, rows, d.width);
    b.prompt_tokens = index_view<>(span(tokens.data() + first, rows));
    b.totals = l.batch.totals;
    parts += loss(exec::cpu{1}, o, b).loss;
  }
  EXPECT_NEAR(parts, want, 1e-14);
}

}  // namespace

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/parse.hpp>
#include <cstring>
#include <random>
#include <string>

#include "softmax_oracle.hpp"

namespace {

using aha::bfloat16;
using aha::float16;
using oracle::stored;
using bytes = std::vector<std::byte>;

char const* const clip_only = "token_mean(clip(0.2, 0.28))";
char const* const with_kl = "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\"))";
char const* const with_entropy =
    "sequence_mean(weight * clip(0.2, 0.28, level=\"sequence\") + 0.04 * kl(\"k3\")) - 0.01 * token_mean(entropy())";

char const* const with_lse =
    "sequence_sum(clip(0.1, 0.3)) - 0.02 * token_mean(entropy()) + 0.003 * token_mean(z_loss()) + "
    "0.1 * sequence_mean(kl(\"k3\", gradient=\"ratio\", level=\"sequence\"))";
char const* const passive_statistic = "sequence_mean(clip(0.2, 0.28, level=\"sequence_token\") + 0.5 * z_loss())";
char const* const with_value = "token_mean(clip(0.2, 0.28) + 0.5 * value_loss(0.2)) + 2 * sequence_mean(given())";

/// Four sequences of 3, 0, 1 and 4 tokens over V = 37, padded to width 4 or packed.
template <class Stored>
struct problem {
  using P = aha::computed_t<Stored>;
  static constexpr std::int64_t n = 37;
  bool padded;
  double tau = 0.8;
  std::vector<std::int64_t> cu{0, 3, 3, 4, 8};
  std::vector<std::uint8_t> mask;
  std::vector<Stored> x, g;
  std::vector<std::int64_t> ids;
  std::vector<P> old_logp, ref_logp, adv, weight, value, returns;
  bytes workspace;

  explicit problem(bool as_padded) : padded(as_padded) {
    std::mt19937 random(17);
    std::normal_distribution<double> normal(0.0, 1.0);
    std::int64_t const lengths[] = {3, 0, 1, 4};
    for (std::int64_t const length : lengths) {
      adv.push_back(static_cast<P>(normal(random)));
      for (std::int64_t t = 0; t < (padded ? 4 : length); ++t) {
        bool const real = t < length;
        mask.push_back(real ? 1 : 0);
        // padding draws nothing: both layouts hold the same tokens
        for (std::int64_t v = 0; v < n; ++v) x.push_back(stored<Stored>(real ? 1.5 * normal(random) : 0.0));
        ids.push_back(real ? static_cast<std::int64_t>(random() % 37U) : 0);
        old_logp.push_back(static_cast<P>(real ? -3.0 + 0.5 * normal(random) : 0.0));
        ref_logp.push_back(static_cast<P>(real ? -3.0 + 0.5 * normal(random) : 0.0));
        weight.push_back(static_cast<P>(real ? 1.0 + 0.2 * normal(random) : 0.0));
        value.push_back(static_cast<P>(real ? normal(random) : 0.0));
        returns.push_back(static_cast<P>(real ? normal(random) : 0.0));
      }
    }
    g.assign(x.size(), stored<Stored>(7.0));
  }
  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
  template <class T>
  auto view(std::vector<T> const& c) const {
    return padded ? aha::column<T const>(aha::matrix(c.data(), 4, 4))
                  : aha::column<T const>(aha::span(c.data(), tokens()));
  }
  aha::logit_rows<> rows() const {
    if (padded) return {x.data(), 4, 4, n, 4 * n, n, view(ids), tau};
    return {aha::matrix(x.data(), tokens(), n), ids, tau};
  }
  aha::logit_gradient<> dlogits() {
    if (padded) return {g.data(), 4, 4, n, 4 * n, n};
    return aha::matrix(g.data(), tokens(), n);
  }
  aha::token_batch<aha::host, P> batch(std::string const& objective) const {
    aha::token_batch<aha::host, P> b;
    if (padded) {
      b = aha::padded{4, 4};
      b.mask = aha::mask_view<>(aha::matrix(mask.data(), 4, 4));
    } else {
      b = aha::packed{cu};
    }
    b.old_logp = view(old_logp);
    if (objective.find("kl") != std::string::npos) b.ref_logp = view(ref_logp);
    if (objective.find("weight") != std::string::npos) {
      b.weight = aha::scoped<aha::column<P const>>(aha::scope::token, view(weight));
    }
    if (objective.find("value") != std::string::npos) {
      b.value = view(value);
      b.old_value = view(weight);
      b.returns = view(returns);
      b.given = view(returns);
    }
    b.adv = aha::per_sequence(adv);
    b.totals = aha::totals(7, 3);
    return b;
  }
  template <class Exec>
  aha::loss_result run(std::string const& objective, Exec exec, unsigned observed = aha::observe::defaults) {
    auto const o = aha::parse(objective);
    workspace.assign(static_cast<std::size_t>(aha::workspace_bytes(exec, o, rows(), observed)), std::byte{0xA5});
    return aha::loss_from_logits(exec, o, rows(), batch(objective), dlogits(), workspace, observed);
  }
};

/// token_logp by the oracle in float64, `loss` over those columns, the gradient by the oracle again.
struct composed {
  double loss = 0;
  std::vector<double> g;
  aha::loss_stats stats;
};
template <class Stored>
composed compose(problem<Stored> const& p, std::string const& objective) {
  problem<double> q(p.padded);
  auto const size = static_cast<std::size_t>(p.tokens());
  auto const widened = [](auto const& from, std::vector<double>& to) { to.assign(from.begin(), from.end()); };
  widened(p.old_logp, q.old_logp);
  widened(p.ref_logp, q.ref_logp);
  widened(p.adv, q.adv);
  widened(p.weight, q.weight);
  widened(p.value, q.value);
  widened(p.returns, q.returns);
  q.mask = p.mask;
  std::vector<double> logp(size), entropy(size), lse(size), dlogp(size), dentropy(size), dlse(size);
  std::vector<oracle::row> rows(size);
  composed r;
  r.g.assign(p.x.size(), 0.0);
  std::vector<std::uint8_t> counts(size, 1);
  for (std::size_t k = 0; k < size; ++k) {
    counts[k] = p.mask[k] != 0 && p.ids[k] != -100 ? 1 : 0;
    if (counts[k] == 0) continue;
    rows[k] = oracle::softmax(p.x.data() + k * 37, 37, p.ids[k], p.tau);
    logp[k] = rows[k].logp;
    entropy[k] = rows[k].entropy;
    lse[k] = rows[k].lse;
  }
  aha::token_batch<aha::host, double> b = q.batch(objective);
  b.mask = p.padded ? aha::mask_view<>(aha::matrix(static_cast<std::uint8_t const*>(counts.data()), 4, 4))
                    : aha::mask_view<>(counts);
  b.logp = q.view(logp);
  aha::outputs<double> out;
  out.dlogp = aha::span(dlogp.data(), p.tokens());
  if (objective.find("entropy") != std::string::npos) {
    b.entropy = q.view(entropy);
    out.dentropy = aha::span(dentropy.data(), p.tokens());
  }
  if (objective.find("z_loss") != std::string::npos) {
    b.lse = q.view(lse);
    out.dlse = aha::span(dlse.data(), p.tokens());
  }
  aha::loss_result const l = aha::loss(aha::exec::scalar{}, aha::parse(objective), b, out);
  r.loss = l.loss;
  r.stats = l.stats;
  for (std::size_t k = 0; k < size; ++k) {
    if (counts[k] == 0) continue;
    std::vector<double> const g = oracle::gradient(rows[k], p.ids[k], p.tau, dlogp[k], dentropy[k], dlse[k]);
    std::copy(g.begin(), g.end(), r.g.begin() + static_cast<std::ptrdiff_t>(k * 37));
  }
  return r;
}

template <class Stored>
void expect_composition() {
  double const close = std::is_same_v<Stored, double> ? 1e-12 : 1e-5;
  for (bool padded : {false, true}) {
    for (char const* objective : {clip_only, with_kl, with_entropy, with_lse, passive_statistic, with_value}) {
      SCOPED_TRACE(std::string(objective) + (padded ? " padded" : " packed"));
      problem<Stored> p(padded);
      p.ids[2] = -100;
      composed const want = compose(p, objective);
      EXPECT_GT(std::fabs(want.loss), 1e-3);
      double top = 0.0;
      for (double g : want.g) top = std::max(top, std::fabs(g));
      auto const check = [&](aha::loss_result const& got) {
        EXPECT_NEAR(got.loss, want.loss, close * std::max(1.0, std::fabs(want.loss)));
        EXPECT_EQ(got.stats.tokens, 7);
        EXPECT_EQ(got.stats.sequences, 3);
        EXPECT_EQ(got.stats.clip_low, want.stats.clip_low);
        EXPECT_EQ(got.stats.clip_high, want.stats.clip_high);
        EXPECT_EQ((got.stats.observed & aha::observe::entropy) != 0,
                  objective == with_entropy || objective == with_lse);
        EXPECT_NEAR(got.stats.entropy_sum, want.stats.entropy_sum, 1e-4);
        for (std::size_t k = 0; k < p.g.size(); ++k) {
          ASSERT_NEAR(oracle::widen(p.g[k]), want.g[k], close * top + oracle::one_rounding<Stored>(want.g[k])) << k;
        }
      };
      check(p.run(objective, aha::exec::cpu{1}));
      if constexpr (std::is_same_v<Stored, double>) check(p.run(objective, aha::exec::scalar{}));
    }
  }
}
TEST(loss_from_logits, is_its_composition_in_float32) { expect_composition<float>(); }
TEST(loss_from_logits, is_its_composition_in_float64) { expect_composition<double>(); }
TEST(loss_from_logits, is_its_composition_in_bfloat16) { expect_composition<bfloat16>(); }
TEST(loss_from_logits, is_its_composition_in_float16) { expect_composition<float16>(); }

// Independent of every engine's derivative: the loss itself, perturbed.
TEST(loss_from_logits, equals_central_differences) {
  for (char const* objective : {with_kl, with_entropy, with_lse}) {  // passive statistics differ from their differences
    problem<double> p(false);
    p.run(objective, aha::exec::cpu{1});
    std::vector<double> const g = p.g;
    double const h = 1e-6;
    double top = 0.0;
    for (std::size_t k = 0; k < p.x.size(); k += 3) {
      double const at = p.x[k];
      p.x[k] = at + h;
      double const up = p.run(objective, aha::exec::cpu{1}).loss;
      p.x[k] = at - h;
      double const down = p.run(objective, aha::exec::cpu{1}).loss;
      p.x[k] = at;
      ASSERT_NEAR(g[k], (up - down) / (2 * h), 1e-8) << k;
      top = std::max(top, std::fabs(g[k]));
    }
    EXPECT_GT(top, 1e-2);
  }
}

// One row over p = (1, 2, 5) / 8, on policy with advantage 2: loss -2, gradient -2 (delta - p).
TEST(loss_from_logits, literal_value) {
  std::vector<double> const x{0.0, std::log(2.0), std::log(5.0)};
  std::vector<double> g(3, 7.0);
  std::vector<std::int32_t> const ids{1}, cu{0, 1};
  std::vector<double> const adv{2.0};
  aha::token_batch<aha::host, double> b{aha::packed{cu}};
  b.old_logp = aha::on_policy;
  b.adv = aha::per_sequence(adv);
  b.totals = aha::totals(1, 1);
  auto const objective = aha::parse("token_mean(clip(0.2, 0.28)) - 0.5 * token_mean(entropy())");
  aha::logit_rows const rows{aha::matrix(x.data(), 1, 3), ids};
  bytes workspace(static_cast<std::size_t>(aha::workspace_bytes(aha::exec::cpu{1}, objective, rows)));
  aha::loss_result const r =
      aha::loss_from_logits(aha::exec::cpu{1}, objective, rows, b, aha::matrix(g.data(), 1, 3), workspace);
  double const entropy = 0.9002560512685369;
  EXPECT_NEAR(r.loss, -2.0 - 0.5 * entropy, 1e-14);
  double const p[] = {0.125, 0.25, 0.625};
  for (std::size_t v = 0; v < 3; ++v) {
    EXPECT_NEAR(g[v], -2.0 * ((v == 1 ? 1.0 : 0.0) - p[v]) + 0.5 * p[v] * (std::log(p[v]) + entropy), 1e-14);
  }
}

template <class Stored>
bool same(std::vector<Stored> const& a, std::vector<Stored> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Stored)) == 0;
}

TEST(loss_from_logits, threads_layouts_and_workspace_content_change_no_bit) {
  for (char const* objective : {with_kl, with_entropy}) {
    problem<float> packed(false);
    problem<float> padded(true);
    aha::loss_result const want = packed.run(objective, aha::exec::cpu{1});
    for (int threads : {2, 3, 0}) {
      problem<float> again(false);
      EXPECT_EQ(again.run(objective, aha::exec::cpu{threads}).loss, want.loss);
      EXPECT_TRUE(same(again.g, packed.g));
    }
    EXPECT_EQ(padded.run(objective, aha::exec::cpu{2}).loss, want.loss);
    std::size_t row = 0;
    for (std::size_t k = 0; k < padded.mask.size(); ++k) {
      for (std::size_t v = 0; v < 37; ++v) {
        ASSERT_EQ(padded.g[k * 37 + v], padded.mask[k] != 0 ? packed.g[row * 37 + v] : 0.0F);
      }
      row += padded.mask[k];
    }
    EXPECT_EQ(row, 8U);
  }
}

// R3: garbage in masked rows of every input, by mask, by lens and by target -100.
TEST(loss_from_logits, masked_rows_are_unread) {
  problem<float> p(true);
  aha::loss_result const want = p.run(with_entropy, aha::exec::cpu{1});
  for (float garbage : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity(), 1e38F}) {
    problem<float> dirty(true);
    for (std::size_t k = 0; k < dirty.mask.size(); ++k) {
      if (dirty.mask[k] != 0) continue;
      std::fill_n(dirty.x.begin() + static_cast<std::ptrdiff_t>(k * 37), 37, garbage);
      dirty.ids[k] = 5000;
      dirty.old_logp[k] = dirty.ref_logp[k] = dirty.weight[k] = garbage;
    }
    EXPECT_EQ(dirty.run(with_entropy, aha::exec::cpu{1}).loss, want.loss);
    EXPECT_TRUE(same(dirty.g, p.g));

    // the same tokens through lengths instead of a mask
    problem<float> by_length = dirty;
    std::vector<std::int64_t> const lens{3, 0, 1, 4};
    auto b = by_length.batch(with_entropy);
    b.mask = {};
    b.layout = aha::padded_lens(4, 4, aha::index_view<>(lens));
    by_length.g.assign(by_length.g.size(), 7.0F);
    auto const o = aha::parse(with_entropy);
    EXPECT_EQ(
        aha::loss_from_logits(aha::exec::cpu{1}, o, by_length.rows(), b, by_length.dlogits(), by_length.workspace).loss,
        want.loss);
    EXPECT_TRUE(same(by_length.g, p.g));

    // and through ignored targets
    problem<float> ignored = dirty;
    for (std::size_t k = 0; k < dirty.mask.size(); ++k) {
      if (ignored.mask[k] == 0) ignored.ids[k] = -100;
      ignored.mask[k] = 1;
    }
    EXPECT_EQ(ignored.run(with_entropy, aha::exec::cpu{1}).loss, want.loss);
    EXPECT_TRUE(same(ignored.g, p.g));
  }
  problem<float> nothing(true);
  nothing.mask.assign(nothing.mask.size(), 0);
  aha::loss_result const zero = nothing.run(with_entropy, aha::exec::cpu{1});
  EXPECT_EQ(zero.loss, 0.0);
  EXPECT_EQ(zero.stats.tokens, 0);
  for (float g : nothing.g) EXPECT_EQ(g, 0.0F);
}

TEST(loss_from_logits, loss_alone_and_entropy_on_request) {
  problem<float> p(false);
  aha::loss_result const want = p.run(with_kl, aha::exec::cpu{1});
  auto const o = aha::parse(with_kl);
  // 8 rows: logp and the mask are all that a loss without gradient and entropy needs
  bytes small(8 * 5);
  aha::loss_result const alone = aha::loss_from_logits(aha::exec::cpu{1}, o, p.rows(), p.batch(with_kl), {}, small);
  EXPECT_EQ(alone.loss, want.loss);
  EXPECT_EQ(alone.stats.observed & aha::observe::entropy, 0U);
  unsigned const asked = aha::observe::defaults | aha::observe::entropy;
  EXPECT_EQ(aha::workspace_bytes(aha::exec::cpu{1}, o, p.rows()), 8 * 17);
  EXPECT_EQ(aha::workspace_bytes(aha::exec::cpu{1}, o, p.rows(), asked), 8 * 21);
  EXPECT_EQ(aha::workspace_bytes(aha::exec::cpu{1}, aha::parse(with_entropy), p.rows()), 8 * 25);
  EXPECT_EQ(aha::workspace_bytes(aha::exec::cpu{1}, aha::parse(with_lse), p.rows()), 8 * 33);
  problem<float> q(false);
  aha::loss_result const observed = q.run(with_kl, aha::exec::cpu{1}, asked);
  EXPECT_EQ(observed.loss, want.loss);
  EXPECT_TRUE(same(q.g, p.g));
  double entropy = 0;
  for (std::size_t k = 0; k < 8; ++k) entropy += oracle::softmax(p.x.data() + k * 37, 37, p.ids[k], p.tau).entropy;
  EXPECT_EQ(observed.stats.entropy_count, 8);
  EXPECT_NEAR(observed.stats.entropy_sum, entropy, 1e-5);
}

// logits[:, :-1] and targets from target_shift's layout: no copy of either.
TEST(loss_from_logits, cut_last_column) {
  problem<float> p(true);
  std::vector<float> x, g(4 * 5 * 37, 7.0F);
  for (std::size_t i = 0; i < 4; ++i) {
    x.insert(x.end(), p.x.begin() + static_cast<std::ptrdiff_t>(i * 4 * 37),
             p.x.begin() + static_cast<std::ptrdiff_t>((i + 1) * 4 * 37));
    x.insert(x.end(), 37, std::numeric_limits<float>::quiet_NaN());
  }
  double const want = p.run(with_kl, aha::exec::cpu{1}).loss;
  aha::logit_rows<> const rows{static_cast<float const*>(x.data()), 4, 4, 37, 5 * 37, 37, p.view(p.ids), p.tau};
  aha::loss_result const r = aha::loss_from_logits(aha::exec::cpu{1}, aha::parse(with_kl), rows, p.batch(with_kl),
                                                   {g.data(), 4, 4, 37, 5 * 37, 37}, p.workspace);
  EXPECT_EQ(r.loss, want);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(std::memcmp(&g[i * 5 * 37], &p.g[i * 4 * 37], 4 * 37 * sizeof(float)), 0);
    EXPECT_EQ(g[(i * 5 + 4) * 37], 7.0F);
  }
}

// Inputs that do not come from the logits keep their outputs; the others' gradients go on into dlogits.
TEST(loss_from_logits, outputs_of_other_inputs) {
  problem<double> p(true);
  auto const o = aha::parse(with_value);
  auto const b = p.batch(with_value);
  std::vector<double> dvalue(16, 7.0), dgiven(16, 7.0), token_loss(16, 7.0), want_value(16), want_given(16),
      want_loss(16);
  aha::outputs<double> out;
  out.dvalue = dvalue;
  out.dgiven = aha::matrix(dgiven.data(), 4, 4);
  out.token_loss = token_loss;
  p.workspace.resize(static_cast<std::size_t>(aha::workspace_bytes(aha::exec::cpu{1}, o, p.rows())));
  double const loss =
      aha::loss_from_logits(aha::exec::cpu{1}, o, p.rows(), b, p.dlogits(), p.workspace, aha::observe::defaults, out)
          .loss;
  std::vector<double> logp(16);
  aha::logp_outputs<double> forward;
  forward.logp = aha::matrix(logp.data(), 4, 4);
  aha::token_logp(aha::exec::cpu{1}, p.rows(), b.mask, forward);
  auto from_logp = b;
  from_logp.logp = logp;
  aha::outputs<double> want;
  want.dvalue = want_value;
  want.dgiven = want_given;
  want.token_loss = want_loss;
  EXPECT_EQ(aha::loss(aha::exec::cpu{1}, o, from_logp, want).loss, loss);
  EXPECT_EQ(dvalue, want_value);
  EXPECT_EQ(dgiven, want_given);
  EXPECT_EQ(token_loss, want_loss);
  EXPECT_NE(dvalue[0], 0.0);
  EXPECT_NE(dgiven[0], 0.0);
  auto const error = [&](aha::outputs<double> const& wrong) -> std::string {
    try {
      aha::loss_from_logits(aha::exec::cpu{1}, o, p.rows(), b, p.dlogits(), p.workspace, aha::observe::defaults, wrong);
    } catch (std::invalid_argument const& e) {
      return e.what();
    }
    return "no error";
  };
  aha::outputs<double> wrong;
  wrong.dlogp = dvalue;
  EXPECT_EQ(error(wrong), "aha::loss_from_logits: dlogp: expected no buffer (it goes on into dlogits), got one");
  wrong = {};
  wrong.dvalue = aha::span(p.x.data(), 16);
  EXPECT_EQ(error(wrong), "aha::loss_from_logits: dvalue: expected memory apart from logits, got overlapping memory");
  wrong.dvalue = aha::span(p.g.data(), 16);
  EXPECT_EQ(error(wrong), "aha::loss_from_logits: dvalue: expected memory apart from dlogits, got overlapping memory");
}

// R8: in place needs no memory of its own, and gives the same bits.
template <class Stored>
void expect_inplace() {
  for (bool padded : {false, true}) {
    problem<Stored> p(padded);
    p.ids[2] = -100;
    double const want = p.run(with_entropy, aha::exec::cpu{1}).loss;
    auto to = padded ? aha::logit_gradient<>(p.x.data(), 4, 4, 37, 4 * 37, 37) : aha::matrix(p.x.data(), 8, 37);
    auto const call = [&] {
      return aha::loss_from_logits(aha::exec::cpu{2}, aha::parse(with_entropy), p.rows(), p.batch(with_entropy), to,
                                   p.workspace);
    };
    EXPECT_THROW(call(), std::invalid_argument);  // not asked for
    to.inplace = true;
    EXPECT_EQ(call().loss, want);
    EXPECT_TRUE(same(p.x, p.g));
  }
}
TEST(loss_from_logits, in_place_of_the_logits) {
  expect_inplace<float>();
  expect_inplace<double>();
  expect_inplace<bfloat16>();
  expect_inplace<float16>();
}

// Hosts keep a batch dimension of one around packed tokens: [1, T, V] and targets [1, T] or [T].
TEST(loss_from_logits, packed_tokens_with_a_batch_dimension_of_one) {
  problem<float> p(false);
  double const want = p.run(with_kl, aha::exec::cpu{1}).loss;
  std::vector<float> g(p.x.size(), 7.0F);
  for (bool deep : {false, true}) {
    aha::index_view<> ids = p.ids;
    if (deep) ids = aha::matrix(static_cast<std::int64_t const*>(p.ids.data()), 1, 8);
    aha::logit_rows<> const rows{static_cast<float const*>(p.x.data()), 1, 8, 37, 8 * 37, 37, ids, p.tau};
    auto const b = p.batch(with_kl);
    g.assign(g.size(), 7.0F);
    aha::loss_result const r = aha::loss_from_logits(aha::exec::cpu{1}, aha::parse(with_kl), rows, b,
                                                     {g.data(), 1, 8, 37, 8 * 37, 37}, p.workspace);
    EXPECT_EQ(r.loss, want);
    EXPECT_TRUE(same(g, p.g));
  }
}

TEST(loss_from_logits, bad_input_is_named_and_nothing_written) {
  problem<float> p(false);
  auto const o = aha::parse(with_kl);
  auto b = p.batch(with_kl);
  auto to = p.dlogits();
  p.workspace.assign(8 * 17 + 8, std::byte{0xA5});
  std::int64_t size = 8 * 17;
  std::int64_t offset = 0;
  auto rows = p.rows();
  auto const expect = [&](std::string const& argument, std::string const& rest) {
    try {
      aha::loss_from_logits(aha::exec::cpu{1}, o, rows, b, to, aha::span(p.workspace.data() + offset, size));
      ADD_FAILURE() << "nothing raised instead of " << argument << ": " << rest;
    } catch (std::invalid_argument const& e) {
      EXPECT_EQ(e.what(), "aha::loss_from_logits: " + argument + ": expected " + rest);
    }
    for (float g : p.g) ASSERT_EQ(g, 7.0F);
    for (std::byte w : p.workspace) ASSERT_EQ(w, std::byte{0xA5});
  };
  size = 8 * 17 - 1;
  expect("workspace", "at least 136 bytes, got 135");
  size = 8 * 17;
  offset = 4;
  expect("workspace", "an address divisible by 8, got another");
  offset = 0;
  b.logp = p.old_logp;
  expect("logp", "no column (it is computed from the logits), got one");
  b.logp = {};
  b.entropy = p.old_logp;
  expect("entropy", "no column (it is computed from the logits), got one");
  b.entropy = {};
  b.ref_logp = {};
  expect("ref_logp", "a column (the objective or a named observer reads it), got none");
  b.ref_logp = p.ref_logp;
  p.ids[5] = 37;
  expect("targets", "ids in [0, 37) or -100, got 37 at position 5");
  p.ids[5] = 0;
  rows.temperature = 0;
  expect("temperature", "a positive number (1e-30 to 1e30), got 0");
  rows = p.rows();
  b.lse = p.old_logp;
  expect("lse", "no column (it is computed from the logits), got one");
  b.lse = {};
  rows.vocab_size = 74;
  expect("logits", "whole rows (shards go through softmax_partials), got the ids [0, 37) of 74");
  rows = p.rows();
  to = aha::matrix(p.x.data(), 8, 37);
  expect("dlogits", "memory apart from logits, got overlapping memory");
  to = aha::matrix(p.g.data(), 7, 37);
  expect("dlogits", "shape [8, 37] as the logits, got shape [7, 37]");
  to = p.dlogits();
  std::vector<std::int64_t> const short_cu{0, 3, 7};
  auto const good = b;
  b.layout = aha::packed{short_cu};
  b.old_logp = aha::span(p.old_logp.data(), 7);
  b.ref_logp = aha::span(p.ref_logp.data(), 7);
  std::vector<float> const two(2, 1.0F);
  b.adv = aha::per_sequence(two);
  expect("logits", "[7, V] (the tokens of cu_seqlens), got [8, 37]");
  b.layout = aha::padded{2, 4};
  b.old_logp = p.old_logp;
  b.ref_logp = p.ref_logp;
  rows = aha::logit_rows<>{
      p.x.data(), 4, 2, 37, 74, 37, aha::matrix(static_cast<std::int64_t const*>(p.ids.data()), 4, 2)};
  to = {};
  expect("logits", "[2, 4, V] (the layout), got [4, 2, 37]");
  b = good;
  rows = p.rows();
  to = p.dlogits();
  b.totals = {};
  expect("totals.sequences", "the count of the whole step, which an aggregate divides by, got none");
  b = good;
  problem<double> wide(false);
  rows = wide.rows();
  expect("logits", "float32, bfloat16 or float16 beside float32 columns, got float64");
}

}  // namespace

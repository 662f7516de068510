// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/logits.hpp>
#include <aha/cpu/loss.hpp>
#include <aha/loss/parse.hpp>
#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "error_of.hpp"
#include "softmax_oracle.hpp"

namespace {

using aha::bfloat16;
using aha::float16;
using aha::softmax_partial;
using oracle::stored;
constexpr double inf = std::numeric_limits<double>::infinity();
using cuts = std::vector<std::int64_t>;

template <class P>
struct columns {
  std::vector<P> logp, lse, entropy, max, log_sum;
  aha::logp_outputs<P> views;
  explicit columns(std::size_t n) : logp(n, P(7)), lse(n, P(7)), entropy(n, P(7)), max(n, P(7)), log_sum(n, P(7)) {
    views.logp = logp;
    views.lse = lse;
    views.entropy = entropy;
    views.max = max;
    views.log_sum = log_sum;
  }
  columns(columns const&) = delete;
  columns& operator=(columns const&) = delete;
};

/// Rows `[T, V]`, cut along V as tensor parallel ranks hold them: each shard is an array of its own.
template <class Stored>
struct problem {
  using P = aha::computed_t<Stored>;
  std::int64_t t, n;
  double tau = 0.8;
  std::vector<Stored> x;
  std::vector<std::int64_t> ids;
  std::vector<std::uint8_t> mask;
  std::vector<P> dlogp, dentropy, dlse;

  problem(std::int64_t rows, std::int64_t vocabulary, unsigned seed) : t(rows), n(vocabulary) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0.0, 1.0);
    for (std::int64_t k = 0; k < t * n; ++k) x.push_back(stored<Stored>(3.0 * normal(random)));
    for (std::int64_t k = 0; k < t; ++k) {
      ids.push_back(k == 0 ? 0 : (k == 1 ? n - 1 : static_cast<std::int64_t>(random() % static_cast<unsigned>(n))));
      mask.push_back(k != 3);
      dlogp.push_back(static_cast<P>(normal(random)));
      dentropy.push_back(static_cast<P>(normal(random)));
      dlse.push_back(static_cast<P>(normal(random)));
    }
    if (t > 4) ids[4] = -100;
  }
  std::vector<Stored> cut(std::int64_t begin, std::int64_t end) const {
    std::vector<Stored> s;
    for (std::int64_t k = 0; k < t; ++k) s.insert(s.end(), x.begin() + k * n + begin, x.begin() + k * n + end);
    return s;
  }
  aha::logit_rows<> whole() const { return {aha::matrix(x.data(), t, n), ids, tau}; }
  aha::logit_rows<> shard(std::vector<Stored> const& s, std::int64_t begin, std::int64_t end) const {
    aha::logit_rows<> rows{aha::matrix(s.data(), t, end - begin), ids, tau};
    rows.vocab_offset = begin;
    rows.vocab_size = n;
    return rows;
  }
};

aha::span<aha::column<softmax_partial const> const> all_of(std::vector<aha::column<softmax_partial const>> const& v) {
  return {v.data(), static_cast<std::int64_t>(v.size())};
}

/// What the ranks do: partials, all-gather, merge, finish.
template <class Stored, class Exec>
std::vector<softmax_partial> merged(problem<Stored> const& p, cuts const& at, Exec exec, bool entropy = true) {
  std::vector<std::vector<softmax_partial>> gathered;
  std::vector<aha::column<softmax_partial const>> views;
  for (std::size_t k = 0; k + 1 < at.size(); ++k) {
    auto const s = p.cut(at[k], at[k + 1]);
    gathered.emplace_back(static_cast<std::size_t>(p.t));
    aha::row_status const r =
        aha::softmax_partials(exec, p.shard(s, at[k], at[k + 1]), p.mask, entropy, gathered.back());
    EXPECT_EQ(r.rows, p.t - (p.t > 4 ? 2 : (p.t > 3 ? 1 : 0)));
  }
  for (auto const& g : gathered) views.emplace_back(g);
  std::vector<softmax_partial> m(static_cast<std::size_t>(p.t));
  EXPECT_EQ(aha::merge_partials(exec, all_of(views), p.tau, m).rows, p.t);
  return m;
}

cuts const ways[] = {{0, 2500},
                     {0, 1250, 2500},
                     {0, 1, 2, 700, 700, 701, 2048, 2049, 2500},  // V_k of 1, 0, uneven
                     {0, 0, 2500, 2500}};

template <class Stored>
void expect_the_whole_row() {
  using P = aha::computed_t<Stored>;
  bool constexpr wide = std::is_same_v<P, double>;
  problem<Stored> const p(7, 2500, 5);
  columns<P> want(7);
  aha::token_logp(aha::exec::cpu{1}, p.whole(), p.mask, want.views);
  aha::logit_coefficients<P> by;
  by.dlogp = p.dlogp;
  by.dentropy = p.dentropy;
  by.dlse = p.dlse;
  aha::softmax_columns<P> softmax{want.max, want.log_sum, want.entropy};
  std::vector<Stored> g(p.x.size(), stored<Stored>(7.0));
  aha::logits_gradient(aha::exec::cpu{1}, p.whole(), p.mask, softmax, by, aha::matrix(g.data(), 7, 2500));
  double top = 0.0;
  for (Stored v : g) top = std::max(top, std::fabs(oracle::widen(v)));

  for (cuts const& at : ways) {
    SCOPED_TRACE("shards " + std::to_string(at.size() - 1));
    auto const m = merged(p, at, aha::exec::cpu{2});
    columns<P> got(7);
    EXPECT_EQ(aha::token_logp_from_partials(aha::exec::cpu{1}, m, p.tau, got.views).rows, 5);
    auto const near = [&](std::vector<P> const& a, std::vector<P> const& b) {
      for (std::size_t k = 0; k < 7; ++k) {
        double const w = static_cast<double>(b[k]);
        EXPECT_NEAR(static_cast<double>(a[k]), w, (wide ? 1e-13 : 1e-6) * std::max(1.0, std::fabs(w))) << k;
        if (at.size() == 2) {  // one shard: the same bits
          EXPECT_EQ(a[k], b[k]);
        }
      }
    };
    near(got.logp, want.logp);
    near(got.lse, want.lse);
    near(got.entropy, want.entropy);
    near(got.log_sum, want.log_sum);
    EXPECT_EQ(got.max, want.max);
    EXPECT_EQ(got.logp[3], P(0));
    EXPECT_EQ(got.lse[4], P(0));

    // every rank its part of the gradient, in memory of its own and in place
    aha::softmax_columns<P> const row{got.max, got.log_sum, got.entropy};
    for (std::size_t k = 0; k + 1 < at.size(); ++k) {
      std::int64_t const width = at[k + 1] - at[k];
      auto s = p.cut(at[k], at[k + 1]);
      std::vector<Stored> gs(s.size(), stored<Stored>(7.0));
      aha::logits_gradient(aha::exec::cpu{2}, p.shard(s, at[k], at[k + 1]), p.mask, row, by,
                           aha::matrix(gs.data(), 7, width));
      for (std::int64_t i = 0; i < 7; ++i) {
        for (std::int64_t v = 0; v < width; ++v) {
          double const w = oracle::widen(g[static_cast<std::size_t>(i * 2500 + at[k] + v)]);
          double const tolerance = (wide ? 1e-13 : 1e-6) * top + 2.0 * oracle::one_rounding<Stored>(w);
          ASSERT_NEAR(oracle::widen(gs[static_cast<std::size_t>(i * width + v)]), w, tolerance) << i << " " << v;
        }
      }
      aha::logit_gradient<> to = aha::matrix(s.data(), 7, width);
      to.inplace = true;
      aha::logits_gradient(aha::exec::cpu{1}, p.shard(s, at[k], at[k + 1]), p.mask, row, by, to);
      if (width > 0) {
        EXPECT_EQ(std::memcmp(s.data(), gs.data(), s.size() * sizeof(Stored)), 0);
      }
    }
  }
}
TEST(vocab_shards, equal_the_whole_row_in_float32) { expect_the_whole_row<float>(); }
TEST(vocab_shards, equal_the_whole_row_in_float64) { expect_the_whole_row<double>(); }
TEST(vocab_shards, equal_the_whole_row_in_bfloat16) { expect_the_whole_row<bfloat16>(); }
TEST(vocab_shards, equal_the_whole_row_in_float16) { expect_the_whole_row<float16>(); }

// Against the oracle too, so that both paths cannot be wrong together; the scalar engine as well.
TEST(vocab_shards, equal_float64_by_definition) {
  problem<float> const p(7, 2500, 6);
  auto const check = [&](std::vector<softmax_partial> const& m) {
    columns<double> got(7);
    aha::token_logp_from_partials(aha::exec::cpu{1}, m, p.tau, got.views);
    for (std::size_t k : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{6}}) {
      oracle::row const want = oracle::softmax(p.x.data() + k * 2500, 2500, p.ids[k], p.tau);
      EXPECT_NEAR(got.logp[k], want.logp, 1e-6 * std::max(1.0, std::fabs(want.logp)));
      EXPECT_NEAR(got.entropy[k], want.entropy, 1e-6 * want.entropy);
      EXPECT_NEAR(got.lse[k], want.lse, 1e-6 * want.lse);
      EXPECT_GT(want.entropy, 0.5);
    }
  };
  for (cuts const& at : ways) {
    check(merged(p, at, aha::exec::cpu{1}));
    check(merged(p, at, aha::exec::scalar{}));
  }
}

// One order is one result, whatever the threads; another order differs by rounding alone.
TEST(vocab_shards, merging_is_repeatable) {
  problem<float> const p(7, 2500, 7);
  auto const want = merged(p, ways[2], aha::exec::cpu{1});
  for (int threads : {1, 2, 0}) {
    auto const again = merged(p, ways[2], aha::exec::cpu{threads});
    EXPECT_EQ(std::memcmp(again.data(), want.data(), want.size() * sizeof(softmax_partial)), 0);
  }
  std::vector<softmax_partial> a(7), b(7), ab(7), ba(7);
  auto const left = p.cut(0, 900), right = p.cut(900, 2500);
  aha::softmax_partials(aha::exec::cpu{1}, p.shard(left, 0, 900), p.mask, true, a);
  aha::softmax_partials(aha::exec::cpu{1}, p.shard(right, 900, 2500), p.mask, true, b);
  aha::merge_partials(aha::exec::cpu{1},
                      all_of({aha::column<softmax_partial const>(a), aha::column<softmax_partial const>(b)}), p.tau,
                      ab);
  aha::merge_partials(aha::exec::cpu{1},
                      all_of({aha::column<softmax_partial const>(b), aha::column<softmax_partial const>(a)}), p.tau,
                      ba);
  EXPECT_EQ(std::memcmp(ab.data(), ba.data(), 7 * sizeof(softmax_partial)), 0);  // two: commutative, bit for bit
}

TEST(vocab_shards, removed_logits_and_masked_rows) {
  problem<float> p(7, 2500, 8);
  for (std::size_t v = 0; v < 1250; ++v) p.x[v] = -std::numeric_limits<float>::infinity();  // row 0: a shard of -inf
  p.ids[0] = 2000;
  for (std::size_t v = 0; v < 2500; ++v) {
    p.x[2500 + v] = -std::numeric_limits<float>::infinity();      // row 1: nothing is left
    p.x[3 * 2500 + v] = std::numeric_limits<float>::quiet_NaN();  // masked
  }
  p.x[2 * 2500 + 100] = std::numeric_limits<float>::quiet_NaN();  // row 2: one shard has a NaN
  p.ids[6] = 3;
  p.x[6 * 2500 + 3] = -std::numeric_limits<float>::infinity();  // the target itself is removed
  auto const m = merged(p, ways[1], aha::exec::cpu{1});
  columns<float> got(7);
  EXPECT_EQ(aha::token_logp_from_partials(aha::exec::cpu{1}, m, p.tau, got.views).rows, 5);
  oracle::row const want = oracle::softmax(p.x.data(), 2500, 2000, p.tau);
  EXPECT_NEAR(static_cast<double>(got.logp[0]), want.logp, 1e-5);
  EXPECT_NEAR(static_cast<double>(got.entropy[0]), want.entropy, 1e-5);
  EXPECT_TRUE(std::isnan(got.logp[1]));
  EXPECT_TRUE(std::isnan(got.logp[2]));
  EXPECT_EQ(got.logp[3], 0.0F);
  EXPECT_EQ(got.log_sum[3], 0.0F);
  EXPECT_TRUE(m[3].is_left_out() && m[4].is_left_out() && !m[1].is_left_out());
  EXPECT_EQ(static_cast<double>(got.logp[6]), -inf);
  EXPECT_TRUE(std::isfinite(got.entropy[6]));
}

// [B, L, V_k] with strides, partials and results [B, L].
TEST(vocab_shards, blocks_of_rows) {
  problem<float> const p(6, 40, 9);
  auto const want = merged(p, {0, 17, 40}, aha::exec::cpu{1});
  std::vector<softmax_partial> left(2 * 5), right(2 * 3), m(2 * 3);
  aha::matrix const ids(static_cast<std::int64_t const*>(p.ids.data()), 2, 3);
  aha::matrix const mask(static_cast<std::uint8_t const*>(p.mask.data()), 2, 3);
  auto const rows = [&](std::int64_t begin, std::int64_t width) {
    aha::logit_rows<> r{p.x.data() + begin, 2, 3, width, 120, 40, ids, p.tau};  // windows of one array
    r.vocab_offset = begin;
    r.vocab_size = 40;
    return r;
  };
  EXPECT_EQ(aha::softmax_partials(aha::exec::cpu{1}, rows(0, 17), mask, true, aha::matrix(left.data(), 2, 3, 5)).rows,
            4);
  aha::softmax_partials(aha::exec::cpu{1}, rows(17, 23), mask, true, aha::matrix(right.data(), 2, 3));
  aha::column<softmax_partial const> const shards[] = {
      aha::matrix(static_cast<softmax_partial const*>(left.data()), 2, 3, 5),
      aha::matrix(static_cast<softmax_partial const*>(right.data()), 2, 3)};
  aha::merge_partials(aha::exec::cpu{1}, aha::span(shards, 2), p.tau, aha::matrix(m.data(), 2, 3));
  EXPECT_EQ(std::memcmp(m.data(), want.data(), 6 * sizeof(softmax_partial)), 0);
  std::vector<double> logp(6, 7.0);
  aha::logp_outputs<double> out;
  out.logp = aha::matrix(logp.data(), 2, 3);
  EXPECT_EQ(aha::token_logp_from_partials(aha::exec::cpu{1},
                                          aha::matrix(static_cast<softmax_partial const*>(m.data()), 2, 3), p.tau, out)
                .rows,
            4);
  EXPECT_NEAR(logp[5], oracle::softmax(p.x.data() + 200, 40, p.ids[5], p.tau).logp, 1e-6);
}

// A trainer on 1, 2 and 8 ranks: partials, gather, loss, gradient; each rank ends with its slice of the whole gradient.
template <class T>
void expect_a_trainer(double tolerance) {
  problem<T> p(12, 1000, 10);
  p.mask.assign(12, 1);
  p.ids[4] = 400;
  std::vector<std::int64_t> const cu{0, 5, 6, 12};
  std::vector<T> old_logp, adv{T(1.5), T(-0.7), T(0.4)};
  for (std::size_t k = 0; k < 12; ++k)
    old_logp.push_back(static_cast<T>(oracle::softmax(p.x.data() + k * 1000, 1000, p.ids[k], p.tau).logp + 0.1));
  auto const objective =
      aha::parse("sequence_mean(clip(0.2, 0.28, level=\"sequence\") + clip(0.3, 0.3)) - 0.01 * token_mean(entropy())");
  aha::token_batch<aha::host, T> batch{aha::packed{cu}};
  batch.old_logp = old_logp;
  batch.adv = aha::per_sequence(adv);
  batch.totals = aha::totals(12, 3);
  std::vector<double> whole;  // the gradient by the oracle, from the first world's coefficients
  double loss = 0.0;
  for (std::int64_t world : {1, 2, 8}) {
    cuts at;
    for (std::int64_t k = 0; k <= world; ++k) at.push_back(k * 1000 / world);
    std::vector<std::vector<softmax_partial>> gathered(static_cast<std::size_t>(world),
                                                       std::vector<softmax_partial>(12));
    std::vector<aha::column<softmax_partial const>> views;
    for (std::size_t k = 0; k < gathered.size(); ++k) {
      auto const s = p.cut(at[k], at[k + 1]);
      aha::softmax_partials(aha::exec::cpu{1}, p.shard(s, at[k], at[k + 1]), {}, true, gathered[k]);
      views.emplace_back(gathered[k]);
    }
    for (std::size_t rank = 0; rank < gathered.size(); ++rank) {
      std::vector<softmax_partial> m(12);
      aha::merge_partials(aha::exec::cpu{1}, all_of(views), p.tau, m);
      columns<T> row(12);
      aha::token_logp_from_partials(aha::exec::cpu{1}, m, p.tau, row.views);
      std::vector<T> dlogp(12), dentropy(12);
      batch.logp = row.logp;
      batch.entropy = row.entropy;
      aha::outputs<T> out;
      out.dlogp = dlogp;
      out.dentropy = dentropy;
      aha::loss_result const r = aha::loss(aha::exec::cpu{1}, objective, batch, out);
      if (whole.empty()) {
        loss = r.loss;
        EXPECT_GT(std::fabs(loss), 1e-3);
        for (std::size_t k = 0; k < 12; ++k) {
          auto const g = oracle::gradient(oracle::softmax(p.x.data() + k * 1000, 1000, p.ids[k], p.tau), p.ids[k],
                                          p.tau, static_cast<double>(dlogp[k]), static_cast<double>(dentropy[k]));
          whole.insert(whole.end(), g.begin(), g.end());
        }
      }
      EXPECT_NEAR(r.loss, loss, tolerance);
      auto s = p.cut(at[rank], at[rank + 1]);
      auto const width = at[rank + 1] - at[rank];
      aha::logit_gradient<> to = aha::matrix(s.data(), 12, width);
      to.inplace = true;
      auto const mine = p.cut(at[rank], at[rank + 1]);
      aha::logit_coefficients<T> by;
      by.dlogp = dlogp;
      by.dentropy = dentropy;
      aha::logits_gradient(aha::exec::cpu{1}, p.shard(s, at[rank], at[rank + 1]), {},
                           aha::softmax_columns<T>{row.max, row.log_sum, row.entropy}, by, to);
      for (std::int64_t i = 0; i < 12; ++i) {
        for (std::int64_t v = 0; v < width; ++v) {
          ASSERT_NEAR(static_cast<double>(s[static_cast<std::size_t>(i * width + v)]),
                      whole[static_cast<std::size_t>(i * 1000 + at[rank] + v)], tolerance);
        }
      }
    }
  }
}
TEST(vocab_shards, a_trainer_on_1_2_and_8_ranks) {
  expect_a_trainer<float>(1e-6);
  expect_a_trainer<double>(1e-13);
}

TEST(vocab_shards, bad_input_is_named_and_nothing_written) {
  problem<float> p(6, 40, 11);
  p.mask.assign(6, 1);
  std::vector<softmax_partial> out(6, softmax_partial{7, 7, 7, 7});
  auto const s = p.cut(10, 30);
  aha::logit_rows<> rows = p.shard(s, 10, 30);
  auto const expect = [&](std::string const& rest, aha::column<softmax_partial> to) {
    EXPECT_EQ(error_of([&] { aha::softmax_partials(aha::exec::cpu{1}, rows, p.mask, true, to); }),
              "aha::softmax_partials: " + rest);
  };
  rows.vocab_offset = -1;
  expect("vocab_offset: expected an id >= 0, got -1", out);
  rows.vocab_offset = 30;
  expect("vocab_size: expected at least 50 (logits [6, 20] from id 30 on), got 40", out);
  rows.vocab_offset = 10;
  rows.vocab_size = 0;
  expect("vocab_size: expected at least 30 (logits [6, 20] from id 10 on), got 20", out);
  rows.vocab_size = 40;
  p.ids[2] = 40;
  expect("targets: expected ids in [0, 40) or -100, got 40 at position 2", out);
  p.ids[2] = 0;
  rows.temperature = 0.0;
  expect("temperature: expected a positive number (1e-30 to 1e30), got 0", out);
  rows.temperature = 1.0;
  expect("partials: expected shape [6] beside logits [6, 20], got nothing", {});
  expect("partials: expected shape [6] beside logits [6, 20], got shape [5]", aha::span(out.data(), 5));
  aha::logit_rows<> const none{aha::matrix(static_cast<float const*>(nullptr), 6, 0), p.ids, 1.0};
  EXPECT_EQ(
      error_of([&] { aha::softmax_partials(aha::exec::cpu{1}, none, {}, true, aha::column<softmax_partial>(out)); }),
      "aha::softmax_partials: logits: expected at least one logit a row, got [6, 0]");
  columns<float> c(6);
  EXPECT_EQ(
      error_of([&] { aha::token_logp(aha::exec::cpu{1}, rows, {}, c.views); }),
      "aha::token_logp: logits: expected whole rows (shards go through softmax_partials), got the ids [10, 30) of 40");

  std::vector<softmax_partial> const few(5);
  auto const merge = [&](std::vector<aha::column<softmax_partial const>> const& shards, double tau) {
    return error_of(
        [&] { aha::merge_partials(aha::exec::cpu{1}, all_of(shards), tau, aha::column<softmax_partial>(out)); });
  };
  EXPECT_EQ(merge({}, 1.0), "aha::merge_partials: shards: expected at least one, got none");
  EXPECT_EQ(merge({few}, 1.0), "aha::merge_partials: shards: expected shape [6] beside partials [6, 4], got shape [5]");
  EXPECT_EQ(merge({out}, 1.0),
            "aha::merge_partials: partials: expected memory apart from shards, got overlapping memory");
  EXPECT_EQ(merge({out}, -1.0), "aha::merge_partials: temperature: expected a positive number (1e-30 to 1e30), got -1");
  auto const end = [&](aha::column<softmax_partial const> partials) {
    return error_of([&] { aha::token_logp_from_partials(aha::exec::cpu{1}, partials, 1.0, c.views); });
  };
  EXPECT_EQ(end({}), "aha::token_logp_from_partials: partials: expected [T] or [B, L] of softmax_partial, got nothing");
  EXPECT_EQ(end(few), "aha::token_logp_from_partials: logp: expected shape [5] beside partials [5, 4], got shape [6]");
  for (softmax_partial const& q : out) EXPECT_EQ(q.sum_xp, 7.0);
  EXPECT_EQ(c.logp, std::vector<float>(6, 7.0F));
}

}  // namespace

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/token_logp.hpp>
#include <cstring>
#include <random>
#include <string>

#include "error_of.hpp"
#include "softmax_oracle.hpp"

namespace {

using aha::bfloat16;
using aha::float16;
constexpr double inf = std::numeric_limits<double>::infinity();

template <class P>
struct row_results {
  std::vector<P> logp, lse, entropy, max, log_sum;
  aha::logp_outputs<P> views;
  explicit row_results(std::size_t n) : logp(n, P(7)), lse(n, P(7)), entropy(n, P(7)), max(n, P(7)), log_sum(n, P(7)) {
    views.logp = logp;
    views.lse = lse;
    views.entropy = entropy;
    views.max = max;
    views.log_sum = log_sum;
  }
  row_results(row_results const&) = delete;
  row_results& operator=(row_results const&) = delete;
  bool same(row_results const& o) const {
    auto const eq = [](std::vector<P> const& a, std::vector<P> const& b) {
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(P)) == 0;
    };
    return eq(logp, o.logp) && eq(lse, o.lse) && eq(entropy, o.entropy) && eq(max, o.max) && eq(log_sum, o.log_sum);
  }
};

enum class shape { random, peaked, uniform, negative, shifted_up, shifted_down, cut };
constexpr shape shapes[] = {shape::random,     shape::peaked,       shape::uniform, shape::negative,
                            shape::shifted_up, shape::shifted_down, shape::cut};

/// |x| <= 100 before the shift.
std::vector<float> make_row(shape s, std::int64_t n, std::int64_t target, std::mt19937& random) {
  std::normal_distribution<float> normal(0.0F, 3.0F);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& v : x) v = s == shape::uniform ? 1.25F : (s == shape::negative ? -60.0F : normal(random));
  if (s == shape::negative) {
    for (float& v : x) v += 0.01F * normal(random);
  }
  if (s == shape::peaked) x[static_cast<std::size_t>(target)] = 40.0F;
  if (s == shape::shifted_up || s == shape::shifted_down) {
    for (float& v : x) v += s == shape::shifted_up ? 1e4F : -1e4F;
  }
  if (s == shape::cut) {
    for (std::size_t v = 0; v < x.size(); ++v) {
      bool const padding = v > x.size() / 2 || v % 3 == 1;
      if (padding && v != static_cast<std::size_t>(target)) x[v] = -std::numeric_limits<float>::infinity();
    }
  }
  return x;
}

template <class Stored>
std::vector<Stored> stored(std::vector<float> const& x) {
  std::vector<Stored> y(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) y[k] = oracle::stored<Stored>(static_cast<double>(x[k]));
  return y;
}

template <class Stored, class Exec>
void expect_row(Exec const& exec, std::vector<Stored> const& x, std::int64_t target, double tau) {
  using P = aha::computed_t<Stored>;
  auto const n = static_cast<std::int64_t>(x.size());
  row_results<P> got(1);
  std::vector<std::int32_t> const ids{static_cast<std::int32_t>(target)};
  aha::logit_rows const rows{aha::matrix(x.data(), 1, n), ids, tau};
  ASSERT_EQ(aha::token_logp(exec, rows, {}, got.views).rows, 1);
  oracle::row const want = oracle::softmax(x.data(), n, target, tau);
  // A float32 result cannot be closer than half its spacing, which exceeds 1e-5 from 256 on.
  double const ulp = std::is_same_v<P, double> ? 0x1p-52 : 0x1p-24;
  double const floor = std::is_same_v<P, double> ? 1e-12 : 1e-5;
  auto const bound = [&](double w) { return std::max(floor, 1.01 * ulp * std::fabs(w)); };
  double const logp = static_cast<double>(got.logp[0]);
  double const entropy = static_cast<double>(got.entropy[0]);
  EXPECT_NEAR(logp, want.logp, bound(want.logp));
  EXPECT_NEAR(entropy, want.entropy, bound(want.entropy));
  EXPECT_NEAR(static_cast<double>(got.lse[0]), want.lse, bound(want.lse));
  EXPECT_NEAR(static_cast<double>(got.log_sum[0]), want.log_sum, bound(want.log_sum));
  EXPECT_EQ(static_cast<double>(got.max[0]), want.max);
  EXPECT_LE(logp, 0.0);
  EXPECT_GE(entropy, 0.0);
  EXPECT_LE(entropy, std::log(static_cast<double>(n)) + 1e-5);
}

// R4: small and model vocabularies (GPT-2, R1's 129280 class, Qwen, padded) x temperature x shapes of rows.
TEST(token_logp, obeys_its_mathematics) {
  std::mt19937 random(5);
  for (std::int64_t n : {1, 2, 7, 127, 129, 50257, 129920, 151665, 151936, 248320}) {
    for (shape s : shapes) {
      std::int64_t const target = n / 3;
      std::vector<float> const x = make_row(s, n, target, random);
      for (double tau : {0.5, 1.0, 1.5}) {
        SCOPED_TRACE("V " + std::to_string(n) + " shape " + std::to_string(static_cast<int>(s)) + " tau " +
                     std::to_string(tau));
        expect_row(aha::exec::cpu{1}, x, target, tau);
        if (n > 129 && tau != 0.5) continue;  // the other types share everything but loads: one temperature is enough
        expect_row(aha::exec::cpu{1}, stored<double>(x), target, tau);
        expect_row(aha::exec::cpu{1}, stored<bfloat16>(x), target, tau);
        expect_row(aha::exec::cpu{1}, stored<float16>(x), target, tau);
        expect_row(aha::exec::scalar{}, x, target, tau);
      }
    }
  }
}

// Logits at both ends of [-100, 100]: log-probs down to -400.
TEST(token_logp, wide_rows) {
  std::mt19937 random(6);
  std::uniform_real_distribution<float> flat(-100.0F, 100.0F);
  std::vector<float> x(5000);
  for (float& v : x) v = flat(random);
  for (std::int64_t target = 0; target < 5000; target += 97) {
    for (double tau : {0.5, 1.0, 1.5}) expect_row(aha::exec::cpu{1}, x, target, tau);
  }
}

// Every length around the batch width, the run of 16 batches and the block: tails go through the same lanes.
TEST(token_logp, every_tail_length) {
  std::mt19937 random(8);
  std::normal_distribution<float> normal(0.0F, 2.0F);
  std::vector<std::int64_t> lengths;
  for (std::int64_t n = 1; n <= 70; ++n) lengths.push_back(n);
  for (std::int64_t n : {255, 256, 257, 2047, 2048, 2049, 2050, 4095, 4096, 4097}) lengths.push_back(n);
  for (std::int64_t n : lengths) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (float& v : x) v = normal(random);
    expect_row(aha::exec::cpu{1}, x, n - 1, 0.7);
    expect_row(aha::exec::cpu{1}, stored<bfloat16>(x), n - 1, 0.7);
    expect_row(aha::exec::cpu{1}, stored<double>(x), n - 1, 0.7);
  }
}

TEST(token_logp, literal_row) {
  std::vector<double> const x{0.0, std::log(2.0), std::log(5.0)};  // p = (1, 2, 5) / 8
  std::vector<std::int64_t> const ids{1};
  row_results<double> r(1);
  aha::token_logp(aha::exec::cpu{1}, aha::logit_rows{aha::matrix(x.data(), 1, 3), ids}, {}, r.views);
  EXPECT_NEAR(r.logp[0], -1.3862943611198906, 1e-15);
  EXPECT_NEAR(r.entropy[0], 0.9002560512685369, 1e-15);
}

template <class Stored>
struct problem {
  std::int64_t t, n;
  std::vector<Stored> x;
  std::vector<std::int64_t> ids;
  problem(std::int64_t rows, std::int64_t vocabulary, unsigned seed) : t(rows), n(vocabulary) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 4.0F);
    std::vector<float> f(static_cast<std::size_t>(t * n));
    for (float& v : f) v = normal(random);
    x = stored<Stored>(f);
    for (std::int64_t k = 0; k < t; ++k) ids.push_back(static_cast<std::int64_t>(random() % static_cast<unsigned>(n)));
  }
  aha::logit_rows<> rows(double tau = 0.9) const { return {aha::matrix(x.data(), t, n), ids, tau}; }
};

// R4: bitwise equal alone, inside any batch, at any address, with any number of threads, over repeated runs.
template <class Stored>
void expect_bitwise_rows() {
  using P = aha::computed_t<Stored>;
  problem<Stored> const p(37, 5003, 21);
  row_results<P> all(37);
  aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, all.views);
  for (int threads : {2, 3, 0}) {
    for (int run = 0; run < 10; ++run) {
      row_results<P> again(37);
      aha::token_logp(aha::exec::cpu{threads}, p.rows(), {}, again.views);
      ASSERT_TRUE(again.same(all));
    }
  }
  for (std::size_t row : {std::size_t{0}, std::size_t{17}, std::size_t{36}}) {
    for (std::size_t offset = 0; offset < 20; ++offset) {
      std::vector<Stored> moved(5003 + offset);
      std::memcpy(static_cast<void*>(moved.data() + offset), p.x.data() + row * 5003, 5003 * sizeof(Stored));
      row_results<P> alone(1);
      std::vector<std::int64_t> const id{p.ids[row]};
      aha::token_logp(aha::exec::cpu{1},
                      aha::logit_rows{aha::matrix(static_cast<Stored const*>(moved.data() + offset), 1, 5003), id, 0.9},
                      {}, alone.views);
      ASSERT_EQ(alone.logp[0], all.logp[row]);
      ASSERT_EQ(alone.entropy[0], all.entropy[row]);
      ASSERT_EQ(alone.log_sum[0], all.log_sum[row]);
    }
  }
}
TEST(token_logp, bitwise_alone_in_batches_and_threads) {
  expect_bitwise_rows<float>();
  expect_bitwise_rows<double>();
  expect_bitwise_rows<bfloat16>();
  expect_bitwise_rows<float16>();
}

template <class Stored>
void expect_the_same_in_float32() {
  problem<Stored> const p(9, 4099, 22);
  std::vector<float> wide;
  for (Stored v : p.x) wide.push_back(aha::to_float(v));
  row_results<float> narrow(9);
  row_results<float> full(9);
  aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, narrow.views);
  aha::token_logp(aha::exec::cpu{1}, aha::logit_rows{aha::matrix(wide.data(), 9, 4099), p.ids, 0.9}, {}, full.views);
  EXPECT_TRUE(narrow.same(full));
  EXPECT_LT(full.logp[0], -1.0F);
}
TEST(token_logp, bfloat16_equals_the_same_values_in_float32) { expect_the_same_in_float32<bfloat16>(); }
TEST(token_logp, float16_equals_the_same_values_in_float32) { expect_the_same_in_float32<float16>(); }

TEST(token_logp, entropy_on_request_changes_nothing_else) {
  problem<float> const p(5, 3001, 23);
  row_results<float> with(5);
  row_results<float> without(5);
  without.views.entropy = {};
  aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, with.views);
  aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, without.views);
  EXPECT_EQ(with.logp, without.logp);
  EXPECT_EQ(with.log_sum, without.log_sum);
  EXPECT_EQ(without.entropy, std::vector<float>(5, 7.0F));
}

// R3: masked and ignored rows are not read; garbage in logits and (where masked) in targets changes no bit.
TEST(token_logp, masked_rows_are_unread) {
  std::vector<std::uint8_t> const bytes{1, 0, 1, 1, 0, 1};
  std::vector<float> const floats{1, 0, 1, 1, 0, 1};
  std::vector<std::int64_t> const wide{1, 0, 1, 1, 0, 1};
  problem<float> clean(6, 2500, 24);
  clean.ids[3] = -100;
  row_results<float> want(6);
  EXPECT_EQ(aha::token_logp(aha::exec::cpu{1}, clean.rows(), bytes, want.views).rows, 3);
  for (std::size_t k : {std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
    EXPECT_EQ(want.logp[k], 0.0F);
    EXPECT_EQ(want.lse[k], 0.0F);
    EXPECT_EQ(want.entropy[k], 0.0F);
    EXPECT_EQ(want.max[k], 0.0F);
    EXPECT_EQ(want.log_sum[k], 0.0F);
  }
  EXPECT_LT(want.logp[5], -0.5F);
  for (float garbage : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity(), 1e38F}) {
    problem<float> dirty = clean;
    for (std::size_t k : {std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
      for (std::size_t v = 0; v < 2500; ++v) dirty.x[k * 2500 + v] = garbage;
    }
    dirty.ids[1] = 123456789;
    dirty.ids[4] = -7;
    for (int kind = 0; kind < 3; ++kind) {
      aha::mask_view<> const mask =
          kind == 0 ? aha::mask_view<>(bytes) : (kind == 1 ? aha::mask_view<>(floats) : aha::mask_view<>(wide));
      row_results<float> got(6);
      aha::token_logp(aha::exec::cpu{2}, dirty.rows(), mask, got.views);
      EXPECT_TRUE(got.same(want));
    }
  }
  std::vector<std::uint8_t> const nothing(6, 0);
  row_results<float> zero(6);
  EXPECT_EQ(aha::token_logp(aha::exec::cpu{1}, clean.rows(), nothing, zero.views).rows, 0);
  EXPECT_EQ(zero.logp, std::vector<float>(6, 0.0F));
}

// logits[:, :-1] of [B, L + 1, V], and a transposed [L, B, V] buffer, against contiguous copies.
TEST(token_logp, strided_views) {
  std::int64_t const b = 3, l = 4, n = 77;
  problem<float> const p(b * (l + 1), n, 25);
  std::vector<float> copy, transposed(static_cast<std::size_t>(b * l * n));
  std::vector<std::int32_t> ids, padded_ids;
  for (std::int64_t i = 0; i < b; ++i) {
    for (std::int64_t t = 0; t <= l; ++t) {
      auto const id = static_cast<std::int32_t>(p.ids[static_cast<std::size_t>(i * (l + 1) + t)]);
      padded_ids.push_back(id);
      if (t == l) continue;
      ids.push_back(id);
      float const* row = p.x.data() + (i * (l + 1) + t) * n;
      copy.insert(copy.end(), row, row + n);
      std::copy(row, row + n, transposed.data() + (t * b + i) * n);
    }
  }
  row_results<float> want(static_cast<std::size_t>(b * l));
  aha::token_logp(aha::exec::cpu{1},
                  aha::logit_rows{aha::matrix(static_cast<float const*>(copy.data()), b * l, n), ids, 0.8}, {},
                  want.views);
  aha::matrix const id_view(static_cast<std::int32_t const*>(padded_ids.data()), b, l, l + 1);  // ids[:, :-1]
  aha::logit_rows<> const cut{p.x.data(), b, l, n, (l + 1) * n, n, id_view, 0.8};
  aha::logit_rows<> const turned{static_cast<float const*>(transposed.data()), b, l, n, n, b * n, id_view, 0.8};
  for (aha::logit_rows<> const& rows : {cut, turned}) {
    std::vector<float> wide(static_cast<std::size_t>(b * (l + 2)), 7.0F);
    std::vector<float> entropy(static_cast<std::size_t>(b * l));
    aha::logp_outputs<float> out;
    out.logp = aha::matrix(wide.data(), b, l, l + 2);
    out.entropy = aha::matrix(entropy.data(), b, l);
    aha::token_logp(aha::exec::cpu{1}, rows, {}, out);
    EXPECT_EQ(entropy, want.entropy);
    for (std::int64_t i = 0; i < b; ++i) {
      for (std::int64_t t = 0; t < l + 2; ++t) {
        EXPECT_EQ(wide[static_cast<std::size_t>(i * (l + 2) + t)],
                  t < l ? want.logp[static_cast<std::size_t>(i * l + t)] : 7.0F);
      }
    }
  }
}

TEST(token_logp, infinite_and_nan_logits) {
  float const ninf = -std::numeric_limits<float>::infinity();
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::size_t const n = 3000;
  std::vector<float> x(6 * n, 0.5F);
  std::fill(x.begin(), x.begin() + 3000, ninf);  // 0: only -inf
  x[n + 2500] = nan;                             // 1: a NaN in the last block
  std::fill(x.begin() + 6000, x.begin() + 8100, ninf);
  x[2 * n + 5] = nan;                                     // 2: a NaN among a first block of -inf
  x[3 * n + 7] = -ninf;                                   // 3: +inf
  std::fill(x.begin() + 12000, x.begin() + 14500, ninf);  // 4: a first block of -inf, 500 equal logits behind
  x[5 * n + 1] = ninf;                                    // 5: the target itself is -inf
  std::vector<std::int64_t> const ids{0, 0, 2900, 0, 2900, 1};
  row_results<float> r(6);
  aha::token_logp(aha::exec::cpu{1}, aha::logit_rows{aha::matrix(static_cast<float const*>(x.data()), 6, 3000), ids},
                  {}, r.views);
  for (std::size_t k : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    EXPECT_TRUE(std::isnan(r.logp[k])) << k;
    EXPECT_TRUE(std::isnan(r.entropy[k])) << k;
  }
  EXPECT_NEAR(static_cast<double>(r.logp[4]), -std::log(500.0), 1e-6);
  EXPECT_NEAR(static_cast<double>(r.entropy[4]), std::log(500.0), 1e-6);
  EXPECT_EQ(static_cast<double>(r.logp[5]), -inf);
  EXPECT_NEAR(static_cast<double>(r.entropy[5]), std::log(2999.0), 1e-6);
}

// A confident row keeps 1 - p: 151935 tails of e^-25 beside one token, log_sum = 2.1e-6, below float32's spacing at 1.
TEST(token_logp, log_sum_keeps_what_is_left_of_one) {
  std::vector<float> x(151936, -25.0F);
  x[70001] = 0.0F;
  std::vector<std::int64_t> const ids{70001};
  row_results<float> r(1);
  aha::token_logp(aha::exec::cpu{1}, aha::logit_rows{aha::matrix(static_cast<float const*>(x.data()), 1, 151936), ids},
                  {}, r.views);
  double const want = std::log1p(151935.0 * std::exp(-25.0));
  EXPECT_NEAR(static_cast<double>(r.log_sum[0]) / want, 1.0, 3e-4);
}

TEST(token_logp, no_rows) {
  std::vector<float> none;
  std::vector<std::int64_t> const ids;
  row_results<float> r(0);
  EXPECT_EQ(
      aha::token_logp(aha::exec::cpu{}, aha::logit_rows{aha::matrix(static_cast<float const*>(none.data()), 0, 5), ids},
                      {}, r.views)
          .rows,
      0);
  aha::logit_rows<> const empty{
      static_cast<float const*>(nullptr), 3, 0, 5, 0, 5, aha::matrix(static_cast<std::int64_t const*>(nullptr), 3, 0)};
  EXPECT_EQ(aha::token_logp(aha::exec::cpu{}, empty, {}, aha::logp_outputs<float>{}).rows, 0);
}

TEST(token_logp, bad_input_is_named_and_nothing_written) {
  problem<float> p(20, 9, 31);
  row_results<float> r(20);
  std::vector<float> const untouched(20, 7.0F);
  auto const call = [&](aha::logit_rows<> const& rows, aha::mask_view<> mask = {}) {
    return error_of([&] { aha::token_logp(aha::exec::cpu{1}, rows, mask, r.views); });
  };
  p.ids[17] = 40000;
  EXPECT_EQ(call(p.rows()), "aha::token_logp: targets: expected ids in [0, 9) or -100, got 40000 at position 17");
  p.ids[17] = 9;
  EXPECT_EQ(call(p.rows()), "aha::token_logp: targets: expected ids in [0, 9) or -100, got 9 at position 17");
  p.ids[17] = -1;
  EXPECT_EQ(call(p.rows()), "aha::token_logp: targets: expected ids in [0, 9) or -100, got -1 at position 17");
  p.ids[17] = 0;
  EXPECT_EQ(call(p.rows(0.0)), "aha::token_logp: temperature: expected a positive number (1e-30 to 1e30), got 0");
  EXPECT_EQ(call(p.rows(-1.0)), "aha::token_logp: temperature: expected a positive number (1e-30 to 1e30), got -1");
  EXPECT_NE(call(p.rows(inf)), "no error");
  EXPECT_NE(call(p.rows(std::numeric_limits<double>::quiet_NaN())), "no error");
  aha::logit_rows<> rows = p.rows();
  rows.targets = {};
  EXPECT_EQ(call(rows), "aha::token_logp: targets: expected shape [20] beside logits [20, 9], got nothing");
  std::vector<std::int32_t> const few(19, 0);
  rows.targets = few;
  EXPECT_EQ(call(rows), "aha::token_logp: targets: expected shape [20] beside logits [20, 9], got shape [19]");
  rows.targets = aha::matrix(static_cast<std::int64_t const*>(p.ids.data()), 4, 5);
  EXPECT_EQ(call(rows), "aha::token_logp: targets: expected shape [20] beside logits [20, 9], got shape [4, 5]");
  std::vector<std::uint8_t> const long_mask(21, 1);
  EXPECT_EQ(call(p.rows(), long_mask),
            "aha::token_logp: mask: expected shape [20] beside logits [20, 9], got shape [21]");
  EXPECT_EQ(call({}), "aha::token_logp: logits: expected [T, V] or [B, L, V], got nothing");
  rows = p.rows();
  rows.vocabulary = 0;
  EXPECT_EQ(call(rows), "aha::token_logp: logits: expected at least one logit a row, got [20, 0]");
  rows = p.rows();
  rows.data = nullptr;
  EXPECT_EQ(call(rows), "aha::token_logp: logits: expected data, got a null pointer");
  rows = p.rows();
  rows.row_stride = -9;
  EXPECT_EQ(call(rows), "aha::token_logp: logits: expected strides >= 0, got strides 180, -9");
  problem<double> const wide(20, 9, 31);
  EXPECT_EQ(call(wide.rows()),
            "aha::token_logp: logits: expected float32, bfloat16 or float16 beside float32 columns, got float64");
  row_results<double> d(20);
  EXPECT_EQ(error_of([&] { aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, d.views); }),
            "aha::token_logp: logits: expected float64 beside float64 columns, got float32");
  r.views.entropy = aha::span(r.entropy.data(), 3);
  EXPECT_EQ(call(p.rows()), "aha::token_logp: entropy: expected shape [20] beside logits [20, 9], got shape [3]");
  r.views.entropy = r.logp;
  EXPECT_EQ(call(p.rows()), "aha::token_logp: entropy: expected memory apart from logp, got overlapping memory");
  r.views.entropy = aha::span(p.x.data() + 100, 20);
  EXPECT_EQ(call(p.rows()), "aha::token_logp: entropy: expected memory apart from logits, got overlapping memory");
  EXPECT_EQ(r.logp, untouched);
  EXPECT_EQ(r.entropy, untouched);
  EXPECT_EQ(r.max, untouched);
  EXPECT_EQ(d.logp, std::vector<double>(20, 7.0));
  std::vector<std::int64_t> ids(20, 0);
  ids[13] = 12;
  aha::logit_rows<> const block{static_cast<float const*>(p.x.data()),
                                4,
                                5,
                                9,
                                45,
                                9,
                                aha::matrix(static_cast<std::int64_t const*>(ids.data()), 4, 5)};
  EXPECT_EQ(error_of([&] { aha::token_logp(aha::exec::cpu{1}, block, {}, aha::logp_outputs<float>{}); }),
            "aha::token_logp: targets: expected ids in [0, 9) or -100, got 12 at position [2, 3]");
}

}  // namespace

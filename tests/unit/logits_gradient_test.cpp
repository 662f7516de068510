// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/logits.hpp>
#include <cstring>
#include <random>
#include <string>

#include "error_of.hpp"
#include "softmax_oracle.hpp"

namespace {

using aha::bfloat16;
using aha::float16;
using oracle::stored;

/// Logits, targets and coefficients, with the forward's columns and a gradient to fill.
template <class Stored>
struct problem {
  using P = aha::computed_t<Stored>;
  std::int64_t t, n;
  double tau;
  std::vector<Stored> x, g;
  std::vector<std::int64_t> ids;
  std::vector<P> dlogp, dentropy, dlse, max, log_sum, entropy;

  problem(std::int64_t rows, std::int64_t vocabulary, double temperature, unsigned seed, double spread = 3.0)
      : t(rows), n(vocabulary), tau(temperature) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0.0, 1.0);
    for (std::int64_t k = 0; k < t * n; ++k) x.push_back(stored<Stored>(spread * normal(random)));
    for (std::int64_t k = 0; k < t; ++k) {
      ids.push_back(static_cast<std::int64_t>(random() % static_cast<unsigned>(n)));
      dlogp.push_back(static_cast<P>(normal(random)));
      dentropy.push_back(static_cast<P>(normal(random)));
      dlse.push_back(static_cast<P>(normal(random)));
    }
    g.assign(x.size(), stored<Stored>(7.0));
  }
  Stored* row(std::int64_t k) { return x.data() + k * n; }
  aha::logit_rows<> rows() const { return {aha::matrix(x.data(), t, n), ids, tau}; }
  void forward(aha::mask_view<> mask = {}) {
    auto const size = static_cast<std::size_t>(t);
    max.resize(size);
    log_sum.resize(size);
    entropy.resize(size);
    aha::logp_outputs<P> out;
    out.max = max;
    out.log_sum = log_sum;
    out.entropy = entropy;
    aha::token_logp(aha::exec::cpu{1}, rows(), mask, out);
  }
  template <class Exec = aha::exec::cpu>
  aha::row_status backward(bool with_logp = true, bool with_entropy = true, aha::mask_view<> mask = {},
                           Exec exec = Exec{1}, bool with_lse = false) {
    aha::softmax_columns<P> softmax;
    softmax.max = max;
    softmax.log_sum = log_sum;
    aha::logit_coefficients<P> by;
    if (with_logp) by.dlogp = dlogp;
    if (with_entropy) {
      by.dentropy = dentropy;
      softmax.entropy = entropy;
    }
    if (with_lse) by.dlse = dlse;
    return aha::logits_gradient(exec, rows(), mask, softmax, by, aha::matrix(g.data(), t, n));
  }
};

template <class Stored>
void expect_gradient(problem<Stored>& p, bool with_logp, bool with_entropy, bool with_lse = false) {
  for (std::int64_t k = 0; k < p.t; ++k) {
    auto const i = static_cast<std::size_t>(k);
    double const a = with_logp ? static_cast<double>(p.dlogp[i]) : 0.0;
    double const b = with_entropy ? static_cast<double>(p.dentropy[i]) : 0.0;
    double const c = with_lse ? static_cast<double>(p.dlse[i]) : 0.0;
    std::vector<double> const want =
        oracle::gradient(oracle::softmax(p.row(k), p.n, p.ids[i], p.tau), p.ids[i], p.tau, a, b, c);
    double top = 0.0;
    for (double w : want) top = std::max(top, std::fabs(w));
    // fp32: R1's 1e-5 of the largest entry; narrower types: one rounding beside that
    double const absolute = (std::is_same_v<Stored, double> ? 1e-12 : 1e-5) * top;
    for (std::int64_t v = 0; v < p.n; ++v) {
      double const w = want[static_cast<std::size_t>(v)];
      ASSERT_NEAR(oracle::widen(p.g[static_cast<std::size_t>(k * p.n + v)]), w,
                  absolute + oracle::one_rounding<Stored>(w))
          << "row " << k << " entry " << v;
    }
  }
}

template <class Stored>
void matrix_of_cases() {
  for (std::int64_t n : {2, 7, 33, 127, 2049, 50257}) {
    for (double tau : {0.5, 1.0, 1.5}) {
      for (int which = 1; which < 8; ++which) {
        SCOPED_TRACE("V " + std::to_string(n) + " tau " + std::to_string(tau) + " which " + std::to_string(which));
        problem<Stored> p(n < 3000 ? 5 : 1, n, tau, static_cast<unsigned>(n) + 9U);
        p.forward();
        bool const logp = (which & 1) != 0, entropy = (which & 2) != 0, lse = (which & 4) != 0;
        EXPECT_EQ(p.backward(logp, entropy, {}, aha::exec::cpu{1}, lse).rows, p.t);
        expect_gradient(p, logp, entropy, lse);
        if (n > 3000) continue;
        p.backward(logp, entropy, {}, aha::exec::scalar{}, lse);
        expect_gradient(p, logp, entropy, lse);
      }
    }
  }
}
TEST(logits_gradient, equals_float64_in_float32) { matrix_of_cases<float>(); }
TEST(logits_gradient, equals_float64_in_float64) { matrix_of_cases<double>(); }
TEST(logits_gradient, equals_float64_in_bfloat16) { matrix_of_cases<bfloat16>(); }
TEST(logits_gradient, equals_float64_in_float16) { matrix_of_cases<float16>(); }

// The whole chain in float64 against central differences of token_logp itself.
TEST(logits_gradient, equals_central_differences) {
  problem<double> p(4, 11, 0.8, 41, 1.5);
  p.forward();
  p.backward(true, true, {}, aha::exec::cpu{1}, true);
  auto const value = [&](std::int64_t k) {
    std::vector<double> logp(4), entropy(4), lse(4);
    aha::logp_outputs<double> out;
    out.logp = logp;
    out.entropy = entropy;
    out.lse = lse;
    aha::token_logp(aha::exec::cpu{1}, p.rows(), {}, out);
    auto const i = static_cast<std::size_t>(k);
    return p.dlogp[i] * logp[i] + p.dentropy[i] * entropy[i] + p.dlse[i] * lse[i];
  };
  double const h = 1e-5;
  for (std::int64_t k = 0; k < 4; ++k) {
    for (std::int64_t v = 0; v < 11; ++v) {
      double& x = p.row(k)[v];
      double const at = x;
      x = at + h;
      double const up = value(k);
      x = at - h;
      double const down = value(k);
      x = at;
      EXPECT_NEAR(p.g[static_cast<std::size_t>(k * 11 + v)], (up - down) / (2 * h), 2e-9);
    }
  }
}

TEST(logits_gradient, literal_row) {
  problem<double> p(1, 3, 0.5, 1);
  p.x = {0.0, 0.5 * std::log(2.0), 0.5 * std::log(5.0)};  // p = (1, 2, 5) / 8 at temperature 0.5
  p.ids = {1};
  p.dlogp = {3.0};
  p.forward();
  p.backward(true, false);
  EXPECT_NEAR(p.g[0], -0.75, 1e-14);
  EXPECT_NEAR(p.g[1], 4.5, 1e-14);
  EXPECT_NEAR(p.g[2], -3.75, 1e-14);
  p.dlse = {3.0};  // a = c: 3 delta / tau is left
  p.backward(true, false, {}, aha::exec::cpu{1}, true);
  EXPECT_EQ(p.g[0], 0.0);
  EXPECT_NEAR(p.g[1], 6.0, 1e-14);
  EXPECT_EQ(p.g[2], 0.0);
  p.backward(false, false, {}, aha::exec::cpu{1}, true);  // 3 p / tau
  EXPECT_NEAR(p.g[0], 0.75, 1e-14);
  EXPECT_NEAR(p.g[1], 1.5, 1e-14);
  EXPECT_NEAR(p.g[2], 3.75, 1e-14);
}

// R5: the sampled token of a confident row in bf16 and fp16, against float64 of the same stored logits. The number of competing
// tokens is chosen so that p comes out as wanted although the logits are rounded themselves.
template <class Stored>
void expect_confident_tokens() {
  for (std::int64_t n : {32000, 151936}) {
    for (double probability : {0.9, 0.99, 0.999, 0.99999}) {
      problem<Stored> p(1, n, 1.0, 3, 0.0);
      std::int64_t const id = n / 2 + 3;
      auto const at = static_cast<std::size_t>(id);
      p.ids[0] = id;
      double const odds = probability / (1.0 - probability);
      p.x[at] = stored<Stored>(std::log(odds * 0.9 * static_cast<double>(n)));
      double const competing = std::round(std::exp(oracle::widen(p.x[at])) / odds);
      for (std::size_t v = static_cast<std::size_t>(competing); v < p.x.size(); ++v) {
        if (v != at) p.x[v] = stored<Stored>(-60.0);
      }
      if (competing > static_cast<double>(id)) p.x[static_cast<std::size_t>(competing)] = stored<Stored>(0.0);
      p.dlogp[0] = -1.0F;
      p.dentropy[0] = 0.25F;
      for (double tau : {1.0, 0.5, 1.5}) {
        p.tau = tau;
        p.forward();
        oracle::row const want = oracle::softmax(p.x.data(), n, id, tau);
        if (tau == 1.0) {
          ASSERT_NEAR(std::exp(want.logp), probability, 1e-4 * (1.0 - probability));
        }
        for (bool with_entropy : {false, true}) {
          p.backward(true, with_entropy);
          double const g = oracle::gradient(want, id, tau, -1.0, with_entropy ? 0.25 : 0.0)[at];
          ASSERT_NE(g, 0.0);
          if (-std::expm1(want.logp) < 1e-9) continue;  // float64 itself knows 1 - p no better
          double const error = std::fabs(oracle::widen(p.g[at]) - g) / std::fabs(g);
          // One rounding, wherever g falls. float16 is finer than what a float32 sum beside 1 knows of 1 - p: 1e-7.
          double const summed = std::is_same_v<Stored, float16> ? 1e-7 / std::fabs(g) : 0.0;
          EXPECT_LE(error, oracle::one_rounding<Stored>(g) / std::fabs(g) + summed)
              << n << " " << probability << " " << tau;
          bool const gate = tau == 1.0 && !with_entropy && probability < 0.9995;
          if (gate) {
            EXPECT_LE(error, 0.0025) << n << " " << probability;
          }
        }
      }
    }
  }
}
TEST(logits_gradient, confident_tokens_keep_their_gradient_in_bfloat16) { expect_confident_tokens<bfloat16>(); }
TEST(logits_gradient, confident_tokens_keep_their_gradient_in_float16) { expect_confident_tokens<float16>(); }

// Only the rounding of the result separates narrow types from the same values in float32.
template <class Stored>
void expect_float32_rounded_once() {
  problem<Stored> p(4, 4099, 0.9, 51);
  problem<float> wide(4, 4099, 0.9, 51);
  for (std::size_t k = 0; k < p.x.size(); ++k) wide.x[k] = aha::to_float(p.x[k]);
  wide.dlogp = p.dlogp;
  wide.dentropy = p.dentropy;
  p.forward();
  wide.forward();
  p.backward();
  wide.backward();
  for (std::size_t k = 0; k < p.g.size(); ++k) {
    ASSERT_EQ(p.g[k].bits, stored<Stored>(static_cast<double>(wide.g[k])).bits);
  }
}
TEST(logits_gradient, bfloat16_is_float32_rounded_once) { expect_float32_rounded_once<bfloat16>(); }
TEST(logits_gradient, float16_is_float32_rounded_once) { expect_float32_rounded_once<float16>(); }

TEST(logits_gradient, removed_logits_get_exactly_zero) {
  float const ninf = -std::numeric_limits<float>::infinity();
  problem<float> p(2, 2600, 0.7, 61);
  for (std::int64_t v = 0; v < 2600; v += 3) p.row(0)[v] = ninf;
  for (std::int64_t v = 0; v < 2100; ++v) p.row(1)[v] = ninf;
  p.row(0)[5] = -1e30F;  // finite, but e^z is 0
  p.ids = {1, 0};        // the second target itself is removed: p = 0, the gradient of its log-prob is a / tau
  p.forward();
  p.backward();
  for (std::int64_t v = 0; v < 2600; v += 3) EXPECT_EQ(p.g[static_cast<std::size_t>(v)], 0.0F);
  EXPECT_EQ(p.g[5], 0.0F);
  EXPECT_NEAR(static_cast<double>(p.g[2600]), static_cast<double>(p.dlogp[1]) / 0.7, 1e-6);
  for (std::size_t v = 1; v < 2100; ++v) EXPECT_EQ(p.g[2600 + v], 0.0F);
  for (float g : p.g) EXPECT_TRUE(std::isfinite(g));
  std::vector<double> const want =
      oracle::gradient(oracle::softmax(p.row(0), 2600, 1, 0.7), 1, 0.7, static_cast<double>(p.dlogp[0]),
                       static_cast<double>(p.dentropy[0]));
  for (std::size_t v = 0; v < 2600; ++v) EXPECT_NEAR(static_cast<double>(p.g[v]), want[v], 1e-5);
}

// A shift of the logits by +-1e4 leaves the gradient where it was, up to the rounding of the logits themselves.
TEST(logits_gradient, shifted_rows) {
  for (double shift : {-1e4, 1e4}) {
    problem<float> p(3, 999, 1.5, 62);
    for (float& x : p.x) x += static_cast<float>(shift);
    p.forward();
    p.backward();
    expect_gradient(p, true, true);
  }
}

TEST(logits_gradient, flat_row_has_no_entropy_gradient) {
  problem<float> p(1, 1000, 1.0, 63, 0.0);
  p.forward();
  p.backward(false, true);
  for (float g : p.g) EXPECT_NEAR(static_cast<double>(g), 0.0, 1e-9);  // p = 1e-3, log p + H = 0
}

// R3: masked rows, ignored targets, and rows with both coefficients 0: zeros, whatever the row holds.
TEST(logits_gradient, unread_rows) {
  std::vector<std::uint8_t> const mask{1, 0, 1, 1, 1};
  problem<float> p(5, 2500, 0.9, 71);
  p.ids[2] = -100;
  p.dlogp[3] = 0.0F;
  p.dentropy[3] = 0.0F;
  p.dlse[3] = 0.0F;
  p.forward(mask);
  EXPECT_EQ(p.backward(true, true, mask).rows, 3);
  std::vector<float> const want = p.g;
  for (std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    for (std::size_t v = 0; v < 2500; ++v) ASSERT_EQ(want[k * 2500 + v], 0.0F);
  }
  EXPECT_NE(want[0], 0.0F);
  EXPECT_NE(want[4 * 2500], 0.0F);
  for (float garbage : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity(), 1e38F}) {
    problem<float> dirty = p;
    dirty.ids[1] = 99999;
    for (std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
      std::fill_n(dirty.x.begin() + static_cast<std::ptrdiff_t>(k * 2500), 2500, garbage);
      dirty.max[k] = dirty.log_sum[k] = dirty.entropy[k] = garbage;
      if (k != 3) dirty.dlogp[k] = dirty.dentropy[k] = garbage;
    }
    dirty.backward(true, true, mask, aha::exec::cpu{2});
    EXPECT_EQ(std::memcmp(dirty.g.data(), want.data(), want.size() * sizeof(float)), 0);
  }
}

// In place: the bits of a gradient with memory of its own, for every tail, mask and thread count; rows that are not read
// become zeros too.
template <class Stored>
void expect_inplace() {
  using P = aha::computed_t<Stored>;
  std::vector<std::uint8_t> const mask{1, 0, 1, 1, 1, 1};
  for (std::int64_t n : {1, 7, 130, 2047, 2048, 2049, 5000}) {
    problem<Stored> p(6, n, 0.9, 72);
    p.ids[2] = -100;
    p.dlogp[3] = p.dentropy[3] = p.dlse[3] = P(0);
    for (std::size_t v = 0; v < static_cast<std::size_t>(n); ++v)
      p.x[static_cast<std::size_t>(n) + v] = stored<Stored>(NAN);
    p.forward(mask);
    p.backward(true, true, mask, aha::exec::cpu{1}, true);
    for (int threads : {1, 3}) {
      problem<Stored> q = p;
      aha::softmax_columns<P> softmax;
      softmax.max = q.max;
      softmax.log_sum = q.log_sum;
      softmax.entropy = q.entropy;
      aha::logit_coefficients<P> by;
      by.dlogp = q.dlogp;
      by.dentropy = q.dentropy;
      by.dlse = q.dlse;
      aha::logit_gradient<> to = aha::matrix(q.x.data(), q.t, n);
      to.inplace = true;
      EXPECT_EQ(aha::logits_gradient(aha::exec::cpu{threads}, q.rows(), mask, softmax, by, to).rows, 4);
      ASSERT_EQ(std::memcmp(q.x.data(), p.g.data(), p.g.size() * sizeof(Stored)), 0) << n;
      EXPECT_NE(std::memcmp(q.x.data(), p.x.data(), p.g.size() * sizeof(Stored)), 0);
      EXPECT_EQ(oracle::widen(q.x[static_cast<std::size_t>(n)]), 0.0);
    }
  }
}
TEST(logits_gradient, in_place_of_the_logits) {
  expect_inplace<float>();
  expect_inplace<double>();
  expect_inplace<bfloat16>();
  expect_inplace<float16>();
}

TEST(logits_gradient, in_place_means_the_same_memory) {
  problem<float> p(6, 8, 1.0, 97);
  p.forward();
  std::vector<float> const before = p.x;
  aha::softmax_columns<float> softmax;
  softmax.max = p.max;
  softmax.log_sum = p.log_sum;
  aha::logit_coefficients<float> by;
  by.dlse = p.dlse;
  auto const expect = [&](aha::logit_rows<> const& rows, aha::logit_gradient<> to, char const* rest) {
    to.inplace = true;
    EXPECT_EQ(error_of([&] { aha::logits_gradient(aha::exec::cpu{1}, rows, {}, softmax, by, to); }),
              std::string("aha::logits_gradient: dlogits: expected ") + rest);
  };
  expect(p.rows(), aha::matrix(p.g.data(), 6, 8), "the logits' address and strides (inplace), got another address");
  aha::logit_rows<> const few{aha::matrix(static_cast<float const*>(p.x.data()), 6, 4, 8), p.ids, 1.0};
  expect(few, aha::matrix(p.x.data(), 6, 4, 4), "the logits' address and strides (inplace), got other strides");
  expect(few, aha::matrix(p.x.data() + 4, 6, 4, 8), "the logits' address and strides (inplace), got another address");
  aha::logit_rows<> const repeated{aha::matrix(static_cast<float const*>(p.x.data()), 6, 8, 0), p.ids, 1.0};
  expect(repeated, aha::matrix(p.x.data(), 6, 8, 0),
         "rows that do not overlap each other, got shape [6, 8] with strides 0, 0");
  by.dlse = aha::span(static_cast<float const*>(p.x.data()) + 3, 6);
  expect(p.rows(), aha::matrix(p.x.data(), 6, 8), "memory apart from dlse, got overlapping memory");
  EXPECT_EQ(p.x, before);
}

template <class Stored>
void expect_bitwise() {
  problem<Stored> p(23, 3001, 0.9, 81);
  p.forward();
  p.backward();
  std::vector<Stored> const all = p.g;
  for (int threads : {2, 3, 0}) {
    p.g.assign(p.g.size(), stored<Stored>(7.0));
    p.backward(true, true, {}, aha::exec::cpu{threads});
    EXPECT_EQ(std::memcmp(p.g.data(), all.data(), all.size() * sizeof(Stored)), 0);
  }
  for (std::size_t k : {std::size_t{0}, std::size_t{11}, std::size_t{22}}) {
    for (std::size_t offset : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{15}}) {
      problem<Stored> one(1, 3001, 0.9, 81);
      std::vector<Stored> x(3001 + offset), g(3002 + offset, stored<Stored>(7.0));
      std::memcpy(static_cast<void*>(x.data() + offset), p.row(static_cast<std::int64_t>(k)), 3001 * sizeof(Stored));
      using P = aha::computed_t<Stored>;
      aha::softmax_columns<P> softmax;
      softmax.max = aha::span(p.max.data() + k, 1);
      softmax.log_sum = aha::span(p.log_sum.data() + k, 1);
      softmax.entropy = aha::span(p.entropy.data() + k, 1);
      aha::logit_coefficients<P> by;
      by.dlogp = aha::span(p.dlogp.data() + k, 1);
      by.dentropy = aha::span(p.dentropy.data() + k, 1);
      std::vector<std::int64_t> const id{p.ids[k]};
      aha::logits_gradient(aha::exec::cpu{1}, {aha::matrix(x.data() + offset, 1, 3001), id, 0.9}, {}, softmax, by,
                           aha::matrix(g.data() + offset, 1, 3001));
      EXPECT_EQ(std::memcmp(g.data() + offset, all.data() + k * 3001, 3001 * sizeof(Stored)), 0);
      EXPECT_EQ(oracle::widen(g.back()), 7.0);  // not a byte behind the row
    }
  }
}
TEST(logits_gradient, bitwise_alone_in_batches_and_threads) {
  expect_bitwise<float>();
  expect_bitwise<double>();
  expect_bitwise<bfloat16>();
  expect_bitwise<float16>();
}

// logits[:, :-1] in, a differently strided gradient out; what lies between its rows stays.
TEST(logits_gradient, strided_views) {
  std::int64_t const b = 3, l = 4, n = 77;
  problem<float> p(b * (l + 1), n, 0.9, 91);
  p.forward();
  p.backward();
  std::vector<float> const want = p.g;
  std::int64_t const gap = n + 3, block = l * gap + 5;
  std::vector<float> g(static_cast<std::size_t>(b * block), 7.0F);
  auto const cut = [&](std::vector<float> const& c) { return aha::matrix(c.data(), b, l, l + 1); };
  aha::logit_rows<> const rows{
      p.x.data(), b, l, n, (l + 1) * n, n, aha::matrix(static_cast<std::int64_t const*>(p.ids.data()), b, l, l + 1),
      0.9};
  aha::softmax_columns<float> softmax;
  softmax.max = cut(p.max);
  softmax.log_sum = cut(p.log_sum);
  softmax.entropy = cut(p.entropy);
  aha::logit_coefficients<float> by;
  by.dlogp = cut(p.dlogp);
  by.dentropy = cut(p.dentropy);
  aha::logits_gradient(aha::exec::cpu{1}, rows, {}, softmax, by, {g.data(), b, l, n, block, gap});
  std::size_t kept = 0;
  for (std::int64_t k = 0; k < b * block; ++k) {
    std::int64_t const i = k / block, t = k % block / gap, v = k % block % gap;
    bool const inside = k % block < l * gap && v < n;
    float const w = inside ? want[static_cast<std::size_t>((i * (l + 1) + t) * n + v)] : 7.0F;
    ASSERT_EQ(g[static_cast<std::size_t>(k)], w);
    kept += inside ? 0U : 1U;
  }
  EXPECT_EQ(kept, static_cast<std::size_t>(b * (l * 3 + 5)));
}

TEST(logits_gradient, bad_input_is_named_and_nothing_written) {
  problem<float> p(6, 8, 1.0, 95);
  p.forward();
  aha::softmax_columns<float> softmax;
  softmax.max = p.max;
  softmax.log_sum = p.log_sum;
  aha::logit_coefficients<float> by;
  by.dlogp = p.dlogp;
  aha::logit_gradient<> to = aha::matrix(p.g.data(), 6, 8);
  aha::mask_view<> mask;
  auto const call = [&] {
    return error_of([&] { aha::logits_gradient(aha::exec::cpu{1}, p.rows(), mask, softmax, by, to); });
  };
  auto const expect = [&](char const* argument, char const* rest) {
    EXPECT_EQ(call(), std::string("aha::logits_gradient: ") + argument + ": expected " + rest);
  };
  p.ids[2] = 8;
  expect("targets", "ids in [0, 8) or -100, got 8 at position 2");
  p.ids[2] = 0;
  p.tau = 0.0;
  expect("temperature", "a positive number (1e-30 to 1e30), got 0");
  p.tau = 1.0;
  by.dlogp = {};
  expect("dlogp", "a column, or dentropy, or dlse, got none of them");
  by.dentropy = p.dentropy;
  expect("entropy", "shape [6] beside logits [6, 8], got nothing");
  by = {};
  by.dlogp = p.dlogp;
  softmax.entropy = p.entropy;
  expect("entropy", "nothing where no dentropy is given, got a column");
  softmax.entropy = {};
  softmax.log_sum = {};
  expect("log_sum", "shape [6] beside logits [6, 8], got nothing");
  softmax.log_sum = aha::span(p.log_sum.data(), 5);
  expect("log_sum", "shape [6] beside logits [6, 8], got shape [5]");
  softmax.log_sum = p.log_sum;
  std::vector<std::uint8_t> const few(5, 1);
  mask = few;
  expect("mask", "shape [6] beside logits [6, 8], got shape [5]");
  mask = {};
  to = {};
  expect("dlogits", "[T, V] or [B, L, V], got nothing");
  to = aha::matrix(p.g.data(), 5, 8);
  expect("dlogits", "shape [6, 8] as the logits, got shape [5, 8]");
  to = aha::logit_gradient<>(p.g.data(), 2, 3, 8, 24, 8);
  expect("dlogits", "shape [6, 8] as the logits, got shape [2, 3, 8]");
  std::vector<bfloat16> narrow(48);
  to = aha::matrix(narrow.data(), 6, 8);
  expect("dlogits", "float32 as the logits, got bfloat16");
  to = aha::matrix(p.g.data(), 6, 8, 7);
  expect("dlogits", "rows that do not overlap each other, got shape [6, 8] with strides 42, 7");
  to = aha::matrix(p.x.data(), 6, 8);
  expect("dlogits", "memory apart from logits, got overlapping memory");
  to = aha::matrix(p.g.data(), 6, 8);
  by.dlogp = aha::span(static_cast<float const*>(p.g.data()) + 42, 6);
  expect("dlogits", "memory apart from dlogp, got overlapping memory");
  EXPECT_EQ(p.g, std::vector<float>(48, 7.0F));
}

// Columns of one array: logits and their gradient side by side share a range but no byte.
TEST(logits_gradient, windows_of_one_array) {
  problem<float> p(4, 6, 1.0, 96);
  p.forward();
  p.backward(true, false);
  std::vector<float> both(4 * 12, 7.0F);
  for (std::size_t k = 0; k < 4; ++k)
    std::copy_n(p.x.begin() + static_cast<std::ptrdiff_t>(k * 6), 6,
                both.begin() + static_cast<std::ptrdiff_t>(k * 12));
  aha::softmax_columns<float> softmax;
  softmax.max = p.max;
  softmax.log_sum = p.log_sum;
  aha::logit_coefficients<float> by;
  by.dlogp = p.dlogp;
  aha::logit_rows<> const rows{aha::matrix(static_cast<float const*>(both.data()), 4, 6, 12), p.ids, 1.0};
  aha::logits_gradient(aha::exec::cpu{1}, rows, {}, softmax, by, aha::matrix(both.data() + 6, 4, 6, 12));
  for (std::size_t k = 0; k < 48; ++k) {
    std::size_t const i = k / 12, v = k % 12;
    EXPECT_EQ(both[k], v < 6 ? p.x[i * 6 + v] : p.g[i * 6 + v - 6]);
  }
  EXPECT_NE(error_of([&] {
              aha::logits_gradient(aha::exec::cpu{1}, rows, {}, softmax, by, aha::matrix(both.data() + 5, 4, 6, 12));
            }),
            "no error");
}

}  // namespace

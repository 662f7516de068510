// SPDX-License-Identifier: MIT
#include <aha/advantage/registry.hpp>
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/whiten.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace aha;
using advantage::clip_range;
using advantage::eps_at;
using advantage::no_scale;
using advantage::singleton;
using advantage::standard_deviation;
using advantage::whitening;
using advantage::zero_spread;
using bytes = std::vector<std::uint8_t>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T, class Method>
std::vector<T> run(Method const& m, std::vector<T> const& x, bytes const& mask, column_stats* stats = nullptr,
                   std::optional<moments> const& given = {}, int threads = 1) {
  std::vector<T> out(x.size(), T(-77));
  column_stats const s = whiten(exec::cpu{threads}, m, x, out, mask, given);
  if (stats != nullptr) *stats = s;
  return out;
}

/// The formula as a textbook has it, in long double.
template <class Scale>
std::vector<double> reference(whitening<Scale> const& m, std::vector<double> const& x, bytes const& mask) {
  std::vector<double> out(x.size(), 0.0);
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (mask[i] != 0 && !std::isnan(x[i])) at.push_back(i);
  }
  if (at.empty()) return out;
  long double sum = 0;
  for (auto const i : at) sum += x[i];
  long double const n = static_cast<long double>(at.size());
  long double const mean = sum / n;
  long double m2 = 0;
  for (auto const i : at) m2 += (x[i] - mean) * (x[i] - mean);
  bool const flat = std::all_of(at.begin(), at.end(), [&](auto i) { return x[i] == x[at[0]]; });
  for (auto const i : at) {
    long double y = flat ? 0 : x[i] - mean;
    if constexpr (!std::is_same_v<Scale, no_scale>) {
      if (!flat) {
        long double const v = m2 / (n - m.scale.ddof);
        long double const eps = m.scale.eps;
        y /= m.scale.eps_at == eps_at::variance ? std::sqrt(v + eps)
             : m.scale.eps_at == eps_at::floor  ? std::sqrt(std::max(v, eps))
                                                : std::sqrt(v) + eps;
      }
    }
    if (!m.shift_mean) y += mean;
    if (at.size() == 1 && m.singleton == singleton::keep_reward) y = x[i];
    out[i] = std::min(std::max(static_cast<double>(y), m.clip.low), m.clip.high);
  }
  return out;
}

/// Calls f with every scale of the list, and several eps, eps_at, ddof, shifts, policies and clips.
template <class F>
void for_each_method(F&& f) {
  for_each_type(advantage::whitening_scales{}, [&](auto tag) {
    using S = typename decltype(tag)::type;
    for (bool const shift : {true, false}) {
      for (auto const one : {singleton::zero, singleton::keep_reward}) {
        for (auto const clip : {clip_range{}, clip_range{1.25}, clip_range{-0.5, 2.0}}) {
          if constexpr (std::is_same_v<S, no_scale>) {
            f(whitening<S>(S{}, shift, one, zero_spread::zero, clip));
          } else {
            for (S const& s : {S{1e-8, 1, eps_at::variance}, S{1e-8, 0, eps_at::floor}, S{1e-4, 1}, S{0.0, 0},
                               S{0.25, 0, eps_at::variance}, S{9.0, 1, eps_at::floor}}) {
              f(whitening<S>(s, shift, one, zero_spread::zero, clip));
            }
          }
        }
      }
    }
  });
}

struct sample {
  std::vector<double> x;
  bytes mask;
  explicit sample(unsigned seed, std::size_t n = 200, double mean = 0.7) : x(n), mask(n) {
    std::mt19937_64 gen(seed);
    std::normal_distribution<double> normal(mean, 2.0);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = gen() % 23 == 0 ? nan : normal(gen);
      mask[i] = gen() % 5 != 0;
    }
  }
};

TEST(whiten, literal_values) {
  std::vector<double> const x{1, 9, 2, 3};
  bytes const mask{1, 0, 1, 1};
  double const s = std::sqrt(1.0 + 1e-8);  // 1, 2, 3: mean 2, sample variance 1
  std::vector<double> const got = run(whitening{}, x, mask);
  EXPECT_NEAR(got[0], -1 / s, 1e-15);
  EXPECT_EQ(got[1], 0.0);
  EXPECT_EQ(got[2], 0.0);
  EXPECT_NEAR(got[3], 1 / s, 1e-15);
  std::vector<double> const kept = run(whitening(standard_deviation{0.5, 0}, false), x, mask);
  EXPECT_NEAR(kept[3], 1 / (std::sqrt(2.0 / 3) + 0.5) + 2, 1e-15);
  EXPECT_EQ(kept[1], 0.0);
  EXPECT_EQ(run(whitening(no_scale{}), x, mask), (std::vector<double>{-1, 0, 0, 1}));
  std::vector<double> const floored = run(whitening(standard_deviation{4.0, 1, eps_at::floor}), x, mask);
  EXPECT_EQ(floored, (std::vector<double>{-0.5, 0, 0, 0.5}));
  std::vector<double> const cut =
      run(whitening(no_scale{}, true, singleton::zero, zero_spread::zero, {-0.25, infinity}), x, mask);
  EXPECT_EQ(cut, (std::vector<double>{-0.25, 0, 0, 1}));
}

TEST(whiten, methods_are_constants_and_say_what_is_legal) {
  constexpr whitening m{standard_deviation{1e-4, 1}, true, singleton::keep_reward};
  static_assert(is_legal(m) && m.singleton == singleton::keep_reward);
  static_assert(whitening<>{}.scale.eps == 1e-8 && whitening<>{}.scale.eps_at == eps_at::variance);
  static_assert(!is_legal(whitening(standard_deviation{-1.0})));
  static_assert(!is_legal(whitening(standard_deviation{1.0, 2})));
  static_assert(!is_legal(whitening(no_scale{}, true, singleton::zero, zero_spread::zero, clip_range{0.5, 1.0})));
  static_assert(!is_legal(whitening(no_scale{}, true, singleton::zero, zero_spread::zero, clip_range{-1.0, -0.5})));
  static_assert(!is_legal(whitening(no_scale{}, true, static_cast<singleton>(9))));
}

TEST(whiten, every_method_equals_the_reference) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    sample const d(seed, seed == 0 ? 3 : 50 * seed, seed == 4 ? 1e6 : 0.7);
    for_each_method([&](auto const& m) {
      std::vector<double> const want = reference(m, d.x, d.mask);
      std::vector<double> const got = run(m, d.x, d.mask);
      for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], 1e-13 * std::max(1.0, std::abs(want[i]))) << "seed " << seed << " entry " << i;
      }
    });
  }
}

TEST(whiten, float32_is_the_double_result_of_the_float32_entries_rounded_once) {
  sample const d(11);
  std::vector<float> const narrow(d.x.begin(), d.x.end());
  std::vector<double> const wide(narrow.begin(), narrow.end());
  for_each_method([&](auto const& m) {
    std::vector<double> const want = run(m, wide, d.mask);
    std::vector<float> const got = run(m, narrow, d.mask);
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_EQ(got[i], static_cast<float>(want[i]));
  });
}

TEST(whiten, has_mean_zero_and_variance_one) {
  sample const d(3, 1000, 1e5);
  column_stats const s = measure(exec::cpu{1}, run(whitening(standard_deviation{0.0, 1}), d.x, d.mask), d.mask);
  // NaN entries are 0 in the result and counted here: leave them out of the count.
  column_stats const x = measure(exec::cpu{1}, d.x, d.mask);
  EXPECT_NEAR(s.moments.mean, 0.0, 1e-15);
  EXPECT_NEAR(s.moments.m2 / static_cast<double>(x.moments.count - 1), 1.0, 1e-13);
}

TEST(whiten, none_one_and_equal_entries_follow_their_policy) {
  for_each_method([&](auto const& m) {
    column_stats s;
    EXPECT_EQ(run(m, std::vector<double>{nan, 5.0}, {1, 0}, &s), (std::vector<double>{0.0, 0.0}));
    EXPECT_EQ(s.moments.count, 0);
    EXPECT_EQ(s.invalid, 1);
    EXPECT_EQ(s.masked, 1);
    EXPECT_TRUE(run(m, std::vector<double>{}, {}).empty());

    // One entry: 0, its mean where the mean stays, or itself.
    bool const stays = !m.shift_mean || m.singleton == singleton::keep_reward;
    EXPECT_EQ(run(m, std::vector<double>{7.0, 3.0}, {0, 1}), (std::vector<double>{0.0, stays ? m.clip(3.0) : 0.0}));

    for (double const r : {0.1, 0.3, 0.35, 5.3, -0.7, 1e30}) {
      for (std::size_t const n : {2U, 3U, 7U, 64U}) {
        double const want = m.shift_mean ? 0.0 : m.clip(r);
        EXPECT_TRUE(same_bits(run(m, std::vector<double>(n, r), bytes(n, 1)), std::vector<double>(n, want))) << r;
        float const f = static_cast<float>(r);
        float const want32 = m.shift_mean ? 0.0F : static_cast<float>(m.clip(static_cast<double>(f)));
        EXPECT_TRUE(same_bits(run(m, std::vector<float>(n, f), bytes(n, 1)), std::vector<float>(n, want32))) << r;
      }
    }
  });
}

TEST(whiten, a_masked_entry_is_never_read) {
  sample const d(5);
  sample garbage = d;
  double const junk[] = {nan, infinity, -infinity, 1e300};
  for (std::size_t i = 0; i < d.x.size(); ++i) {
    if (d.mask[i] == 0) garbage.x[i] = junk[i % 4];
  }
  sample bare = d;
  bare.x.clear();
  bare.mask.clear();
  for (std::size_t i = 0; i < d.x.size(); ++i) {
    if (d.mask[i] == 0 || std::isnan(d.x[i])) continue;
    bare.x.push_back(d.x[i]);
    bare.mask.push_back(1);
  }
  for_each_method([&](auto const& m) {
    std::vector<double> const want = run(m, d.x, d.mask);
    EXPECT_TRUE(same_bits(run(m, garbage.x, d.mask), want));
    std::vector<double> const alone = run(m, bare.x, bare.mask);
    std::size_t k = 0;
    for (std::size_t i = 0; i < d.x.size(); ++i) {
      bool const member = d.mask[i] != 0 && !std::isnan(d.x[i]);
      ASSERT_EQ(want[i], member ? alone[k++] : 0.0);
    }
  });
}

TEST(whiten, order_layout_threads_and_executors_change_no_bit) {
  constexpr std::size_t rows = 300;
  constexpr std::size_t width = 401;  // several pieces, which do not end with rows
  sample const d(7, rows * width);
  column_stats stats;
  std::vector<double> const want = run(whitening{}, d.x, d.mask, &stats);
  for (int const threads : {0, 2, 3, 8}) {
    column_stats s;
    EXPECT_TRUE(same_bits(run(whitening{}, d.x, d.mask, &s, {}, threads), want));
    EXPECT_EQ(s.moments.mean, stats.moments.mean);
    EXPECT_EQ(s.moments.m2, stats.moments.m2);
  }
  std::vector<double> out(d.x.size());
  whiten(exec::scalar{}, whitening{}, d.x, out, d.mask);
  EXPECT_TRUE(same_bits(out, want));

  std::vector<double> wide(rows * (width + 9), -5.0);
  std::vector<double> wide_x(rows * (width + 3), nan);
  for (std::size_t i = 0; i < rows; ++i) {
    std::copy_n(d.x.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                wide_x.begin() + static_cast<std::ptrdiff_t>(i * (width + 3)));
  }
  whiten(exec::cpu{2}, whitening{}, matrix<double const>(wide_x.data(), rows, width, width + 3),
         matrix<double>(wide.data(), rows, width, width + 9), matrix<std::uint8_t const>(d.mask.data(), rows, width));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t t = 0; t < width + 9; ++t) {
      double const w = t < width ? want[i * width + t] : -5.0;
      ASSERT_EQ(wide[i * (width + 9) + t], w) << i << " " << t;
    }
  }

  std::vector<std::size_t> order(d.x.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  sample moved = d;
  std::vector<double> expected(want.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    moved.x[i] = d.x[order[i]];
    moved.mask[i] = d.mask[order[i]];
    expected[i] = want[order[i]];
  }
  EXPECT_TRUE(same_bits(run(whitening{}, moved.x, moved.mask), expected));
}

// --- shards: the host merges, and every rank whitens its own entries

TEST(whiten_shards, one_two_and_eight_ranks_equal_the_whole) {
  std::mt19937_64 gen(3);
  for (double const mean : {0.7, 1e3}) {
    sample const d(19, 3000, mean);
    for_each_method([&](auto const& m) {
      std::vector<double> const want = run(m, d.x, d.mask);
      for (std::size_t const ranks : {1U, 2U, 8U}) {
        std::vector<sample> part(ranks, sample(0, 0));
        std::vector<std::vector<double>> expected(ranks);
        for (std::size_t i = 0; i < d.x.size(); ++i) {
          std::size_t const r = ranks == 8 && i < 2500 ? 1 + gen() % 7 : gen() % ranks;  // rank 0 has few
          part[r].x.push_back(d.x[i]);
          part[r].mask.push_back(d.mask[i]);
          expected[r].push_back(want[i]);
        }
        column_stats all;
        for (sample const& p : part) all.merge(measure(exec::cpu{1}, p.x, p.mask));
        column_stats const whole = measure(exec::cpu{1}, d.x, d.mask);
        EXPECT_EQ(all.moments.count, whole.moments.count);
        EXPECT_EQ(all.low, whole.low);
        EXPECT_EQ(all.high, whole.high);
        EXPECT_EQ(all.invalid, whole.invalid);
        EXPECT_EQ(all.masked, whole.masked);
        EXPECT_EQ(all.entries, whole.entries);
        for (std::size_t r = 0; r < ranks; ++r) {
          std::vector<double> const got = run(m, part[r].x, part[r].mask, nullptr, all.moments);
          for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_NEAR(got[i], expected[r][i], 1e-12 * std::max(1.0, std::abs(expected[r][i])))
                << ranks << " ranks, mean " << mean;
          }
        }
      }
    });
  }
}

TEST(whiten_shards, equal_entries_on_every_rank_are_exactly_zero) {
  for (double const r : {0.1, 0.3, 5.3}) {
    column_stats all;
    for (std::size_t const n : {1U, 7U, 0U, 3U, 64U}) {
      bytes const ones(n, 1);
      all.merge(measure(exec::cpu{1}, std::vector<double>(n, r), ones));
    }
    EXPECT_EQ(all.moments.mean, r);
    EXPECT_EQ(all.moments.m2, 0.0);
    EXPECT_TRUE(same_bits(run(whitening{}, std::vector<double>(3, r), bytes(3, 1), nullptr, all.moments),
                          std::vector<double>(3, 0.0)));
  }
}

TEST(whiten_shards, moments_that_do_not_know_an_entry_give_no_quotient) {
  moments const flat{12, 2.0, 0.0};
  whitening m{};
  EXPECT_EQ(run(m, std::vector<double>{5.0}, {1}, nullptr, flat)[0], 0.0);
  m.zero_spread = zero_spread::unscaled;
  EXPECT_EQ(run(m, std::vector<double>{5.0}, {1}, nullptr, flat)[0], 3.0);
  m.shift_mean = false;
  EXPECT_EQ(run(m, std::vector<double>{5.0}, {1}, nullptr, flat)[0], 5.0);
  EXPECT_EQ(run(whitening{}, std::vector<double>{5.0, 1.0}, {1, 1}, nullptr, moments{})[0], 0.0);
}

TEST(measure, counts_everything_once) {
  std::vector<float> const x{1, nan, 3, 9, 2};
  bytes const mask{1, 1, 1, 0, 1};
  column_stats const s = measure(exec::cpu{}, x, mask);
  EXPECT_EQ(s.entries, 5);
  EXPECT_EQ(s.masked, 1);
  EXPECT_EQ(s.invalid, 1);
  EXPECT_EQ(s.moments.count, 3);
  EXPECT_EQ(s.moments.mean, 2.0);
  EXPECT_EQ(s.moments.m2, 2.0);
  EXPECT_EQ(s.low, 1.0);
  EXPECT_EQ(s.high, 3.0);
  column_stats clipped;
  run(whitening(no_scale{}, true, singleton::zero, zero_spread::zero, clip_range{0.5}), x, mask, &clipped);
  EXPECT_EQ(clipped.clipped, 2);
}

// --- token columns

TEST(to_tokens, packed_and_padded) {
  std::vector<double> const v{2.5, -1.0, nan, 0.1};
  std::vector<std::int32_t> const cu{0, 2, 2, 3, 5};
  std::vector<double> out(5, -77.0);
  to_tokens(exec::cpu{}, v, packed{cu}, out);
  EXPECT_EQ(out[0], 2.5);
  EXPECT_EQ(out[1], 2.5);
  EXPECT_TRUE(std::isnan(out[2]));
  EXPECT_EQ(out[3], 0.1);
  EXPECT_EQ(out[4], 0.1);
  bytes const mask{1, 0, 0, 0, 1};
  to_tokens(exec::cpu{}, v, packed{cu}, out, mask);
  EXPECT_EQ(out, (std::vector<double>{2.5, 0, 0, 0, 0.1}));

  std::vector<float> const w{2, 3};
  std::vector<float> table(6, -77);
  std::vector<std::int64_t> const lens{1, 3};
  to_tokens(exec::cpu{}, w, padded_lens<host>(2, 3, lens), matrix<float>(table.data(), 2, 3));
  EXPECT_EQ(table, (std::vector<float>{2, 0, 0, 3, 3, 3}));
  bytes const holes{0, 1, 1, 0, 0, 1};
  matrix<std::uint8_t const> const m(holes.data(), 2, 3);
  to_tokens(exec::cpu{}, w, padded{2, 3, m}, matrix<float>(table.data(), 2, 3));
  EXPECT_EQ(table, (std::vector<float>{0, 2, 2, 0, 0, 3}));
  std::vector<float> strided(7, -77);
  to_tokens(exec::cpu{}, w, padded{2, 3}, matrix<float>(strided.data(), 2, 3, 4), holes);
  EXPECT_EQ(strided, (std::vector<float>{0, 2, 2, -77, 0, 0, 3}));
}

TEST(to_tokens, many_sequences_on_threads) {
  std::int64_t const rows = 1000;
  std::vector<double> v(static_cast<std::size_t>(rows));
  std::iota(v.begin(), v.end(), 1.0);
  std::vector<std::int64_t> cu{0};
  std::vector<double> want;
  for (std::int64_t i = 0; i < rows; ++i) {
    want.insert(want.end(), static_cast<std::size_t>(i % 7), static_cast<double>(i + 1));
    cu.push_back(static_cast<std::int64_t>(want.size()));
  }
  for (int const threads : {1, 3}) {
    std::vector<double> out(want.size(), -1.0);
    to_tokens(exec::cpu{threads}, v, packed{cu}, out);
    EXPECT_EQ(out, want);
  }
}

// --- bad input: the text, and an output that nobody touched

template <class Call>
std::string text_of(Call&& call) {
  try {
    call();
  } catch (std::invalid_argument const& e) {
    return e.what();
  }
  return "no error";
}

TEST(whiten_bad_input, columns_and_moments) {
  std::vector<double> x{1, 2, 3, 4};
  std::vector<double> out(4, -77.0);
  std::vector<double> const before = out;
  bytes const three{1, 1, 1};
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, out, three); }),
            "aha::whiten: mask: expected [4] like x, got [3]");
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, span<double>(out.data(), 3)); }),
            "aha::whiten: out: expected 4 entries, shaped like x, got [3]");
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, matrix<double>(out.data(), 2, 2)); }),
            "aha::whiten: out: expected 4 entries, shaped like x, got [2, 2]");
  EXPECT_EQ(text_of([&] {
              whiten(exec::cpu{}, whitening{}, matrix<double const>(x.data(), 2, 2),
                     matrix<double>(out.data(), 2, 2, 1));
            }),
            "aha::whiten: out: expected rows that do not overlap, got a row stride of 1");
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, span<double>(x.data(), 4)); }),
            "aha::whiten: out: expected memory apart from x, got overlapping memory");
  for (moments const& m : {moments{-1, 0, 0}, moments{3, nan, 1}, moments{3, infinity, 1}, moments{3, 0, -1},
                           moments{3, 0, nan}, moments{3, 0, infinity}}) {
    EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, out, {}, m); }).substr(0, 68),
              "aha::whiten: moments: expected count >= 0, a finite mean and m2 >= 0");
  }
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening(standard_deviation{-1.0}), x, out); }),
            "aha::whiten: eps: expected a finite number >= 0, got -1");
  EXPECT_EQ(text_of([&] {
              whiten(exec::cpu{}, whitening(no_scale{}, true, singleton::zero, zero_spread::zero, {0.5, 1.0}), x, out);
            }),
            "aha::whiten: clip: expected a pair (low, high) with low <= 0 <= high, got (0.5, 1)");
  EXPECT_EQ(text_of([&] {
              whiten(exec::cpu{}, whitening(standard_deviation{0, 1, static_cast<eps_at>(3)}), x, out);
            }),
            "aha::whiten: eps_at: expected std, variance or floor, got 3");
  x[2] = -infinity;
  EXPECT_EQ(text_of([&] { whiten(exec::cpu{}, whitening{}, x, out); }),
            "aha::whiten: x: expected numbers within +-1e+140, or NaN, got -inf at entry 2");
  EXPECT_EQ(text_of([&] { measure(exec::cpu{}, matrix<double const>(x.data(), 2, 2)); }),
            "aha::measure: x: expected numbers within +-1e+140, or NaN, got -inf at (1, 0)");
  EXPECT_EQ(out, before);
}

TEST(whiten_bad_input, token_columns) {
  std::vector<double> v{1, 2};
  std::vector<double> out(4, -77.0);
  std::vector<double> const before = out;
  std::vector<std::int64_t> const cu{0, 1, 4};
  std::vector<std::int64_t> const other{0, 1, 3};
  EXPECT_EQ(text_of([&] { to_tokens(exec::cpu{}, v, packed{other}, out); }),
            "aha::to_tokens: cu_seqlens: expected a last entry of 4 (the tokens), got 3");
  EXPECT_EQ(text_of([&] { to_tokens(exec::cpu{}, out, packed{cu}, std::vector<double>(4)); }),
            "aha::to_tokens: values: expected [2] (a sequence each), got [4]");
  EXPECT_EQ(text_of([&] { to_tokens(exec::cpu{}, v, layout<host>{}, out); }),
            "aha::to_tokens: layout: expected packed or padded, got none");
  EXPECT_EQ(text_of([&] { to_tokens(exec::cpu{}, span<double const>(out.data(), 2), packed{cu}, out); }),
            "aha::to_tokens: out: expected memory apart from values, got overlapping memory");
  bytes const three{1, 1, 1};
  EXPECT_EQ(text_of([&] { to_tokens(exec::cpu{}, v, packed{cu}, out, three); }),
            "aha::to_tokens: mask: expected [4] (a token each), got [3]");
  EXPECT_EQ(out, before);
}

}  // namespace

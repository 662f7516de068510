// SPDX-License-Identifier: MIT
// The whole token engine under AddressSanitizer and UndefinedBehaviorSanitizer, through the dynamic objective: every
// term, aggregate, mask kind, layout and tail length, with columns in allocations of exactly their size, so that one
// element read or written beyond an end is seen.

#include <gtest/gtest.h>

#include <aha/aha.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace {

/// An allocation of exactly n elements: std::vector may keep more.
template <class T>
struct exact {
  std::unique_ptr<T[]> memory;
  std::int64_t n;
  explicit exact(std::int64_t size) : memory(new T[static_cast<std::size_t>(size)]()), n(size) {}
  aha::span<T> view() const { return {memory.get(), n}; }
};

char const* const objective_text =
    "sequence_mean(weight * clip(0.2, 0.28) + 0.04 * kl(\"k3\")) + "
    "token_mean(keep * clip(0.1, 0.1, level=\"sequence\") - kl(\"k1\", gradient=\"k2\")) + "
    "constant_length(64)(kl(\"k3\", gradient=\"ratio\", level=\"sequence\")) + sequence_sum(kl(\"abs\")) - "
    "0.001 * token_sum(entropy())";

template <class T>
struct problem {
  std::int64_t sequences;
  std::int64_t width;
  exact<T> logp, old_logp, ref_logp, entropy, adv, weight, dlogp, dentropy, token_loss;
  exact<std::uint8_t> keep;

  problem(std::int64_t b, std::int64_t l, unsigned seed)
      : sequences(b),
        width(l),
        logp(b * l),
        old_logp(b * l),
        ref_logp(b * l),
        entropy(b * l),
        adv(b),
        weight(b * l),
        dlogp(b * l),
        dentropy(b * l),
        token_loss(b * l),
        keep(b * l) {
    std::mt19937 random(seed);
    std::normal_distribution<T> normal;
    for (std::int64_t t = 0; t < b * l; ++t) {
      auto const k = static_cast<std::size_t>(t);
      logp.memory[k] = -1 + T(0.3) * normal(random);
      old_logp.memory[k] = logp.memory[k] + T(0.2) * normal(random);
      ref_logp.memory[k] = logp.memory[k] + T(0.2) * normal(random);
      entropy.memory[k] = std::abs(normal(random));
      weight.memory[k] = std::abs(normal(random));
      keep.memory[k] = t % 3 != 0 ? 1 : 0;
    }
    for (std::int64_t i = 0; i < b; ++i) adv.memory[static_cast<std::size_t>(i)] = normal(random);
  }
  void fill(aha::token_batch<aha::host, T>& batch) const {
    batch.logp = aha::span<T const>(logp.view());
    batch.old_logp = aha::span<T const>(old_logp.view());
    batch.ref_logp = aha::span<T const>(ref_logp.view());
    batch.entropy = aha::span<T const>(entropy.view());
    batch.adv = aha::per_sequence(adv.view());
    batch.weight = aha::per_token(weight.view());
    batch.keep = aha::per_token(keep.view());
    batch.totals = aha::totals{sequences * width, sequences};
  }
  aha::outputs<T> out() const { return {dlogp.view(), dentropy.view(), token_loss.view()}; }
};

template <class T, class Mask>
void run_padded(std::int64_t length) {
  problem<T> p(3, length, 7);
  exact<Mask> mask(3 * length);
  for (std::int64_t t = 0; t < 3 * length; ++t)
    mask.memory[static_cast<std::size_t>(t)] = t % 5 != 1 ? Mask(1) : Mask(0);
  aha::token_batch<aha::host, T> batch(aha::padded<aha::host>(3, length));
  p.fill(batch);
  batch.mask = aha::mask_view<aha::host>(mask.view());
  auto const objective = aha::parse(objective_text);
  double const simd =
      loss(aha::exec::cpu{2}, objective, batch, p.out(), aha::observe::defaults | aha::observe::all).loss;
  double const scalar = loss(aha::exec::scalar{}, objective, batch, p.out()).loss;
  ASSERT_NEAR(simd, scalar, 1e-4 * (1 + std::abs(scalar))) << "length " << length;
}

TEST(Sanitizers, PaddedEveryTailAndMaskKind) {
  for (std::int64_t length = 1; length <= 40; ++length) {
    run_padded<float, bool>(length);
    run_padded<double, std::uint8_t>(length);
  }
  for (std::int64_t length : {255, 256, 257, 300, 512, 513}) {
    run_padded<float, std::int64_t>(length);
    run_padded<float, float>(length);
    run_padded<double, double>(length);
  }
}

TEST(Sanitizers, PackedWithEmptySequences) {
  problem<float> p(7, 61, 11);
  exact<std::int32_t> cu(5);
  std::int32_t const offsets[] = {0, 0, 17, 17, 427};
  std::copy(offsets, offsets + 5, cu.memory.get());
  aha::token_batch<aha::host, float> batch(aha::packed<aha::host>(aha::index_view<aha::host>(cu.view())));
  p.fill(batch);
  exact<float> adv(4);
  batch.adv = aha::per_sequence(adv.view());
  auto const objective = aha::parse(objective_text);
  double const simd = loss(aha::exec::cpu{2}, objective, batch, p.out()).loss;
  ASSERT_NEAR(simd, loss(aha::exec::scalar{}, objective, batch, p.out()).loss, 1e-3);
}

TEST(Sanitizers, TextOfAnySortIsReadOrRefused) {
  std::string const source = objective_text;
  std::mt19937 random(3);
  int refused = 0;
  for (int k = 0; k < 3000; ++k) {
    std::string s = source.substr(0, random() % (source.size() + 1));
    for (int edit = 0; edit < 3 && !s.empty(); ++edit) s[random() % s.size()] = static_cast<char>(random() % 256);
    aha::status why;
    aha::parse(s, &why);
    refused += why.ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 2000);
  aha::status why;
  aha::parse(std::string(100000, '('), &why);
  EXPECT_FALSE(why.ok());
  aha::parse(std::string(100000, '-') + "token_mean(entropy())", &why);
  EXPECT_FALSE(why.ok());
}

}  // namespace

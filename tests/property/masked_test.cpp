// SPDX-License-Identifier: MIT
// Masked means unread: whatever a masked position holds, every bit of the answer is the same. Unmasked extremes stay finite.
#include "batches.hpp"
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::shape;

using batches::everything;

template <class T>
struct outcome {
  double loss;
  std::vector<T> outputs;
  std::vector<double> stats;
};
template <class T, class Exec>
outcome<T> run(Exec const& exec, dynamic_objective const& o, batches::laid_out<T>& l) {
  loss_result const r = loss(exec, o, l.batch, l.out, observe::all);
  outcome<T> x{r.loss, l.raw_outputs(), {}};
  r.stats.for_each([&](char const*, double v) { x.stats.push_back(v); });
  return x;
}
template <class T>
bool same(outcome<T> const& a, outcome<T> const& b) {
  using batches::same_bits;
  return same_bits(a.loss, b.loss) && same_bits(a.outputs, b.outputs) && same_bits(a.stats, b.stats);
}

template <class T>
class masked : public ::testing::Test {};
using types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(masked, types);

template <class T, class Exec>
int garbage_changes_nothing(Exec const& exec) {
  T const inf = std::numeric_limits<T>::infinity();
  dynamic_objective const o = parse(everything);
  int cases = 0;
  for (mask_kind mask :
       {mask_kind::ragged, mask_kind::empty_row, mask_kind::left_padding, mask_kind::holes, mask_kind::all_masked}) {
    for (scope s : {scope::sequence, scope::token}) {
      for (shape layout :
           {shape::packed, shape::packed_masked, shape::padded, shape::padded_lens, shape::left_padded}) {
        batches::choice const c = batches::every_column(s);
        auto const d = batches::random<T>(11, 5, 277, mask);
        auto clean = batches::lay_out(d, layout, c, T(0));
        outcome<T> const want = run(exec, o, clean);
        EXPECT_TRUE(std::isfinite(want.loss));
        EXPECT_EQ(want.loss == 0, mask == mask_kind::all_masked);
        for (T garbage : {std::numeric_limits<T>::quiet_NaN(), inf, -inf, T(1e38), T(-1e38)}) {
          auto dirty = batches::lay_out(d, layout, c, garbage);
          EXPECT_TRUE(same(want, run(exec, o, dirty)))
              << batches::mask_names[static_cast<int>(mask)] << ", " << batches::shape_names[static_cast<int>(layout)]
              << ", " << garbage;
          ++cases;
        }
      }
    }
  }
  return cases;
}
TYPED_TEST(masked, garbage_changes_no_bit) {
  EXPECT_EQ((garbage_changes_nothing<TypeParam>(exec::cpu{1})), 5 * 2 * 5 * 5);
  EXPECT_EQ((garbage_changes_nothing<TypeParam>(exec::scalar{})), 5 * 2 * 5 * 5);
}

TYPED_TEST(masked, garbage_in_keep_and_masks_of_every_type_change_nothing) {
  using T = TypeParam;
  auto const d = batches::random<T>(12, 4, 40, mask_kind::holes);
  batches::choice const c = batches::every_column(scope::token);
  auto l = batches::lay_out(d, shape::padded, c);
  dynamic_objective const o = parse(everything);
  outcome<T> const want = run(exec::cpu{1}, o, l);
  std::vector<float> keep(l.keep.begin(), l.keep.end());
  for (std::size_t k = 0; k < keep.size(); ++k) {
    if (l.mask[k] == 0)
      keep[k] = k % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  }
  auto const view = [&](auto& v) { return matrix(v.data(), d.rows, d.width); };
  l.batch.keep = per_token(view(keep));
  EXPECT_TRUE(same(want, run(exec::cpu{1}, o, l)));
  auto const with_mask = [&](auto zero) {
    using M = decltype(zero);
    std::vector<M> m;
    for (std::uint8_t x : l.mask) m.push_back(x != 0 ? M(3) : M(0));
    l.batch.mask = mask_view<>(matrix<M>(m.data(), d.rows, d.width));
    return same(want, run(exec::cpu{1}, o, l));
  };
  EXPECT_TRUE(with_mask(std::uint8_t(0)));
  EXPECT_TRUE(with_mask(std::int64_t(0)));
  EXPECT_TRUE(with_mask(0.0F));
  EXPECT_TRUE(with_mask(0.0));
  std::unique_ptr<bool[]> flags(new bool[l.mask.size()]);
  for (std::size_t k = 0; k < l.mask.size(); ++k) flags[k] = l.mask[k] != 0;
  l.batch.mask = mask_view<>(matrix<bool>(flags.get(), d.rows, d.width));
  EXPECT_TRUE(same(want, run(exec::cpu{1}, o, l)));
}

TYPED_TEST(masked, unmasked_extremes_stay_finite) {
  using T = TypeParam;
  std::vector<std::string> const texts = {"token_mean(clip())",
                                          "token_mean(clip(0.2, 0.2, level=\"sequence\"))",
                                          "token_mean(clip(0.2, 0.2, level=\"sequence_token\"))",
                                          "token_mean(clip(inf, inf))",
                                          "token_mean(kl(\"k1\"))",
                                          "token_mean(kl(\"k2\"))",
                                          "token_mean(kl(\"k3\"))",
                                          "token_mean(kl(\"abs\"))",
                                          "token_mean(kl(\"k3\", gradient=\"k2\"))",
                                          "token_mean(kl(\"k3\", gradient=\"ratio\"))",
                                          "token_mean(kl(\"k3\", gradient=\"ratio\", level=\"sequence\"))"};
  for (std::string const& t : texts) {
    dynamic_objective const o = parse(t);
    unsigned const reads = needs_of_objective(o).named;
    for (double x : {1e4, -1e4}) {
      for (double y : {1e4, 0.0, -1e4}) {
        auto d = batches::random<T>(13, 4, 21, mask_kind::full);
        for (std::size_t k = 0; k < d.logp.size(); k += 2) {
          d.old_logp[k] = d.logp[k] - static_cast<T>(x);
          d.ref_logp[k] = d.logp[k] + static_cast<T>(y);
        }
        batches::choice c;
        c.entropy = false;
        c.old_logp = (reads & reads::old_logp) != 0;
        c.ref_logp = (reads & reads::ref_logp) != 0;
        c.adv = (reads & reads::adv) != 0 ? scope::token : scope::none;
        auto l = batches::lay_out(d, shape::packed, c);
        EXPECT_TRUE(std::isfinite(loss(exec::cpu{1}, o, l.batch, l.out).loss)) << t << " " << x << " " << y;
        for (T g : l.dlogp) EXPECT_TRUE(std::isfinite(g)) << t << " " << x << " " << y;
        EXPECT_TRUE(std::isfinite(loss(exec::scalar{}, o, l.batch, l.out).loss)) << t;
        for (T g : l.dlogp) EXPECT_TRUE(std::isfinite(g)) << t;
      }
    }
  }
}

// Gradient 0 beyond the bounds of the log-ratio, as torch.clamp has it.
TYPED_TEST(masked, the_gradient_stops_at_the_bounds) {
  using T = TypeParam;
  std::vector<T> const logp{T(-1), T(-1)};
  std::vector<T> const old{T(-26), T(-16)};  // log-ratios 25 and 15
  std::vector<T> const adv{T(-1), T(-1)};    // r A: unclipped
  std::vector<T> dlogp(2);
  std::vector<std::int64_t> const cu{0, 2};
  token_batch<host, T> b{packed(cu)};
  b.logp = logp;
  b.old_logp = old;
  b.adv = per_token(adv);
  b.totals = totals(2, 1);
  double const got = loss(exec::cpu{1}, dynamic_objective(token_sum(clip())), b, outputs<T>{dlogp, {}, {}}).loss;
  EXPECT_NEAR(got / (std::exp(20.0) + std::exp(15.0)), 1, 1e-6);
  EXPECT_EQ(dlogp[0], T(0));
  EXPECT_NEAR(static_cast<double>(dlogp[1]) / std::exp(15.0), 1, 1e-6);
}

}  // namespace

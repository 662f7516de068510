// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/parse.hpp>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
thread_local bool counting = false;
thread_local int allocations = 0;
}  // namespace

// Every allocation of this binary passes here; only this test switches the counter on. Out of line: gcc would otherwise
// see malloc meet delete and warn.
[[gnu::noinline]] void* operator new(std::size_t n) {
  if (counting) ++allocations;
  if (void* p = std::malloc(n == 0 ? 1 : n)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

template <class F>
int allocations_of(F const& f) {
  allocations = 0;
  counting = true;
  f();
  counting = false;
  return allocations;
}

// R8: entry points of the CPU engine allocate nothing; thread pools are made once, at first use.
TEST(allocation, entry_points_allocate_nothing) {
  EXPECT_EQ(allocations_of([] {
              std::vector<int> const seen(3);
              EXPECT_EQ(seen.size(), 3U);
            }),
            1);  // the hook counts

  std::int64_t const n = 5000;
  std::vector<float> x(static_cast<std::size_t>(6 * n), 0.25F), g(x.size());
  std::vector<std::int64_t> const ids{1, 2, 3, -100, 5, 6}, cu{0, 2, 2, 6};
  std::vector<float> logp(6), entropy(6), max(6), log_sum(6), old_logp(6, -8.0F), ref_logp(6, -8.5F),
      adv{1.0F, 2.0F, -1.0F};
  aha::logit_rows const rows{aha::matrix(static_cast<float const*>(x.data()), 6, n), ids, 0.9};
  aha::exec::cpu const both{2};
  auto const objective =
      aha::parse("sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\")) - 0.001 * token_mean(entropy())");
  std::vector<std::byte> workspace(static_cast<std::size_t>(aha::workspace_bytes(both, objective, rows)));
  aha::token_batch<> batch{aha::packed{cu}};
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = aha::per_sequence(adv);
  batch.totals = aha::totals(5, 2);
  auto const whole = [&] {
    return aha::loss_from_logits(both, objective, rows, batch, aha::matrix(g.data(), 6, n), workspace).loss;
  };
  double const first = whole();
  EXPECT_NE(first, 0.0);
  EXPECT_EQ(allocations_of([&] { EXPECT_EQ(whole(), first); }), 0);

  aha::logp_outputs<float> out;
  out.logp = logp;
  out.entropy = entropy;
  out.max = max;
  out.log_sum = log_sum;
  EXPECT_EQ(allocations_of([&] { aha::token_logp(both, rows, {}, out); }), 0);
  aha::softmax_columns<float> softmax;
  softmax.max = max;
  softmax.log_sum = log_sum;
  aha::logit_coefficients<float> by;
  by.dlogp = old_logp;
  EXPECT_EQ(allocations_of([&] { aha::logits_gradient(both, rows, {}, softmax, by, aha::matrix(g.data(), 6, n)); }), 0);
  batch.logp = logp;
  batch.entropy = entropy;
  EXPECT_EQ(allocations_of([&] { EXPECT_NE(aha::loss(both, objective, batch).loss, 0.0); }), 0);
}

}  // namespace

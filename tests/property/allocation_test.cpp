// SPDX-License-Identifier: MIT
// `loss` allocates nothing, once the thread pool is there.
#include "batches.hpp"
#include "count_allocations.hpp"
#include "engines.hpp"

#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

namespace {

TEST(allocation, the_counter_counts) {
  EXPECT_EQ(count_allocations([] {
              std::vector<double> v(100);
              v[3] = 1;
              ASSERT_EQ(v[3], 1);
            }),
            1);
}

template <class T>
void expect_none() {
  using namespace aha;
  dynamic_objective const o = parse(
      "sequence_mean(weight * keep * clip(0.2, 0.28, level=\"sequence\") + 0.04 * kl(\"k3\")) - 0.3 * "
      "token_mean(entropy())");
  batches::choice c;
  c.adv = scope::token;
  c.weight = scope::sequence;
  c.keep = scope::token;
  for (batches::shape s : batches::all_shapes) {
    auto l = batches::lay_out(batches::random<T>(51, 70, 300, batches::mask_kind::holes), s, c);
    for (int threads : {1, 3}) {
      double const want = loss(exec::cpu{threads}, o, l.batch, l.out, observe::all).loss;  // may make the pool
      double got = 0;
      EXPECT_EQ(count_allocations([&] { got = loss(exec::cpu{threads}, o, l.batch, l.out, observe::all).loss; }), 0)
          << batches::shape_names[static_cast<int>(s)] << ", " << threads << " threads";
      EXPECT_EQ(got, want);
    }
    EXPECT_EQ(count_allocations([&] { loss(exec::scalar{}, o, l.batch, l.out, observe::all); }), 0);
    // A host whose loop takes a std::function: the body fits into it.
    any_executor const host = [](std::int64_t n, std::function<void(std::int64_t)> const& f) {
      for (std::int64_t i = 0; i < n; ++i) f(i);
    };
    EXPECT_EQ(count_allocations([&] { loss(exec::on(host), o, l.batch, l.out, observe::all); }), 0);
  }
}
TEST(allocation, loss_allocates_nothing_in_float) { expect_none<float>(); }
TEST(allocation, loss_allocates_nothing_in_double) { expect_none<double>(); }

}  // namespace

// SPDX-License-Identifier: MIT
// Every entry point gives the same bits on every executor: ours, OpenMP's and whatever a host brings.
#include "batches.hpp"
#include "engines.hpp"
#include "openmp_loop.hpp"

#include <aha/cpu/advantages.hpp>
#include <aha/cpu/loss_from_logits.hpp>
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/whiten.hpp>
#include <aha/loss/clip.hpp>
#include <aha/loss/expression.hpp>
#include <aha/loss/parse.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace {

using namespace aha;
using batches::mask_kind;
using batches::same_bits;
using batches::shape;

/// A host's pool as its own code would have it: no copies, a virtual call, a fresh thread per call of the body.
class pool_of_the_host {
 public:
  pool_of_the_host() = default;
  pool_of_the_host(pool_of_the_host const&) = delete;
  virtual ~pool_of_the_host() = default;
  virtual void run(std::int64_t count, std::function<void(std::int64_t)> const& body) {
    ++calls;
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back(body, i);
    for (std::thread& t : threads) t.join();
  }
  int calls = 0;
};

void backwards(std::int64_t count, loop_body body) {
  for (std::int64_t i = count; i-- > 0;) body(i);
}

/// Ranges as torch's at::parallel_for and TBB hand them out, on two threads.
struct in_ranges {
  template <class Body>
  void operator()(std::int64_t count, Body const& body) const {
    auto const range = [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) body(i);
    };
    std::thread half(range, count / 2, count);
    range(0, count / 2);
    half.join();
  }
};

struct named {
  char const* name;
  any_executor loop;
};
std::vector<named> executors() {
  static pool_of_the_host pool;
  return {{"serial", [](std::int64_t n, loop_body f) { serial_executor{}.run(n, f); }},
          {"std::thread, 3", [](std::int64_t n, loop_body f) { thread_executor{3}.run(n, f); }},
          {"OpenMP", [](std::int64_t n, loop_body f) { openmp_loop(0, n, f); }},
          {"OpenMP, 1", [](std::int64_t n, loop_body f) { openmp_loop(1, n, f); }},
          {"OpenMP, 5", [](std::int64_t n, loop_body f) { openmp_loop(5, n, f); }},
          {"a pool of the host", [](std::int64_t n, loop_body f) { pool.run(n, f); }},
          {"ranges on two threads", in_ranges{}},
          {"backwards", backwards}};
}

char const* const everything =
    "sequence_mean(weight * keep * clip(0.2, 0.28) + 0.04 * kl(\"k3\")) + "
    "constant_length(64)(clip(0.2, 0.28, level=\"sequence\")) - 0.3 * token_mean(entropy())";

template <class T>
void expect_same_loss() {
  dynamic_objective const o = parse(everything);
  batches::choice c;
  c.adv = c.weight = c.keep = scope::token;
  for (std::int64_t rows : {1, 2, 65}) {
    auto const d = batches::random<T>(61, rows, 45, mask_kind::ragged);
    auto one = batches::lay_out(d, shape::padded, c);
    loss_result const want = loss(exec::cpu{1}, o, one.batch, one.out, observe::all);
    ASSERT_NE(want.loss, 0.0);
    for (named const& e : executors()) {
      auto other = batches::lay_out(d, shape::padded, c);
      loss_result const got = loss(exec::on(e.loop), o, other.batch, other.out, observe::all);
      EXPECT_TRUE(same_bits(want.loss, got.loss)) << e.name << ", " << rows << " rows";
      EXPECT_TRUE(same_bits(one.dlogp, other.dlogp)) << e.name;
      EXPECT_TRUE(same_bits(one.dentropy, other.dentropy)) << e.name;
      EXPECT_TRUE(same_bits(one.token_loss, other.token_loss)) << e.name;
      std::vector<double> a;
      std::vector<double> b;
      want.stats.for_each([&](char const*, double x) { a.push_back(x); });
      got.stats.for_each([&](char const*, double x) { b.push_back(x); });
      EXPECT_TRUE(same_bits(a, b)) << e.name;
    }
  }
}
TEST(executors, loss_has_the_same_bits_in_float) { expect_same_loss<float>(); }
TEST(executors, loss_has_the_same_bits_in_double) { expect_same_loss<double>(); }

/// What every entry point but `loss` writes, one behind the other.
template <class Exec>
std::vector<float> run_the_others(Exec const& e) {
  std::int64_t const tokens = 40;
  std::int64_t const vocabulary = 9001;  // several chunks of rows
  std::mt19937 random(62);
  std::normal_distribution<float> normal;
  std::vector<float> logits(static_cast<std::size_t>(tokens * vocabulary));
  for (float& x : logits) x = 2 * normal(random);
  std::vector<std::int32_t> targets(static_cast<std::size_t>(tokens));
  for (std::int32_t& id : targets) id = static_cast<std::int32_t>(random() % 9001U);
  logit_rows const rows{matrix<float const>(logits.data(), tokens, vocabulary), targets, 0.8};
  std::vector<float> all;
  auto const keep = [&](std::vector<float> const& x) { all.insert(all.end(), x.begin(), x.end()); };

  std::vector<float> logp(targets.size()), entropy(logp), max(logp), log_sum(logp);
  logp_outputs<float> forward;
  forward.logp = logp;
  forward.entropy = entropy;
  forward.max = max;
  forward.log_sum = log_sum;
  token_logp(e, rows, {}, forward);
  keep(logp);
  keep(entropy);
  softmax_columns<float> softmax;
  softmax.max = max;
  softmax.log_sum = log_sum;
  logit_coefficients<float> by;
  by.dlogp = entropy;
  std::vector<float> dlogits(logits.size());
  logits_gradient(e, rows, {}, softmax, by, matrix(dlogits.data(), tokens, vocabulary));
  keep(dlogits);

  auto const objective = token_mean(clip{0.2, 0.28});
  std::vector<std::int64_t> const cu{0, 7, 7, 40};
  std::vector<float> const adv{1.0F, 2.0F, -1.0F};
  std::vector<float> old_logp(logp);
  for (std::size_t t = 0; t < old_logp.size(); ++t) old_logp[t] += 0.01F * static_cast<float>(t % 5) - 0.02F;
  token_batch<> batch{packed{cu}};
  batch.old_logp = old_logp;
  batch.adv = per_sequence(adv);
  batch.totals = totals(40, 3);
  std::vector<std::byte> workspace(static_cast<std::size_t>(workspace_bytes(e, objective, rows)));
  double const loss =
      loss_from_logits(e, objective, rows, batch, matrix(dlogits.data(), tokens, vocabulary), workspace).loss;
  keep(dlogits);
  keep({static_cast<float>(loss)});

  std::vector<float> reward(70000);  // several pieces of groups
  std::vector<std::int64_t> ids(reward.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    reward[i] = normal(random);
    ids[i] = static_cast<std::int64_t>(i % 4001);
  }
  std::vector<float> out(reward.size());
  advantages(e, advantage::grpo, reward, groups<>::by_id(ids), out);
  keep(out);
  std::vector<float> white(out.size());
  whiten(e, advantage::whitening{}, out, white, {}, measure(e, reward).moments);
  keep(white);
  std::vector<float> spread(static_cast<std::size_t>(tokens));
  to_tokens(e, adv, packed{cu}, spread);
  keep(spread);
  return all;
}

TEST(executors, the_other_entry_points_have_the_same_bits) {
  std::vector<float> const want = run_the_others(exec::cpu{1});
  ASSERT_NE(std::accumulate(want.begin(), want.end(), 0.0), 0.0);
  EXPECT_TRUE(same_bits(want, run_the_others(exec::cpu{3})));
  for (named const& e : executors()) EXPECT_TRUE(same_bits(want, run_the_others(exec::on(e.loop)))) << e.name;
}

TEST(executors, openmp_uses_its_threads) { EXPECT_TRUE(openmp_is_parallel()); }

std::vector<int> hits_of(std::int64_t count, any_executor const& loop) {
  std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
  exec::on(loop).run(count, [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; });
  return {hits.begin(), hits.end()};
}
TEST(executors, every_index_is_called_once) {
  for (named const& e : executors()) {
    for (std::int64_t count : {0, 1, 2, 7, 64}) {
      EXPECT_EQ(hits_of(count, e.loop), std::vector<int>(static_cast<std::size_t>(count), 1)) << e.name << count;
    }
  }
}

// What a policy holds: a named executor by reference, a temporary by value.
TEST(executors, are_held_by_reference_or_moved_in) {
  pool_of_the_host pool;
  int sum = 0;
  std::mutex guard;
  auto const add = [&](std::int64_t i) {
    std::lock_guard<std::mutex> const lock(guard);
    sum += static_cast<int>(i);
  };
  auto const by_reference = exec::on(pool);
  static_assert(std::is_same_v<decltype(by_reference), exec::on<pool_of_the_host&> const>);
  by_reference.run(5, add);
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(pool.calls, 1);
  by_reference.run(1, add);
  by_reference.run(0, add);
  EXPECT_EQ(pool.calls, 1) << "nothing and a single call stay on the calling thread";

  auto token = std::make_unique<int>(3);
  auto const moved_in = exec::on([t = std::move(token)](std::int64_t n, auto const& body) {
    for (std::int64_t i = 0; i < n; ++i) body(i + *t - 3);
  });
  moved_in.run(3, add);
  EXPECT_EQ(sum, 13);
  exec::on(backwards).run(3, add);
  EXPECT_EQ(sum, 16);
  exec::on(thread_executor{2}).run(3, add);
  EXPECT_EQ(sum, 19);
}

TEST(executors, what_a_host_throws_passes_through) {
  auto const refuse = [](std::int64_t, loop_body) { throw std::runtime_error("the host is shutting down"); };
  std::vector<float> reward(70000, 1.0F);
  std::vector<float> adv(reward.size());
  std::vector<std::int64_t> const offsets{0, 30000, 70000};
  auto const call = [&] { advantages(exec::on(refuse), advantage::grpo, reward, groups<>::by_offsets(offsets), adv); };
  EXPECT_THROW(call(), std::runtime_error);
}

static_assert(is_executor<serial_executor> && is_executor<thread_executor> && is_executor<any_executor const>);
static_assert(is_executor<void(std::int64_t, std::function<void(std::int64_t)> const&)>);
static_assert(is_executor<void(int, loop_body)>, "other integers are the host's business");
static_assert(is_executor<pool_of_the_host> && !is_executor<pool_of_the_host const>);
static_assert(!is_executor<int> && !is_executor<void (*)()> && !is_executor<void (*)(std::int64_t)>);
static_assert(!is_executor<void (*)(std::int64_t, int)>, "the body is no number");
static_assert(is_cpu_exec<exec::on<serial_executor>> && !is_cpu_exec<serial_executor>);

}  // namespace

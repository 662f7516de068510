// SPDX-License-Identifier: MIT
// The pool and the engines on it under ThreadSanitizer: callers that share the pool, the inputs, and nothing else.

#include <gtest/gtest.h>

#include <aha/cpu/advantages.hpp>
#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/clip.hpp>
#include <aha/loss/kl.hpp>
#include <atomic>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace aha;

constexpr int callers = 4;
constexpr int rounds = 12;
constexpr int threads = 3;

/// Runs `call(caller)` on several threads at once.
template <class F>
void at_once(F const& call) {
  std::vector<std::thread> all;
  for (int c = 0; c < callers; ++c) all.emplace_back(call, c);
  for (std::thread& t : all) t.join();
}

std::vector<float> numbers(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(-1.0F, 0.3F);
  std::vector<float> x(n);
  for (float& y : x) y = normal(random);
  return x;
}

TEST(threads, the_pool_hands_results_over) {
  std::atomic<int> wrong{0};
  at_once([&](int c) {
    for (int round = 0; round < 50; ++round) {
      std::vector<std::int64_t> squares(static_cast<std::size_t>(5 + (c + round) % 7));  // plain memory: no atomics
      thread_executor{threads}.run(static_cast<std::int64_t>(squares.size()),
                                   [&](std::int64_t i) { squares[static_cast<std::size_t>(i)] = i * i; });
      for (std::size_t i = 0; i < squares.size(); ++i) {
        wrong += squares[i] == static_cast<std::int64_t>(i * i) ? 0 : 1;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(threads, a_nested_call_inside_the_pool) {
  std::vector<std::int64_t> sums(6);
  thread_executor{threads}.run(6, [&](std::int64_t i) {
    std::vector<std::int64_t> parts(4);
    thread_executor{threads}.run(4, [&](std::int64_t j) { parts[static_cast<std::size_t>(j)] = i + j; });
    sums[static_cast<std::size_t>(i)] = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  });
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sums[i], static_cast<std::int64_t>(4 * i + 6));
}

// One batch, one objective and one set of inputs for all callers; outputs of their own.
TEST(threads, callers_share_their_inputs) {
  std::size_t const sequences = 40;
  std::size_t const tokens = sequences * 30;
  auto const logp = numbers(tokens, 1), old_logp = numbers(tokens, 2), ref_logp = numbers(tokens, 3);
  auto const adv = numbers(sequences, 4);
  std::vector<std::int64_t> cu;
  for (std::size_t i = 0; i <= sequences; ++i) cu.push_back(static_cast<std::int64_t>(30 * i));
  auto const objective = sequence_mean(clip{0.2, 0.28} + 0.04 * kl(k3));
  token_batch batch{packed{cu}};
  batch.logp = logp;
  batch.old_logp = old_logp;
  batch.ref_logp = ref_logp;
  batch.adv = per_sequence(adv);
  batch.totals = totals{tokens, sequences};
  double const want = loss(exec::cpu{1}, objective, batch).loss;

  std::size_t const rows = 36;
  std::int64_t const vocabulary = 7000;
  auto const logits = numbers(rows * static_cast<std::size_t>(vocabulary), 5);
  std::vector<std::int64_t> const targets(rows, 3);
  logit_rows const scored{matrix(logits.data(), static_cast<std::int64_t>(rows), vocabulary), targets};
  auto const reward = numbers(70000, 6);
  std::vector<std::int64_t> ids(reward.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i % 3001);

  std::atomic<int> wrong{0};
  std::vector<std::vector<float>> seen(callers);
  at_once([&](int c) {
    std::vector<float> dlogp(tokens), out(rows), adv_of(reward.size());
    logp_outputs<float> forward;
    forward.logp = out;
    for (int round = 0; round < rounds; ++round) {
      wrong += loss(exec::cpu{threads}, objective, batch, outputs{dlogp}).loss == want ? 0 : 1;
      if (round % 4 == 0) token_logp(exec::cpu{threads}, scored, {}, forward);
      if (round % 4 == 1) advantages(exec::cpu{threads}, advantage::grpo, reward, groups<>::by_id(ids), adv_of);
    }
    std::vector<float>& mine = seen[static_cast<std::size_t>(c)];
    for (auto const* v : {&dlogp, &out, &adv_of}) mine.insert(mine.end(), v->begin(), v->end());
  });
  EXPECT_EQ(wrong, 0);
  for (int c = 1; c < callers; ++c) EXPECT_EQ(seen[static_cast<std::size_t>(c)], seen[0]);
}

// A pool of the host's that makes its threads anew: what the policy hands over is seen by all of them.
TEST(threads, an_executor_of_the_host) {
  auto const loop = [](std::int64_t count, loop_body body) {
    std::vector<std::thread> all;
    for (std::int64_t i = 0; i < count; ++i) all.emplace_back(body, i);
    for (std::thread& t : all) t.join();
  };
  std::vector<std::int64_t> squares(9);
  run_parallel(exec::on(loop), 9, [&](std::int64_t i) { squares[static_cast<std::size_t>(i)] = i * i; });
  for (std::size_t i = 0; i < squares.size(); ++i) EXPECT_EQ(squares[i], static_cast<std::int64_t>(i * i));
}

}  // namespace

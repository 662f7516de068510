// SPDX-License-Identifier: MIT
#include <aha/core/numeric_sum.hpp>
#include <aha/core/parallel.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <vector>
#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using aha::thread_pool;

bool each_index_once(int threads, std::int64_t count) {
  std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
  thread_pool::instance().run(threads, count, [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; });
  for (std::atomic<int> const& h : hits) {
    if (h != 1) return false;
  }
  return true;
}

TEST(executors, call_every_index_once) {
  for (std::int64_t count : {0, 1, 2, 3, 7, 64, 1000}) {
    for (int threads : {0, 1, 2, 3, 8}) {
      EXPECT_TRUE(each_index_once(threads, count)) << threads << " threads, " << count << " indices";
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
      aha::thread_executor{threads}.run(count, [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; });
      for (std::atomic<int> const& h : hits) EXPECT_EQ(h, 1);
    }
    std::int64_t next = 0;
    aha::serial_executor{}.run(count, [&](std::int64_t i) { EXPECT_EQ(i, next++); });
    EXPECT_EQ(next, count);
  }
}

TEST(executors, the_pool_really_uses_threads) {
  // Two indices that wait for each other finish only on two threads.
  std::atomic<int> arrived{0};
  std::atomic<bool> late{false};
  thread_pool::instance().run(2, 2, [&](std::int64_t) {
    ++arrived;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    if (arrived < 2) late = true;
  });
  EXPECT_FALSE(late);
}

TEST(executors, many_rounds_lose_nothing) {
  for (int round = 0; round < 2000; ++round) ASSERT_TRUE(each_index_once(1 + round % 5, round % 9)) << round;
}

TEST(executors, a_nested_caller_runs_on_its_own_thread) {
  std::vector<std::atomic<int>> hits(8 * 5);
  thread_pool::instance().run(3, 8, [&](std::int64_t i) {
    thread_pool::instance().run(3, 5, [&](std::int64_t j) { ++hits[static_cast<std::size_t>(i * 5 + j)]; });
  });
  for (std::atomic<int> const& h : hits) EXPECT_EQ(h, 1);
  EXPECT_TRUE(each_index_once(3, 100)) << "the pool is free again";
}

TEST(executors, concurrent_callers_do_not_mix) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += each_index_once(3, 37) ? 0 : 1;
    });
  }
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(wrong, 0);
}

#if defined(__unix__)
TEST(executors, a_forked_child_computes_and_leaves) {
  ASSERT_TRUE(each_index_once(4, 100)) << "the parent has workers";
  pid_t const child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);  // a child that hangs, computing or leaving, is killed and seen below
    std::exit(each_index_once(4, 100) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(each_index_once(4, 100)) << "the parent's pool still works";
}
#endif

double tree_sum(std::vector<double> const& x) {
  double lane[16] = {};
  for (std::size_t k = 0; k < x.size(); ++k) lane[k % 16] += x[k];
  for (int half = 8; half > 0; half /= 2) {
    for (int k = 0; k < half; ++k) lane[k] += lane[k + half];
  }
  return lane[0];
}

TEST(fixed_sum, adds_on_the_documented_tree) {
  std::vector<double> x(512);
  double exact = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    x[k] = std::sin(static_cast<double>(k)) * std::pow(10.0, static_cast<double>(k % 7));
    exact += x[k];
  }
  aha::fixed_sum whole;
  whole.add(x.data(), 512);
  EXPECT_EQ(whole.total(), tree_sum(x));
  EXPECT_NEAR(whole.total(), exact, 1e-9 * std::abs(exact) + 1e-6);
  aha::fixed_sum pieces;
  pieces.add(x.data(), 16);
  pieces.add(x.data() + 16, 240);
  pieces.add(x.data() + 256, 256);
  EXPECT_EQ(pieces.total(), whole.total()) << "blocking changes nothing";
}

TEST(fixed_sum, sums_floats_in_float64) {
  std::vector<float> x(16, 0.0F);
  x[0] = 1e8F;
  x[8] = 1.0F;  // lost in float32
  aha::fixed_sum s;
  s.add(x.data(), 16);
  EXPECT_EQ(s.total(), 100000001.0);
  EXPECT_EQ(aha::fixed_sum{}.total(), 0.0);
}

}  // namespace

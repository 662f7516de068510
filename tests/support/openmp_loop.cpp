// SPDX-License-Identifier: MIT
#include "openmp_loop.hpp"

#include <aha/core/openmp.hpp>
#include <atomic>
#include <chrono>
#include <thread>

void openmp_loop(int threads, std::int64_t count, aha::loop_body body) {
  aha::openmp_executor{threads}.run(count, body);
}

bool openmp_is_parallel() {
  std::atomic<int> arrived{0};
  aha::openmp_executor{2}.run(2, [&](std::int64_t) {
    ++arrived;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  return arrived == 2;
}

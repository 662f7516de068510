// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/parallel.hpp>
#include <aha/cpu/simd.hpp>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// Where and how a call runs; the first argument of every entry point.
namespace exec {

/// The CPU engine in SIMD lanes. `threads`: 0 all, 1 the calling thread; the result does not depend on it, bit for bit.
struct cpu {
  int threads = 0;
  template <class T>
  using lane = simd_lane<T>;
};

/// The same engine with one token a lane: the oracle that the SIMD path is tested against.
struct scalar {
  int threads = 1;
  template <class T>
  using lane = T;
};

}  // namespace exec

/// True for execution policies of the CPU engine.
template <class E>
inline constexpr bool is_cpu_exec = std::is_same_v<E, exec::cpu> || std::is_same_v<E, exec::scalar>;

/// Runs f(i) for i in [0, count) as the policy says.
template <class E, class F>
void run_parallel(E const& e, std::int64_t count, F const& f) {
  if (e.threads == 1) {
    serial_executor{}.run(count, f);
  } else {
    thread_executor{e.threads}.run(count, f);
  }
}

AHA_NAMESPACE_END

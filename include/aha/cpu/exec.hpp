// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/executor.hpp>
#include <aha/core/parallel.hpp>
#include <aha/cpu/simd.hpp>
#include <type_traits>
#include <utility>

AHA_NAMESPACE_BEGIN

/// Where and how a call runs; the first argument of every entry point. A policy names a lane and is an executor.
namespace exec {

/// The CPU engine in SIMD lanes. `threads`: 0 all, 1 the calling thread; the result does not depend on it, bit for bit.
struct cpu {
  int threads = 0;
  template <class T>
  using lane = simd_lane<T>;
  template <class F>
  void run(std::int64_t count, F const& f) const {
    thread_executor{threads}.run(count, f);
  }
};

/// The same engine with one token a lane: the oracle that the SIMD path is tested against.
struct scalar {
  int threads = 1;
  template <class T>
  using lane = T;
  template <class F>
  void run(std::int64_t count, F const& f) const {
    thread_executor{threads}.run(count, f);
  }
};

/// The CPU engine in SIMD lanes on an executor of the host's, with the same bits as `cpu`:
///   exec::on(openmp_executor{})                                                    OpenMP (core/openmp.hpp)
///   exec::on([](std::int64_t n, loop_body f) { tbb::parallel_for(std::int64_t(0), n, f); })
///   exec::on(pool)                                                                 pool.run(count, body)
/// A named executor is held by reference and must outlive the policy, a temporary is moved in and called as const. What
/// the executor throws passes through; outputs are then incomplete. Concurrent calls call the executor concurrently.
template <class Executor>
struct on {
  /// `Executor` is X& for a named executor; const reaches a reference's object only where X itself is const.
  static constexpr bool valid = is_executor<std::add_const_t<Executor>>;
  static_assert(
      valid,
      "aha: not an executor: expected an object with run(count, body) or a callable (count, body), const where it "
      "is a temporary");
  Executor executor;

  explicit on(Executor&& e) : executor(std::forward<Executor>(e)) {}
  template <class T>
  using lane = simd_lane<T>;
  template <class F>
  void run(std::int64_t count, F const& f) const {
    if constexpr (valid) run_on(executor, count, f);
  }
};
template <class E>
on(E&&) -> on<E>;

}  // namespace exec

/// True for execution policies of the CPU engine.
template <class E>
inline constexpr bool is_cpu_exec = std::is_same_v<E, exec::cpu> || std::is_same_v<E, exec::scalar>;
template <class Executor>
inline constexpr bool is_cpu_exec<exec::on<Executor>> = true;

/// Runs f(i) for i in [0, count) as the policy says.
template <class E, class F>
void run_parallel(E const& e, std::int64_t count, F const& f) {
  e.run(count, f);
}

AHA_NAMESPACE_END

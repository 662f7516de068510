// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>
#include <type_traits>
#include <utility>

AHA_NAMESPACE_BEGIN

// An executor is anything that can do `run(count, f)`: call f(i) once for every i in [0, count), in any order and on any
// thread, and return when all are done. Work is cut by the problem, never by the number of threads, so every executor
// gives the same bits. Ours: serial_executor and thread_executor (parallel.hpp), openmp_executor (openmp.hpp).

/// The body of a loop, f(i), in a type that can be named: two pointers, copyable, no allocation (not in a std::function
/// made from it either). It refers to f and lives no longer than the call that hands it out; it never throws.
class loop_body {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<F, loop_body>>>
  explicit loop_body(F const& f)
      : call_([](void const* context, std::int64_t i) { (*static_cast<F const*>(context))(i); }), context_(&f) {}
  void operator()(std::int64_t i) const { call_(context_, i); }

 private:
  void (*call_)(void const*, std::int64_t);
  void const* context_;
};

/// True for an object with `run(count, body)`.
template <class E, class = void>
struct has_run : std::false_type {};
template <class E>
struct has_run<E, std::void_t<decltype(std::declval<E&>().run(std::int64_t{}, std::declval<loop_body const&>()))>>
    : std::true_type {};

/// True for what a host may bring: an object with `run(count, body)`, or its own parallel_for, a callable
/// `parallel_for(count, body)` (a function, a lambda over TBB's or torch's, a std::function).
template <class E>
inline constexpr bool is_executor = has_run<E>::value || std::is_invocable_v<E&, std::int64_t, loop_body const&>;

/// Runs f(i) for i in [0, count) on a host's executor. Nothing and a single call stay on the calling thread.
template <class E, class F>
void run_on(E& executor, std::int64_t count, F const& f) {
  loop_body const body(f);
  if (count <= 1) {
    if (count == 1) body(0);
  } else if constexpr (has_run<E>::value) {
    executor.run(count, body);
  } else {
    executor(count, body);
  }
}

AHA_NAMESPACE_END

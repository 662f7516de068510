// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>

// Not part of aha.hpp: only what is compiled with OpenMP includes it, and nobody else gets a flag from us.
#if !defined(_OPENMP)
#error "aha: aha/core/openmp.hpp needs OpenMP: compile with -fopenmp, or link the CMake target aha::openmp"
#else

AHA_NAMESPACE_BEGIN

/// Executor over the host's OpenMP threads: `loss(exec::on(openmp_executor{}), ...)`. `threads` 0 leaves their number to
/// OpenMP (OMP_NUM_THREADS, the calling region). Inside a parallel region it runs as OpenMP runs nested regions, by
/// default on the calling thread. Results do not depend on any of it. OpenMP's threads do not survive a fork.
struct openmp_executor {
  int threads = 0;
  template <class F>
  void run(std::int64_t count, F const& f) const {
    if (threads > 0) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
      for (std::int64_t i = 0; i < count; ++i) f(i);
    } else {
#pragma omp parallel for schedule(dynamic, 1)
      for (std::int64_t i = 0; i < count; ++i) f(i);
    }
  }
};

AHA_NAMESPACE_END

#endif

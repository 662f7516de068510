// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/executor.hpp>

/// The OpenMP executor, behind a function that sources without OpenMP can call.
void openmp_loop(int threads, std::int64_t count, aha::loop_body body);
/// Two calls that wait for each other end only on two threads: true where OpenMP gave them.
bool openmp_is_parallel();

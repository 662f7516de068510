// SPDX-License-Identifier: MIT
// expect: aha: aha/core/openmp.hpp needs OpenMP: compile with -fopenmp, or link the CMake target aha::openmp
#include <aha/core/openmp.hpp>

int main() { return 0; }

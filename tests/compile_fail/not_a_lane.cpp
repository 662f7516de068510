// SPDX-License-Identifier: MIT
// expect: aha: not a lane: expected float, double, a SIMD batch or a dual of them
#include <aha/core/math.hpp>

int main() { return aha::math::exp(1); }

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cmath>

AHA_NAMESPACE_BEGIN

#if AHA_DEVICE_CODE
/// Float lanes of kernels, where fewer instructions than the host's forms do. They fuse by themselves: no flag of the
/// compiler changes a bit.
namespace device_math {

/// b < a ? b : a, and the other way round, in one instruction; NaN where either is NaN.
AHA_FN inline float min(float a, float b) {
  float r;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
}
AHA_FN inline float max(float a, float b) {
  float r;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
}

/// e^x - 1 - x for |x| <= 1/2: x^2 P(x), P of degree 5 with the least relative error (0.4 * 2^-24; Remez), which with its
/// rounding is 3.4 * 2^-24.
AHA_FN inline float small_expm1mx(float x) {
  float p = 0x1.a0d278p-13F;
  p = fmaf(p, x, 0x1.6e8798p-10F);
  p = fmaf(p, x, 0x1.11121p-7F);
  p = fmaf(p, x, 0x1.555382p-5F);
  p = fmaf(p, x, 0x1.555554p-3F);
  p = fmaf(p, x, 0.5F);
  return x * x * p;
}

}  // namespace device_math
#endif

AHA_NAMESPACE_END

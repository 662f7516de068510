// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>
#include <cstring>
#include <type_traits>

AHA_NAMESPACE_BEGIN

/// Storage type of bfloat16 data: the upper half of a float32. It holds bits and has no operators: numbers are widened,
/// computed with in float32 and rounded once by `to_bfloat16`. Same representation as torch.bfloat16.
struct bfloat16 {
  std::uint16_t bits;
};
static_assert(sizeof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);

/// Exact: every bfloat16, NaN payloads included, is a float32.
AHA_FN inline float to_float(bfloat16 x) {
  std::uint32_t const bits = static_cast<std::uint32_t>(x.bits) << 16;
  float y;
  std::memcpy(&y, &bits, sizeof y);
  return y;
}

/// Rounds to the nearest bfloat16, ties to even; overflow gives infinity. A NaN stays a (quiet) NaN with its sign.
AHA_FN inline bfloat16 to_bfloat16(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  // Rounding a NaN by addition could carry into infinity or zero, so NaNs are truncated and made quiet. Both results are
  // computed and one is chosen: loops over this function stay free of branches and vectorise.
  std::uint32_t const rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  std::uint32_t const quiet = (bits >> 16) | 0x40U;
  std::uint32_t const chosen = (bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : rounded;
  return bfloat16{static_cast<std::uint16_t>(chosen)};
}

AHA_NAMESPACE_END

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

/// Types that logits and their gradients may be stored in.
enum class dtype : std::uint8_t { float64, float32, bfloat16 };

/// The tag of a storage type.
template <class Stored>
constexpr dtype dtype_of() {
  using S = std::remove_const_t<Stored>;
  static_assert(std::is_same_v<S, double> || std::is_same_v<S, float> || std::is_same_v<S, bfloat16>,
                "aha: logits are stored as double, float or aha::bfloat16");
  if constexpr (std::is_same_v<S, double>) {
    return dtype::float64;
  } else if constexpr (std::is_same_v<S, float>) {
    return dtype::float32;
  } else {
    return dtype::bfloat16;
  }
}

/// Type that a row of `Stored` is computed in, and that its per-row results have: double for double, otherwise float.
template <class Stored>
using computed_t = std::conditional_t<std::is_same_v<std::remove_const_t<Stored>, double>, double, float>;

/// NumPy's and torch's name of a storage type, for error texts.
constexpr char const* name_of(dtype d) {
  return d == dtype::float64 ? "float64" : (d == dtype::float32 ? "float32" : "bfloat16");
}
constexpr std::int64_t element_bytes(dtype d) { return d == dtype::float64 ? 8 : (d == dtype::float32 ? 4 : 2); }

AHA_NAMESPACE_END

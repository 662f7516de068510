// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/bfloat16.hpp>
#include <aha/core/float16.hpp>

AHA_NAMESPACE_BEGIN

/// Types that logits and their gradients may be stored in.
enum class dtype : std::uint8_t { float64, float32, bfloat16, float16 };

/// The tag of a storage type.
template <class Stored>
constexpr dtype dtype_of() {
  using S = std::remove_const_t<Stored>;
  constexpr bool known = std::is_same_v<S, double> || std::is_same_v<S, float> || std::is_same_v<S, bfloat16> ||
                         std::is_same_v<S, float16>;
  static_assert(known, "aha: logits are stored as double, float, aha::bfloat16 or aha::float16");
  if constexpr (std::is_same_v<S, double>) {
    return dtype::float64;
  } else if constexpr (std::is_same_v<S, float>) {
    return dtype::float32;
  } else if constexpr (std::is_same_v<S, bfloat16>) {
    return dtype::bfloat16;
  } else {
    return dtype::float16;
  }
}

/// Type that a row of `Stored` is computed in, and that its per-row results have: double for double, otherwise float.
template <class Stored>
using computed_t = std::conditional_t<std::is_same_v<std::remove_const_t<Stored>, double>, double, float>;

/// NumPy's and torch's name of a storage type, for error texts.
constexpr char const* name_of(dtype d) {
  switch (d) {
    case dtype::float64: return "float64";
    case dtype::float32: return "float32";
    case dtype::bfloat16: return "bfloat16";
    default: return "float16";
  }
}
constexpr std::int64_t element_bytes(dtype d) { return d == dtype::float64 ? 8 : (d == dtype::float32 ? 4 : 2); }

AHA_NAMESPACE_END

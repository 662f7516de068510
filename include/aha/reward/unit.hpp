// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>
#include <string_view>
#include <type_traits>

AHA_NAMESPACE_BEGIN
namespace reward {

// The unit of a length is part of its type: a limit of 4096 means something else in tokens than in characters, and peers
// have mixed them up (the same function counts token ids in one peer and characters in another).

/// A plain number: a score, a probability, a count of anything that is no length.
struct number {
  static constexpr std::string_view name = "number";
};

/// A length in tokens of the model's vocabulary.
struct tokens {
  static constexpr std::string_view name = "tokens";
  std::int64_t count = 0;
  constexpr tokens() = default;
  constexpr explicit tokens(std::int64_t n) : count(n) {}
};

/// A length in characters: Unicode code points, not bytes.
struct characters {
  static constexpr std::string_view name = "characters";
  std::int64_t count = 0;
  constexpr characters() = default;
  constexpr explicit characters(std::int64_t n) : count(n) {}
};

/// True for the units of lengths.
template <class Unit>
inline constexpr bool is_length_unit = std::is_same_v<Unit, tokens> || std::is_same_v<Unit, characters>;
/// True for every unit.
template <class Unit>
inline constexpr bool is_unit = is_length_unit<Unit> || std::is_same_v<Unit, number>;

}  // namespace reward
AHA_NAMESPACE_END

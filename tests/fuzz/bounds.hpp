// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What every target promises. A broken promise stops the run like a crash, with its input kept.
namespace aha_fuzz {

inline void require(bool holds, char const* promise) {
  if (!holds) {
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
  }
}

/// At most 200 steps a byte of input and 1e5 more.
inline void require_bounded(std::uint64_t steps, std::size_t bytes) {
  require(steps <= 200 * static_cast<std::uint64_t>(bytes) + 100000, "at most 200 steps an input byte + 1e5");
}

/// Does `part` lie within `whole`, as memory?
inline bool within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

inline std::string_view text(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

}  // namespace aha_fuzz

// SPDX-License-Identifier: MIT
#pragma once

// The inputs of every work as pure functions of an index, so that peers/inputs.py makes the same numbers bit for bit.

#include <cstdint>
#include <vector>

namespace bench {

/// A number in [0, 1) with 24 bits, from an index and the name of a stream.
inline float number(std::int64_t i, std::uint32_t stream) {
  std::uint32_t h = static_cast<std::uint32_t>(i) * 2654435761U + stream * 0x9E3779B9U;
  h ^= h >> 16U;
  h *= 0x85EBCA6BU;
  h ^= h >> 13U;
  return static_cast<float>(h >> 8U) * 0x1p-24F;
}

/// value(i) for i in [0, n).
template <class T, class F>
std::vector<T> filled(std::int64_t n, F const& value) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) v[static_cast<std::size_t>(i)] = static_cast<T>(value(i));
  return v;
}

/// 0, length, 2 length, ... up to and including n, which the last sequence may reach early.
inline std::vector<std::int64_t> offsets(std::int64_t n, std::int64_t length) {
  std::vector<std::int64_t> cu;
  for (std::int64_t at = 0; at < n; at += length) cu.push_back(at);
  cu.push_back(n);
  return cu;
}

/// Rewards of ragged groups: group g has 1 + (7 g mod 19) of them, 10 on average. Rows of a group are scattered, ids are
/// arbitrary 64-bit numbers, a reward is 0, 0.1, 1 or 1.1.
struct rewards {
  std::vector<float> reward;
  std::vector<std::int64_t> ids;

  explicit rewards(std::int64_t groups) {
    std::vector<std::int64_t> group_of;
    for (std::int64_t g = 0; g < groups; ++g)
      group_of.insert(group_of.end(), static_cast<std::size_t>(1 + 7 * g % 19), g);
    auto const n = static_cast<std::int64_t>(group_of.size());
    constexpr std::int64_t stride = 1'000'003;  // a prime: every row is met once
    ids.resize(group_of.size());
    for (std::int64_t i = 0; i < n; ++i) {
      auto const g = static_cast<std::uint64_t>(group_of[static_cast<std::size_t>(i)]);
      ids[static_cast<std::size_t>(i * stride % n)] = static_cast<std::int64_t>(g * 0x9E3779B97F4A7C15U);
    }
    reward = filled<float>(
        n, [](std::int64_t i) { return (number(i, 5) < 0.5F ? 1.0F : 0.0F) + (number(i, 6) < 0.8F ? 0.1F : 0.0F); });
  }
};

}  // namespace bench

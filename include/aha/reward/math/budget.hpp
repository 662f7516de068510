// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstddef>
#include <cstdint>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// The clock of the verifier: a count of steps instead of seconds, so that a verdict is the same on every machine, under
/// every load and in every thread. One step is about ten nanoseconds of work; whoever loops over text, nodes, limbs or
/// points charges what the loop costs before it runs. When the count is used up everything returns at once.
class budget {
 public:
  constexpr budget() = default;
  constexpr explicit budget(std::uint64_t limit) : left_(limit), limit_(limit) {}

  /// Takes `cost` steps; false when they are not there (nothing is left then, and every later charge fails too).
  constexpr bool charge(std::uint64_t cost = 1) noexcept {
    if (cost > left_) {
      left_ = 0;
      empty_ = true;
      return false;
    }
    left_ -= cost;
    return !empty_;
  }
  [[nodiscard]] constexpr bool exhausted() const noexcept { return empty_; }
  [[nodiscard]] constexpr std::uint64_t used() const noexcept { return limit_ - left_; }
  /// Refuses all further work: for a result whose size alone says that it cannot be had (9^{9^9}).
  constexpr void refuse() noexcept { empty_ = true; }

 private:
  std::uint64_t left_ = 0, limit_ = 0;
  bool empty_ = false;
};

/// What a verdict may cost: `base` steps and `per_byte` for each byte of gold and response.
struct step_limit {
  std::uint64_t base = 100'000;
  std::uint64_t per_byte = 200;
  [[nodiscard]] constexpr budget of(std::size_t bytes) const { return budget(base + per_byte * bytes); }
};

}  // namespace reward::math
AHA_NAMESPACE_END

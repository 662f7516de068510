// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <charconv>
#include <cmath>
#include <string>

AHA_NAMESPACE_BEGIN

/// Shortest decimal text that reads back as the same double; `inf` and `-inf` for the infinities.
inline std::string number_text(double x) {
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  char buffer[32];
  auto const end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
  return std::string(buffer, end);
}

/// The most parameters that are clear without their names, in texts and in Python's calls.
inline constexpr int max_positional_parameters = 2;

AHA_NAMESPACE_END

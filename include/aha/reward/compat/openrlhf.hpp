// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/length.hpp>
#include <aha/reward/outcome.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::openrlhf {

/// apply_overlong_penalty: -min(L - (M - C), C) / C f beyond M - C, in tokens; C = 0 never penalises.
constexpr outcome overlong_penalty(tokens length, tokens limit, tokens cache, double factor = 1.0) {
  if (cache.count == 0) return 0.0;
  return 0.0 - factor * reward::overlong_penalty(static_cast<double>(length.count), static_cast<double>(limit.count),
                                                 static_cast<double>(cache.count));
}

}  // namespace reward::compat::openrlhf
AHA_NAMESPACE_END

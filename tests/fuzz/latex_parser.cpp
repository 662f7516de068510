// SPDX-License-Identifier: MIT
#include <aha/reward/math/parsed.hpp>
#include <aha/reward/math/print.hpp>

#include "bounds.hpp"

// Any answer parses to something that can be printed, within its steps, alike each time.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  namespace math = aha::reward::math;
  auto const text = aha_fuzz::text(data, size);
  math::parsed const once = math::parse(text);
  math::parsed const twice = math::parse(text);
  aha_fuzz::require(to_string(once) == to_string(twice), "the same text has the same normal form");
  aha_fuzz::require(once.steps == twice.steps, "the same text takes the same steps");
  aha_fuzz::require_bounded(once.steps, size);
  return 0;
}

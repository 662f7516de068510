// SPDX-License-Identifier: MIT
#include <aha/reward/math/extract.hpp>

#include "bounds.hpp"

// What is extracted lies within the response, in order of nothing but the text; what it costs is bounded.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using aha_fuzz::require;
  namespace math = aha::reward::math;
  auto const text = aha_fuzz::text(data, size);
  math::extract_options options;
  if (size > 0) {
    options.latex = data[0] % 7 != 1;
    options.expression = data[0] % 7 != 2;
    options.several = static_cast<math::several>(data[0] % 4);
  }
  for (auto const& o : {math::extract_options{}, options}) {
    math::extraction const once = math::extract(text, o);
    math::extraction const twice = math::extract(text, o);
    require(once.candidates.size() == twice.candidates.size(), "the same text gives the same candidates");
    for (std::size_t i = 0; i < once.candidates.size(); ++i) {
      math::candidate const& c = once.candidates[i];
      require(c.where.begin <= c.where.end && c.where.end <= size, "a candidate lies within the text");
      require(c.count >= 1 && c.first + c.count <= once.parts.size(), "a candidate has parts");
      require(c.where.begin == twice.candidates[i].where.begin && c.where.end == twice.candidates[i].where.end,
              "the same text gives the same candidates");
      require(i == 0 || once.candidates[i - 1].priority <= c.priority, "the first to be tried stands first");
    }
    for (auto const& part : once.parts)
      require(part.begin <= part.end && part.end <= size, "a part lies within the text");
  }
  return 0;
}

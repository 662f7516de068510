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
      require(aha_fuzz::within(once.candidates[i].text, text), "a candidate lies within the text");
      require(once.candidates[i].text.data() == twice.candidates[i].text.data() &&
                  once.candidates[i].text.size() == twice.candidates[i].text.size(),
              "the same text gives the same candidates");
    }
    aha_fuzz::require_bounded(once.steps, size);
  }
  return 0;
}

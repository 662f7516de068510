// SPDX-License-Identifier: MIT
#include <aha/reward/math/math.hpp>

#include "bounds.hpp"

// Gold and answer, divided by the first zero byte.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using aha_fuzz::require;
  namespace math = aha::reward::math;
  auto const text = aha_fuzz::text(data, size);
  auto const cut = text.find('\0');
  auto const gold = text.substr(0, cut);
  auto const answer = cut == text.npos ? text : text.substr(cut + 1);
  math::verify_options options;
  options.explain = true;
  for (auto const& [a, b] : {std::pair{gold, answer}, std::pair{answer, gold}}) {
    math::verdict const once = math::verify_answer(a, b);
    math::verdict const twice = math::verify_answer(a, b);
    require(once.equal == twice.equal && once.status == twice.status && once.reason == twice.reason &&
                once.steps == twice.steps,
            "the same pair has the same verdict at the same cost");
    require(!once.equal || once.status == aha::reward::status::scored, "only what is scored is equal");
    aha_fuzz::require_bounded(once.steps, a.size() + b.size());
    math::verdict const explained = math::verify_answer(a, b, options);
    require(explained.equal == once.equal && explained.status == once.status, "an explanation changes no verdict");
    math::verdict const of_response = math::verify(a, b);
    require(!of_response.equal || of_response.status == aha::reward::status::scored, "only what is scored is equal");
    aha_fuzz::require_bounded(of_response.steps, a.size() + b.size());
  }
  return 0;
}

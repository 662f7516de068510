// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/slime.hpp>
#include <aha/reward/compat/verdict.hpp>

#if __has_include(<aha/reward/math/math.hpp>)
#include <aha/reward/math/math.hpp>
#define AHA_TEST_HAS_VERIFIER 1
#else
#define AHA_TEST_HAS_VERIFIER 0
#endif

// Where rewards of peers take a verdict on mathematics, the tests of those rewards need one. A stand-in suffices where the
// verdict is an input and not what the row is about; what is about it is claimed only with the verifier of the library.
namespace reward_rows {

using aha::reward::compat::verdict;

/// Thrown where a row asks for a verdict that the library cannot give (yet).
struct needs_verifier {};

/// Whether two answers are equal, by the library's verifier.
inline bool equal_answers(std::string_view gold, std::string_view answer) {
#if AHA_TEST_HAS_VERIFIER
  return aha::reward::math::verify_answer(gold, answer).equal;
#else
  if (aha::reward::compat::prm800k::equal_numbers(gold, answer)) return true;
  for (std::string_view const side : {gold, answer}) {
    if (!aha::reward::compat::arithmetic::evaluate(aha::reward::compat::replaced(side, "^", "**")))
      throw needs_verifier{};
  }
  return false;
#endif
}

/// The verdict of the library's verifier on a response, as the peers configure theirs: a box or a formula behind "answer is",
/// nothing else; several boxes must agree. The peers' verifier reads a gold without dollars only where it is a number or
/// begins with \frac or \boxed: what else the library reads is nothing to compare.
inline verdict verified(std::string_view gold, std::string_view response) {
#if AHA_TEST_HAS_VERIFIER
  namespace math = aha::reward::math;
  auto const v = math::verify(gold, response, math::trl_options());
  bool const anchored = gold.find('$') != std::string_view::npos || gold.substr(0, 5) == "\\frac" ||
                        gold.substr(0, 6) == "\\boxed" ||
                        gold.find_first_not_of("0123456789.,/%-+=xy ") == std::string_view::npos;
  if (v.status == aha::reward::status::gold_invalid || gold.find_first_of("0123456789") == std::string_view::npos) {
    return std::nullopt;
  }
  if (!anchored) throw needs_verifier{};
  return v.equal;
#else
  static_cast<void>(gold);
  static_cast<void>(response);
  throw needs_verifier{};
#endif
}

/// The stand-in: a gold with a digit or a box can be read; the answer is the response's last box (`bare`: the response
/// itself where it has none); both are compared as strings.
inline verdict stand_in(std::string_view gold, std::string_view response, bool bare = false) {
  using namespace aha::reward::compat;
  std::string_view const wanted = contains(gold, "\\boxed") ? slime::extract_answer(gold).value_or("") : gold;
  if (!bare && wanted.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
  std::optional<std::string_view> given = slime::extract_answer(response);
  if (!given && bare) given = response;
  return given && slime::grade(*given, wanted, prm800k::equal_numbers);
}

}  // namespace reward_rows

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/formula_spans.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// Why a place of a response is taken for its answer.
enum class candidate_kind : std::uint8_t { hope, boxed, hash, final_answer, answer, whole, formula, number, choice };
/// The word of a kind of candidate.
constexpr std::string_view to_string(candidate_kind k) {
  constexpr std::string_view names[] = {"hope",  "boxed",   "hash",   "final_answer", "answer",
                                        "whole", "formula", "number", "choice"};
  return names[static_cast<std::size_t>(k)];
}

/// One place that may be the answer: one part, or several that the response joins ("\boxed{1} and \boxed{2}").
struct candidate {
  candidate_kind kind = candidate_kind::whole;
  int priority = 0;
  text_span where;        ///< from the first part's begin to the last part's end
  std::size_t first = 0;  ///< of its parts in `extraction::parts`
  std::size_t count = 1;
  bool last_alone = false;    ///< two parts that "and" joins: where the gold is one answer, the last part is the answer
  bool denied = false;        ///< "the answer is not ...": nothing further is looked for
  bool only_if_read = false;  ///< counts only where all of it reads as one answer
};

/// What was found: candidates, the one to be tried first in front. Spans point into the response.
struct extraction {
  std::vector<candidate> candidates;
  std::vector<text_span> parts;
};

}  // namespace reward::math
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/aggregate.hpp>

AHA_NAMESPACE_BEGIN

/// The total of the step that a kind divides by, which has one. By comparisons: a member that is chosen at run time would
/// send a kernel's copy of the totals through local memory.
AHA_FN inline double total_for(totals const& t, aggregation k) {
  double totals::*const member = total_of(k);
  if (member == &totals::tokens) return t.tokens;
  if (member == &totals::prompts) return t.prompts;
  if (member == &totals::positives) return t.positives;
  return t.sequences;
}

/// Weight of a token of a part, for a sequence that divides by `n` and whose prompt group has `prompt_tokens`. A count
/// of 0 gives 0.
AHA_FN inline double part_weight(double coefficient, aggregate const& a, totals const& t, double scale, double n,
                                 double prompt_tokens) {
  auto const over = [](double x) { return x > 0 ? 1 / x : 0.0; };
  double const c = coefficient * scale;
  if (total_of(a.kind) == nullptr) return c;
  double const w = c * over(a.total == a.total ? a.total : total_for(t, a.kind));
  switch (a.kind) {
    case aggregation::sequence_mean: return w * over(n);
    case aggregation::constant_length: return w * over(a.length);
    case aggregation::prompt_mean: return w * over(prompt_tokens);
    default: return w;
  }
}

AHA_NAMESPACE_END

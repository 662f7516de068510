// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/aggregate.hpp>

AHA_NAMESPACE_BEGIN

/// A count of 0 gives 0.
AHA_FN inline double inverse_count(double x) { return x > 0 ? 1 / x : 0.0; }

/// The total of the step that a kind divides by, which has one. By comparisons: a member that is chosen at run time would
/// send a kernel's copy of the totals through local memory.
AHA_FN inline double total_for(totals const& t, aggregation k) {
  double totals::*const member = total_of(k);
  if (member == &totals::tokens) return t.tokens;
  if (member == &totals::prompts) return t.prompts;
  if (member == &totals::positives) return t.positives;
  return t.sequences;
}

/// What a sequence does not change of a part's weight.
AHA_FN inline double part_scale(double coefficient, aggregate const& a, totals const& t, double scale) {
  double const c = coefficient * scale;
  if (total_of(a.kind) == nullptr) return c;
  double const w = c * inverse_count(a.total == a.total ? a.total : total_for(t, a.kind));
  return a.kind == aggregation::constant_length ? w * inverse_count(a.length) : w;
}
/// The factor of a sequence that divides by `n` and whose prompt group has `prompt_tokens`.
AHA_FN inline double sequence_share(aggregation kind, double n, double prompt_tokens) {
  if (kind == aggregation::sequence_mean) return inverse_count(n);
  return kind == aggregation::prompt_mean ? inverse_count(prompt_tokens) : 1.0;
}
/// Weight of a token of a part.
AHA_FN inline double part_weight(double coefficient, aggregate const& a, totals const& t, double scale, double n,
                                 double prompt_tokens) {
  return part_scale(coefficient, a, t, scale) * sequence_share(a.kind, n, prompt_tokens);
}

AHA_NAMESPACE_END

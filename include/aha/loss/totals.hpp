// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

/// Counts of the whole optimiser step over all ranks and micro-batches: an input, never derived from the shard. A count
/// may be any non-negative number (hosts divide by rank counts); 0 gives a loss of 0. What is not given is NaN.
struct totals {
  double tokens = std::numeric_limits<double>::quiet_NaN();
  double sequences = std::numeric_limits<double>::quiet_NaN();
  double prompts = std::numeric_limits<double>::quiet_NaN();    ///< prompts with at least one unmasked token
  double positives = std::numeric_limits<double>::quiet_NaN();  ///< tokens of positive (correct) examples

  constexpr totals() = default;
  template <class A>
  constexpr explicit totals(A token_count) : tokens(static_cast<double>(token_count)) {}
  template <class A, class B>
  constexpr totals(A token_count, B sequence_count)
      : tokens(static_cast<double>(token_count)), sequences(static_cast<double>(sequence_count)) {}
  template <class A, class B, class C>
  constexpr totals(A token_count, B sequence_count, C prompt_count) : totals(token_count, sequence_count) {
    prompts = static_cast<double>(prompt_count);
  }
  template <class A, class B, class C, class D>
  constexpr totals(A token_count, B sequence_count, C prompt_count, D positive_count)
      : totals(token_count, sequence_count, prompt_count) {
    positives = static_cast<double>(positive_count);
  }

  /// Calls f(name, member, meaning) for every count.
  template <class F>
  static constexpr void members(F&& f) {
    f("tokens", &totals::tokens, "Tokens, or None.");
    f("sequences", &totals::sequences, "Sequences, or None.");
    f("prompts", &totals::prompts, "Prompts, or None.");
    f("positives", &totals::positives, "Tokens of positive examples, or None.");
  }
};

AHA_NAMESPACE_END

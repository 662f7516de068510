// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/term.hpp>

AHA_NAMESPACE_BEGIN

/// A token loss that the host computed itself, for its aggregation:  l = given
/// Any loss that is not a term here (or an importance-weighted one of the host's) gets the same masks, totals, scale and
/// order of summation as the others; d loss / d given, the token's weight, comes back in `dgiven` for the host to chain.
/// Reads given.
struct given : term {
  static constexpr std::string_view name = "given";
  static constexpr std::string_view formula = "given";
  static constexpr std::string_view paper = "";
  static constexpr unsigned needs = reads::given;
  template <class V>
  using record = given_token<V>;

  template <class V>
  AHA_FN V operator()(given_token<V> const& t) const {
    return t.given;
  }
  template <class F>
  static constexpr void params(F&&) {}
};

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/options.hpp>
#include <aha/loss/aggregate.hpp>
#include <limits>

AHA_NAMESPACE_BEGIN

// What is legal, in one place and at compile time: validation, the tests and the reference table ask here.

constexpr bool is_legal(log_ratio_bounds const& b, range const&) { return b.low <= b.high; }

template <class Term, class = void>
struct has_problem : std::false_type {};
template <class Term>
struct has_problem<Term, std::void_t<decltype(std::declval<Term const&>().problem())>> : std::true_type {};

/// Why a term's combination of parameters is not legal, each of them being so; empty where it is.
template <class Term>
constexpr std::string_view problem_of(Term const& t) {
  if constexpr (has_problem<Term>::value) {
    return t.problem();
  } else {
    (void)t;
    return {};
  }
}

/// Whether every parameter of a term is in its range and their combination has a meaning.
template <class Term, class = std::enable_if_t<is_term<Term>>>
constexpr bool is_legal(Term const& t) {
  return has_legal_members(t) && problem_of(t).empty();
}

/// A coefficient: any finite number.
constexpr bool is_finite(double x) {
  return x >= -std::numeric_limits<double>::max() && x <= std::numeric_limits<double>::max();
}
/// A count that a total may have: not negative, finite. Fractions are legal.
constexpr bool is_count(double x) { return x >= 0 && is_finite(x); }
/// Whether an aggregate's constant length, where it has one, is a number > 0 and its own total, if any, a count.
constexpr bool is_legal(aggregate const& a) {
  bool const length = a.kind != aggregation::constant_length || (a.length > 0 && is_finite(a.length));
  return length && (a.total != a.total || is_count(a.total));
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstddef>
#include <iterator>
#include <string_view>

AHA_NAMESPACE_BEGIN

/// Legal range of a parameter: its text and its test. Validation, error texts, stubs and the reference table read it.
struct range {
  std::string_view text;
  bool (*contains)(double);
};

inline constexpr range positive{"a number > 0", [](double x) { return x > 0; }};
inline constexpr range above_one{"a number > 1", [](double x) { return x > 1; }};
inline constexpr range non_negative{"a number >= 0", [](double x) { return x >= 0; }};
inline constexpr range any_number{"a number", [](double x) { return x == x; }};
inline constexpr range zero_or_one{"0 or 1", [](double x) { return x == 0 || x == 1; }};
/// For pairs: low <= high (infinite ends are legal).
inline constexpr range ordered{"a pair (low, high) with low <= high", [](double x) { return x == x; }};
/// For enumerations: one of the names.
inline constexpr range named{"one of the names", [](double) { return true; }};

/// The names of an enumeration in order of its values; specialised beside the enumeration.
template <class E>
struct enum_names;

/// The name of a value; of one outside the enumeration, which validation refuses, a text that no parser takes.
template <class E>
constexpr std::string_view name_of(E e) {
  constexpr std::size_t count = std::size(enum_names<E>::values);
  return static_cast<std::size_t>(e) < count ? enum_names<E>::values[static_cast<std::size_t>(e)] : "?";
}

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/describe.hpp>
#include <aha/core/error.hpp>
#include <type_traits>

AHA_NAMESPACE_BEGIN

// Options are structs that describe their members: `params(f)` calls f(name, member, range, meaning) for each. What is
// legal is said once, by `is_legal` of a member's value and its range; validation, tests and tables ask it. A type of
// members of its own (a pair) brings an overload of `is_legal` and of `member_text` in its namespace.

constexpr bool is_legal(double x, range const& legal) { return legal.contains(x); }
constexpr bool is_legal(int x, range const& legal) { return legal.contains(x); }
constexpr bool is_legal(bool, range const&) { return true; }
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
constexpr bool is_legal(E x, range const&) {
  return static_cast<std::size_t>(x) < std::size(enum_names<E>::values);
}

/// True where every described member of `options` is legal.
template <class Options>
constexpr bool has_legal_members(Options const& options) {
  bool legal = true;
  Options::params([&](std::string_view, auto member, range const& of, std::string_view) {
    legal = legal && is_legal(options.*member, of);
  });
  return legal;
}

/// What a member may be, as text: its range's, or the names of its enumeration.
template <class X>
std::string legal_member_text(X const&, range const& legal) {
  if constexpr (std::is_enum_v<X>) {
    auto const& names = enum_names<X>::values;
    std::string all(names[0]);
    for (std::size_t k = 1; k < std::size(names); ++k)
      all.append(k + 1 < std::size(names) ? ", " : " or ").append(names[k]);
    return all;
  } else {
    return std::string(legal.text);
  }
}

/// A member's value as text; of an enumeration the number, since a name would be legal.
template <class X>
std::string member_text(X const& x) {
  if constexpr (std::is_enum_v<X>) {
    return to_text(static_cast<std::size_t>(x));
  } else {
    return to_text(x);
  }
}

/// The first described member that is not legal; the error names the entry point that the options were given to.
template <class Options>
status check_members(std::string_view function, Options const& options) {
  status bad;
  Options::params([&](std::string_view name, auto member, range const& legal, std::string_view) {
    auto const& x = options.*member;
    if (bad.ok() && !is_legal(x, legal))
      bad = bad_argument(function, name, legal_member_text(x, legal), member_text(x));
  });
  return bad;
}

AHA_NAMESPACE_END

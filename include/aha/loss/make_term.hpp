// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/text.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

AHA_NAMESPACE_BEGIN

/// One argument of a term's call, from text or from Python. An empty name means by position.
struct argument {
  std::string name;
  std::variant<double, std::string, std::pair<double, double>> value;
};

inline std::string argument_text(argument const& a) {
  if (auto const* x = std::get_if<double>(&a.value)) return number_text(*x);
  if (auto const* s = std::get_if<std::string>(&a.value)) return "\"" + *s + "\"";
  auto const& p = *std::get_if<std::pair<double, double>>(&a.value);
  return "(" + number_text(p.first) + ", " + number_text(p.second) + ")";
}

inline status set_parameter(std::string_view function, std::string_view name, double& to, argument const& a) {
  auto const* x = std::get_if<double>(&a.value);
  if (x == nullptr) return bad_argument(function, name, "a number", argument_text(a));
  to = *x;
  return {};
}
inline status set_parameter(std::string_view function, std::string_view name, log_ratio_bounds& to, argument const& a) {
  auto const* p = std::get_if<std::pair<double, double>>(&a.value);
  if (p == nullptr) return bad_argument(function, name, ordered.text, argument_text(a));
  to = {p->first, p->second};
  return {};
}
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
status set_parameter(std::string_view function, std::string_view name, E& to, argument const& a) {
  std::string names;
  auto const* s = std::get_if<std::string>(&a.value);
  int k = 0;
  for (std::string_view n : enum_names<E>::values) {
    if (s != nullptr && *s == n) {
      to = static_cast<E>(k);
      return {};
    }
    names += (k++ > 0 ? ", " : "") + std::string(n);
  }
  return bad_argument(function, name, "one of " + names, argument_text(a));
}

/// A term of one type from its arguments; the keyword that chose the type is skipped.
template <class Term>
status make_term_of(std::vector<argument> const& arguments, any_term& out) {
  Term t;
  status s;
  std::size_t position = 0;
  unsigned given = 0;  // a bit a parameter
  for (argument const& a : arguments) {
    if constexpr (has_variant<Term>::value) {
      if (a.name == Term::keyword) continue;
    }
    bool taken = false;
    std::size_t k = 0;
    std::string names;
    Term::params([&](std::string_view name, auto member, range const&, std::string_view) {
      names += (names.empty() ? "" : ", ") + std::string(name);
      bool const mine = a.name.empty() ? k == position : a.name == name;
      if (mine && s.ok() && (given >> k & 1U) != 0) s = bad_argument(Term::name, name, "one value", "two");
      if (mine && s.ok()) s = set_parameter(Term::name, name, t.*member, a);
      if (mine) given |= 1U << k;
      taken = taken || mine;
      ++k;
    });
    if (!taken && s.ok()) {
      s = bad_argument(
          Term::name, a.name.empty() ? "arguments" : a.name,
          a.name.empty() ? text("at most ", k, " by position") : "one of " + (names.empty() ? "none" : names),
          a.name.empty() ? text("argument ", position + 1) : "an unknown name");
    }
    if (a.name.empty()) ++position;
  }
  if (s.ok()) s = check_term(t);
  if (s.ok()) out = t;
  return s;
}

/// Whether the type list has a term of this name.
inline bool is_term_name(std::string_view name) {
  bool found = false;
  for_each_type(terms{}, [&](auto tag) { found = found || decltype(tag)::type::name == name; });
  return found;
}

/// The term `name(arguments...)`. Entries that share a name are told apart by their keyword (`level="sequence"`).
inline status make_term(std::string_view name, std::vector<argument> const& arguments, any_term& out) {
  status s = bad_argument("parse", "text", "the name of a term", std::string(name));
  bool done = false;
  for_each_type(terms{}, [&](auto tag) {
    using Term = typename decltype(tag)::type;
    if (done || Term::name != name) return;
    if constexpr (has_variant<Term>::value) {
      for (argument const& a : arguments) {
        if (a.name != Term::keyword) continue;
        auto const* v = std::get_if<std::string>(&a.value);
        if (v == nullptr || *v != Term::variant) {
          s = bad_argument(name, Term::keyword, "one of its names (token, sequence)", argument_text(a));
          return;
        }
      }
    }
    done = true;
    s = make_term_of<Term>(arguments, out);
  });
  return s;
}

AHA_NAMESPACE_END

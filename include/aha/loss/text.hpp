// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/number_text.hpp>
#include <aha/loss/dynamic.hpp>

AHA_NAMESPACE_BEGIN

inline std::string parameter_text(double x) { return number_text(x); }
inline std::string parameter_text(log_ratio_bounds const& b) {
  return "(" + number_text(b.low) + ", " + number_text(b.high) + ")";
}
template <class E, class = std::enable_if_t<std::is_enum_v<E>>>
std::string parameter_text(E e) {
  return "\"" + std::string(name_of(e)) + "\"";
}

/// How many leading parameters are written by position: those of the first one's type.
template <class Term>
int positional_parameters() {
  int n = 0;
  bool open = true;
  void const* first = nullptr;
  Term::params([&](std::string_view, auto member, range const&, std::string_view) {
    using M = std::decay_t<decltype(Term{}.*member)>;
    static constexpr char identity = 0;  // one object a type M
    if (first == nullptr) first = &identity;
    open = open && first == &identity;
    n += open ? 1 : 0;
    (void)sizeof(M);
  });
  return n < max_positional_parameters ? n : max_positional_parameters;
}

/// The first entry of the type list with this name: its keyword value is not written.
template <class Term>
bool is_default_variant() {
  bool found = false;
  bool is_first = false;
  for_each_type(terms{}, [&](auto tag) {
    using Other = typename decltype(tag)::type;
    if (!found && Other::name == Term::name) {
      found = true;
      is_first = std::is_same_v<Other, Term>;
    }
  });
  return is_first;
}

/// A term as the call that makes it: leading parameters by position, others by keyword where they are not the default.
template <class Term>
std::string to_string_term(Term t) {  // by value: gcc 12 calls a reference to an empty term uninitialised
  std::string s(Term::name);
  s += "(";
  std::string separator;
  int left = positional_parameters<Term>();
  Term::params([&](std::string_view name, auto member, range const&, std::string_view) {
    std::string const value = parameter_text(t.*member);
    bool const by_position = left-- > 0;
    if (!by_position && value == parameter_text(Term{}.*member)) return;
    s += separator;
    if (!by_position) s.append(name).append("=");
    s += value;
    separator = ", ";
  });
  if constexpr (has_variant<Term>::value) {
    if (!is_default_variant<Term>())
      s.append(separator).append(Term::keyword).append("=\"").append(Term::variant).append("\"");
  }
  return s + ")";
}

/// Joins `text` to a sum with its sign: the coefficient's sign becomes the operator.
inline void append_summand(std::string& sum, double coefficient, std::string const& factors, std::string const& what) {
  bool const negative = std::signbit(coefficient);
  double const size = negative ? -coefficient : coefficient;
  if (sum.empty()) {
    sum += negative ? "-" : "";
  } else {
    sum += negative ? " - " : " + ";
  }
  if (size != 1) sum += number_text(size) + " * ";
  sum += factors + what;
}

/// The expression as it is written: `clip(0.2, 0.28) + 0.04 * kl("k3")`. `parse_expression` reads it back.
inline std::string to_string(dynamic_expression const& e) {
  std::string s;
  e.for_each_leaf([&](auto const& l) {
    std::string factors;
    for (int k = 0; k < l.weight; ++k) factors += "weight * ";
    if (l.keep) factors += "keep * ";
    append_summand(s, l.coefficient, factors, to_string_term(l.term));
  });
  return s;
}

/// The objective as it is written; `parse` reads it back. Operators, pickles and logs carry this text.
inline std::string to_string(dynamic_objective const& o) {
  std::string s;
  o.for_each_part([&](dynamic_part const& p) {
    std::string call(name_of(p.aggregate.kind));
    if (p.aggregate.kind == aggregation::constant_length) call += "(" + number_text(p.aggregate.length) + ")";
    call += "(" + to_string(p.expression);
    if (p.aggregate.total == p.aggregate.total) call += ", total=" + number_text(p.aggregate.total);
    append_summand(s, p.coefficient, "", call + ")");
  });
  return s;
}

/// A static expression or objective as it is written.
template <class E, class = std::enable_if_t<is_expression<E>>>
std::string to_string(E const& e) {
  return to_string(dynamic_expression(e));
}
template <class O, if_objective<O> = 0>
std::string to_string(O const& o) {
  return to_string(dynamic_objective(o));
}

AHA_NAMESPACE_END

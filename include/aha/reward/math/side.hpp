// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/exact.hpp>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// A place in the tree of one of two answers, and the sign that its plus-minus nodes take.
struct side {
  tree const* owner = nullptr;
  std::int32_t at = -1;
  sign_choice sign = 1;

  [[nodiscard]] node const& self() const { return owner->at(at); }
  [[nodiscard]] enum kind kind() const { return self().kind; }
  [[nodiscard]] std::int32_t count() const { return self().count; }
  [[nodiscard]] side child(std::int32_t k) const { return {owner, owner->child(self(), k), sign}; }
  [[nodiscard]] bool any(unsigned flags) const { return (self().below & flags) != 0; }
  [[nodiscard]] function_name function() const { return static_cast<function_name>(self().op); }
  [[nodiscard]] relation_sign relation() const { return static_cast<relation_sign>(self().op); }
};

/// True for what people write at the left of an answer to name it: x, x_1, f(x), AB, (x, y), A:B, |AB|, a text.
inline bool names_something(side s) {
  switch (s.kind()) {
    case kind::symbol:
    case kind::word:
    case kind::text:
    case kind::call: return true;
    case kind::divide: return names_something(s.child(0)) && names_something(s.child(1));
    case kind::power: return s.child(0).kind() == kind::symbol && s.child(1).kind() == kind::negate;  // f^{-1}
    case kind::multiply:
      return s.count() == 2 && s.child(0).kind() == kind::power && names_something(s.child(0)) &&
             s.child(1).kind() == kind::symbol;
    case kind::function:
      if (s.function() == function_name::opaque) return true;
      return s.function() == function_name::abs && (s.child(0).kind() == kind::word);
    case kind::sequence: {
      for (std::int32_t k = 0; k < s.count(); ++k)
        if (s.child(k).kind() != kind::symbol) return false;
      return true;
    }
    default: return false;
  }
}

/// What an answer says behind its name: `x = 4` says 4, `x \in S` says S, `A = 2 + 3 = 5 \approx 5.0` says 5, a value and
/// its approximation (`40/3 \approx 13.33`) the value. `changed` tells whether there was a name.
inline side value_of(side s, bool& changed) {
  changed = false;
  if (s.kind() == kind::relation) {
    relation_sign const r = s.relation();
    bool const named = names_something(s.child(0));
    if (r == relation_sign::about && !named) return changed = true, s.child(0);
    if (named && (r == relation_sign::equal || r == relation_sign::about || r == relation_sign::in))
      return changed = true, s.child(1);
    return s;
  }
  if (s.kind() != kind::chain) return s;
  side value = s.child(0).child(0);
  bool const named = names_something(value);
  bool equal = !names_something(value);
  for (std::int32_t k = 0; k < s.count(); ++k) {
    relation_sign const r = s.child(k).relation();
    if (r != relation_sign::equal && r != relation_sign::about) return s;
    if (r == relation_sign::about && equal) continue;
    value = s.child(k).child(1);
    equal = equal || r == relation_sign::equal;
  }
  if (!named) return s;
  changed = true;
  return value;
}

/// The answers of one side: lists are taken apart, a plus-minus gives two.
inline void answers_of(side s, std::vector<side>& into, int depth = 0) {
  if (s.kind() == kind::list && depth < 8) {
    for (std::int32_t k = 0; k < s.count(); ++k) answers_of(s.child(k), into, depth + 1);
    return;
  }
  bool changed = false;
  side const value = value_of(s, changed);
  if (depth == 0 && value.kind() == kind::set) {
    for (std::int32_t k = 0; k < value.count(); ++k) answers_of(value.child(k), into, 7);
    return;
  }
  if (s.any(has_sign_choice)) {
    into.push_back({s.owner, s.at, 1});
    into.push_back({s.owner, s.at, -1});
    return;
  }
  into.push_back(s);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

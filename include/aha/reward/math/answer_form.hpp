// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/options.hpp>
#include <aha/reward/math/side.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// True for a number as it is written down: sign, percent, unit around a numeral, a fraction of two numerals, a mixed number.
inline bool is_literal(side s) {
  // Each turn goes one node down, so the tree's height bounds the loop.
  while (s.kind() == kind::negate || s.kind() == kind::percent || s.kind() == kind::unit) s = s.child(0);
  auto const numeral = [](side x) { return x.kind() == kind::number; };
  auto const fraction = [&](side x) {
    return x.kind() == kind::divide && x.count() == 2 && numeral(x.child(0)) && numeral(x.child(1));
  };
  if (s.kind() == kind::add)
    return s.count() == 2 && numeral(s.child(0)) && fraction(s.child(1)) && s.self().op == mixed_number;
  return numeral(s) || fraction(s);
}

/// Digits with an optional sign.
inline bool is_whole_literal(side s) {
  if (s.kind() == kind::negate) s = s.child(0);
  return s.kind() == kind::number && !s.any(has_decimal) && s.owner->number_of(s.self()).is_integer();
}

/// Whether an answer has the form that is asked for. Entries of a list, tuple or set have it each.
inline bool has_form(side s, enum answer_form form) {
  if (form == answer_form::any) return true;
  if (s.at < 0) return false;
  auto const one = [&](side x) { return form == answer_form::integer ? is_whole_literal(x) : is_literal(x); };
  bool changed = false;
  side v = value_of(s, changed);
  // "347 + 589 = 936" ends in what it says.
  if (v.kind() == kind::chain) v = v.child(v.count() - 1);
  if (v.kind() == kind::relation && v.relation() == relation_sign::equal) v = v.child(1);
  if (v.kind() != kind::list && v.kind() != kind::sequence && v.kind() != kind::set) return one(v);
  for (std::int32_t k = 0; k < v.count(); ++k)
    if (!one(v.child(k))) return false;
  return true;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

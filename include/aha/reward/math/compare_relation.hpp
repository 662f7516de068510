// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/compare_scalar.hpp>
#include <aha/reward/math/comparer.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

inline bool is_scalar(side s) { return !s.any(has_collection | has_relation) && s.kind() != kind::text; }

/// Direction of a sign: -1 less, +1 greater, 0 neither.
inline int direction(relation_sign r) {
  if (r == relation_sign::less || r == relation_sign::less_equal) return -1;
  return r == relation_sign::greater || r == relation_sign::greater_equal ? 1 : 0;
}
inline bool is_strict(relation_sign r) { return r == relation_sign::less || r == relation_sign::greater; }

inline bool comparer::relations(side a, side b) {
  auto const order = [](side s) {
    side const first = s.kind() == kind::chain ? s.child(0) : s;
    return direction(first.relation()) != 0;
  };
  auto const about_set = [](side s) { return s.kind() == kind::relation && s.relation() == relation_sign::in; };
  if (order(a) && order(b)) return inequalities(a, b);
  if (about_set(a) && order(b)) return in_set(b, a.child(1), true);
  if (about_set(b) && order(a)) return in_set(a, b.child(1), true);
  if (a.kind() == kind::relation && b.kind() == kind::relation) return equations(a, b);
  bool left = false, right = false;
  side const x = value_of(a, left), y = value_of(b, right);
  if (left && right) return equal(x, y);
  if (a.kind() == kind::chain && b.kind() == kind::chain) {
    if (a.count() != b.count()) return no(reason::different_count);
    for (std::int32_t k = 0; k < a.count(); ++k)
      if (!equations(a.child(k), b.child(k))) return false;
    return yes(reason::equal_entries);
  }
  return no(reason::different_relation);
}

// Two equations are equal when their names and values are, or when one is a nonzero multiple of the other.
inline bool comparer::equations(side a, side b) {
  relation_sign const r = a.relation(), s = b.relation();
  auto const equality = [](relation_sign x) { return x == relation_sign::equal || x == relation_sign::about; };
  if (!(r == s || (equality(r) && equality(s)))) {
    if (direction(r) != 0 && direction(s) != 0) return inequalities(a, b);
    bool left = false, right = false;
    side const x = value_of(a, left), y = value_of(b, right);
    if (left && right && r != relation_sign::unequal && s != relation_sign::unequal) return equal(x, y);
    return no(reason::different_relation);
  }
  if (direction(r) != 0) return inequalities(a, b);
  bool const named = names_something(a.child(0)) && names_something(b.child(0));
  bool const scalar = is_scalar(a.child(0)) && is_scalar(a.child(1)) && is_scalar(b.child(0)) && is_scalar(b.child(1));
  if (named || !scalar) {
    bool const function = a.child(0).kind() == kind::call || b.child(0).kind() == kind::call;
    bool const values = equal(a.child(1), b.child(1));
    if (steps_.exhausted()) return no(reason::out_of_steps);
    if (values && (!scalar || equal(a.child(0), b.child(0)) || (function && a.child(1).any(has_symbol))))
      return yes(reason::equal_values);
    if (!scalar && equal(a.child(0), b.child(1)) && equal(a.child(1), b.child(0))) return yes(reason::equal_values);
    if (!scalar) return no(reason::different_values);
  }
  return proportional(a, b, false) ? yes(reason::equal_up_to_a_factor)
         : steps_.exhausted()      ? no(reason::out_of_steps)
                                   : no(reason::different_relation);
}

// Left minus right of one is a constant multiple of the other's: in the prime field at two points, or in floating point.
inline bool comparer::proportional(side a, side b, bool positive) {
  side const al = a.child(0), ar = a.child(1), bl = b.child(0), br = b.child(1);
  if (!a.any(has_symbol) || !b.any(has_symbol)) return equal(al, bl) && equal(ar, br);
  std::uint64_t f[3] = {0, 0, 0}, g[3] = {0, 0, 0};
  bool same = true, zero = true;
  residue field(*a.owner, steps_, a.sign, options_.seed);
  for (std::uint64_t k = 0; k < 3; ++k) {
    residue here(*a.owner, steps_, a.sign, options_.seed, k), there(*b.owner, steps_, b.sign, options_.seed, k);
    f[k] = here.difference(here(al.at), here(ar.at));
    g[k] = there.difference(there(bl.at), there(br.at));
    same = same && here.defined() && there.defined() && (f[k] == 0) == (g[k] == 0);
    zero = zero && f[k] == 0;
    if (steps_.exhausted()) return no(reason::out_of_steps);
  }
  same = same && !zero && field.product(f[0], g[1]) == field.product(f[1], g[0]) &&
         field.product(f[0], g[2]) == field.product(f[2], g[0]);
  if (same && !positive) return true;
  // The factor as a floating value at points: constant there, and above zero where the direction matters.
  long double factor = 0;
  int agreed = 0;
  for (int k = 0; k < 9 && agreed < 4; ++k) {
    point const where{options_.seed, k, a.any(has_integer_argument) || b.any(has_integer_argument)};
    evaluator<long double, 10> here(*a.owner, steps_, a.sign, where), there(*b.owner, steps_, b.sign, where);
    complex<long double> const x = here(al.at) - here(ar.at), y = there(bl.at) - there(br.at);
    if (steps_.exhausted()) return no(reason::out_of_steps);
    if (here.failed() || there.failed() || size_of(y) == 0 || size_of(x) == 0) continue;
    complex<long double> const ratio = x / y;
    if (!(size_of(ratio) < 1e300L) || std::abs(ratio.im) > 1e-9L * size_of(ratio)) continue;
    if (agreed == 0) factor = ratio.re;
    if (std::abs(ratio.re - factor) > 1e-10L * std::abs(factor)) return false;
    ++agreed;
  }
  return agreed >= 3 && (!positive || factor > 0);
}

// Chains fall into their parts, each part is turned to "less"; then the parts are compared as a set.
inline bool comparer::inequalities(side a, side b) {
  std::vector<side> left, right;
  for (side s : {a, b}) {
    std::vector<side>& into = s.at == a.at && s.owner == a.owner ? left : right;
    if (s.kind() == kind::relation)
      into.push_back(s);
    else
      for (std::int32_t k = 0; k < s.count(); ++k) into.push_back(s.child(k));
  }
  if (left.size() != right.size()) return no(reason::different_count);
  if (left.size() > 16) return no(reason::different_relation);
  std::vector<bool> used(right.size());
  for (side const& x : left) {
    bool found = false;
    for (std::size_t k = 0; k < right.size() && !found; ++k) {
      side const& y = right[k];
      if (used[k] || is_strict(x.relation()) != is_strict(y.relation()) ||
          (direction(x.relation()) == 0) != (direction(y.relation()) == 0))
        continue;
      if (!is_scalar(x.child(0)) || !is_scalar(x.child(1)) || !is_scalar(y.child(0)) || !is_scalar(y.child(1)))
        continue;
      bool const flipped = direction(x.relation()) != direction(y.relation());
      bool agree = flipped ? equal(x.child(0), y.child(1)) && equal(x.child(1), y.child(0))
                           : equal(x.child(0), y.child(0)) && equal(x.child(1), y.child(1));
      if (!agree && x.any(has_symbol) && y.any(has_symbol)) {
        // l < r says r - l > 0: the factor between the differences has the sign of the directions.
        agree = flipped ? proportional(x, y, false) && !proportional(x, y, true) : proportional(x, y, true);
      }
      if (steps_.exhausted()) return no(reason::out_of_steps);
      found = agree;
      if (agree) used[k] = true;
    }
    if (!found) return no(reason::different_relation);
  }
  return yes(reason::equal_relation);
}

// a < x <= b against an interval or a union: the bounds of the one letter are the ends. |x| between bounds is two intervals.
inline bool comparer::in_set(side relation, side target, bool stated) {
  if (!stated && !options_.allow_set_relation) return no(reason::different_kinds);
  struct bound {
    side at;
    bool closed = false, present = false;
  } low, high;
  side letter{};
  std::int32_t const count = relation.kind() == kind::chain ? relation.count() : 1;
  for (std::int32_t k = 0; k < count; ++k) {
    side const one = relation.kind() == kind::chain ? relation.child(k) : relation;
    int const d = direction(one.relation());
    if (d == 0) return no(reason::different_kinds);
    side const l = one.child(0), r = one.child(1);
    bool const left_letter = l.any(has_symbol), right_letter = r.any(has_symbol);
    if (left_letter == right_letter) return no(reason::different_kinds);
    letter = left_letter ? l : r;
    bound const b{left_letter ? r : l, !is_strict(one.relation()), true};
    ((d < 0) == left_letter ? high : low) = b;
  }
  auto const matches = [&](side interval, bool mirrored) {
    if (interval.kind() != kind::sequence || interval.count() != 2) return false;
    auto const infinite = [](side s, bool below) {
      return below ? s.kind() == kind::negate && s.child(0).kind() == kind::infinity : s.kind() == kind::infinity;
    };
    bound const& first = mirrored ? high : low;
    bound const& second = mirrored ? low : high;
    side const ends[2] = {interval.child(0), interval.child(1)};
    for (int k = 0; k < 2; ++k) {
      bound const& wanted = k == 0 ? first : second;
      if (!wanted.present) {
        if (!infinite(ends[k], k == 0)) return false;
        continue;
      }
      bool const closed = (interval.self().op & (k == 0 ? square_left : square_right)) != 0;
      if (closed != wanted.closed) return false;
      if (!mirrored) {
        if (!equal(wanted.at, ends[k])) return false;
      } else if (ends[k].kind() != kind::negate || !equal(wanted.at, ends[k].child(0))) {
        return false;
      }
    }
    return true;
  };
  if (letter.kind() == kind::symbol)
    return matches(target, false) ? yes(reason::equal_entries) : no(reason::different_entries);
  bool const absolute = letter.kind() == kind::function && letter.function() == function_name::abs &&
                        letter.child(0).kind() == kind::symbol;
  if (!absolute || !low.present || !high.present || target.kind() != kind::join || target.count() != 2)
    return no(reason::different_kinds);
  bool const both = (matches(target.child(0), true) && matches(target.child(1), false)) ||
                    (matches(target.child(1), true) && matches(target.child(0), false));
  return both ? yes(reason::equal_entries) : no(reason::different_entries);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

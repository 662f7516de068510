// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/options.hpp>
#include <aha/reward/math/same_tree.hpp>
#include <aha/reward/math/side.hpp>
#include <aha/reward/reason.hpp>
#include <string>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Compares two answers, the gold at the left. Split by kind of answer: scalars (compare_scalar), units, times and text
/// (compare_leaf), collections (compare_collection), equations and inequalities (compare_relation). `why` is the reason
/// of the last decision.
class comparer {
 public:
  comparer(verify_options const& options, budget& steps) : options_(options), steps_(steps) {}

  /// Whether two whole answers are equal: as sets of answers where there are several.
  bool answers(side gold, side answer);
  enum reason why = reason::none;

 private:
  verify_options const& options_;
  budget& steps_;
  int depth_ = 0;

  bool no(enum reason r) {
    why = r;
    return false;
  }
  bool yes(enum reason r) {
    why = r;
    return true;
  }

  bool equal(side a, side b);
  bool equal_here(side a, side b);
  // compare_leaf.hpp
  bool text(side a, side b);
  bool units(side a, side b);
  bool clocks(side a, side b);
  // compare_collection.hpp
  bool collections(side a, side b);
  bool sequences(side a, side b);
  bool matrices(side a, side b);
  bool builders(side a, side b);
  bool unordered(std::vector<side> const& a, std::vector<side> const& b);
  void parts(side s, enum kind k, std::vector<side>& into);
  // compare_relation.hpp
  bool relations(side a, side b);
  bool equations(side a, side b);
  bool inequalities(side a, side b);
  bool proportional(side a, side b, bool positive);
  bool in_set(side relation, side target, bool stated);
  // compare_scalar.hpp
  bool scalars(side a, side b);
  bool scalars_here(side a, side b);
  bool within_tolerance(side a, side b);
  template <class Real, unsigned Cost>
  int at_points(side a, side b, int points, Real const& limit);
};

inline bool comparer::answers(side gold, side answer) {
  std::vector<side> a, b;
  answers_of(gold, a);
  answers_of(answer, b);
  if (a.size() == 1 && b.size() == 1) return equal(a[0], b[0]);
  if (!options_.strict && (a.size() == 1) != (b.size() == 1)) {
    side const& one = a.size() == 1 ? a[0] : b[0];
    if (one.kind() == kind::sequence) {  // a tuple against a set or a list of the same entries
      std::vector<side> entries;
      parts(one, kind::sequence, entries);
      return a.size() == 1 ? unordered(entries, b) : unordered(a, entries);
    }
  }
  // A union of points is a list, and "x = 1 or 2" too: one side may be a single collection.
  if (!unordered(a, b))
    return why == reason::out_of_steps ? false
                                       : no(a.size() == b.size() ? reason::different_entries : reason::different_count);
  return true;
}

inline bool comparer::equal(side a, side b) {
  if (depth_ > 64) steps_.refuse();
  if (!steps_.charge(8)) return no(reason::out_of_steps);
  ++depth_;
  bool result = equal_here(a, b);
  --depth_;
  // What no rule above can compare is equal to itself.
  if (!result && depth_ == 0 && why != reason::undefined_value && !steps_.exhausted() && same_tree(a, b, steps_))
    result = yes(reason::equal_form);
  return result;
}

inline bool comparer::equal_here(side a, side b) {
  bool left = false, right = false;
  auto const is_relation = [](side s) { return s.kind() == kind::relation || s.kind() == kind::chain; };
  if (is_relation(a) && is_relation(b)) return relations(a, b);
  if (is_relation(a) || is_relation(b)) {
    side const x = value_of(a, left), y = value_of(b, right);
    if (left || right) return equal(x, y);
    // "2 + 3 = 5" without a name says 5 where it is true.
    side const stated = is_relation(a) ? a : b;
    bool const constant = stated.kind() == kind::relation && stated.relation() == relation_sign::equal &&
                          !stated.any(has_symbol | has_opaque | has_collection);
    if (constant && equal(stated.child(0), stated.child(1)))
      return is_relation(a) ? equal(stated.child(1), b) : equal(a, stated.child(1));
    return is_relation(a) ? in_set(a, b, false) : in_set(b, a, false);
  }
  if (a.kind() == kind::unit || b.kind() == kind::unit) return units(a, b);
  if (a.kind() == kind::text || b.kind() == kind::text) return text(a, b);
  if (a.kind() == kind::truth || b.kind() == kind::truth) {
    if (a.kind() != b.kind()) return no(reason::different_kinds);
    return a.self().data == b.self().data ? yes(reason::equal_text) : no(reason::different_text);
  }
  if (a.kind() == kind::clock || b.kind() == kind::clock) return clocks(a, b);
  bool const one = a.kind() >= kind::list && a.kind() <= kind::matrix,
             other = b.kind() >= kind::list && b.kind() <= kind::matrix;
  if (one && other) return collections(a, b);
  if (one != other) {
    // A set of one entry is its entry when sets are not told from values.
    side const set = one ? a : b, value = one ? b : a;
    if (set.kind() == kind::set && set.count() == 1)
      return one ? equal(set.child(0), value) : equal(value, set.child(0));
    return no(reason::different_kinds);
  }
  return scalars(a, b);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

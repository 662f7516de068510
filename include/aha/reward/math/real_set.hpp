// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/side.hpp>
#include <algorithm>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// One end of a piece of the real line, ordered along it: -oo, numbers (just below, at, just above), +oo.
struct end_point {
  int infinite = 0;  ///< -1, 0, +1
  rational at;
  int shift = 0;  ///< -1 just below `at`, 0 at it, +1 just above

  friend bool operator==(end_point const& a, end_point const& b) {
    return a.infinite == b.infinite && (a.infinite != 0 || (a.at == b.at && a.shift == b.shift));
  }
};

/// A set of reals with exact ends: its pieces from first to last member, sorted, merged, apart from each other. Unions,
/// intersections and differences of intervals, points and the line have this one form.
class real_set {
 public:
  struct piece {
    end_point first, last;  ///< `first` is the least member: shift 0 or +1; `last` the greatest: shift 0 or -1
  };
  std::vector<piece> pieces;

  static bool less(end_point const& a, end_point const& b, budget& steps) {
    if (a.infinite != b.infinite) return a.infinite < b.infinite;
    if (a.infinite != 0) return false;
    int const d = add(a.at, negate(b.at), steps).sign();
    return d != 0 ? d < 0 : a.shift < b.shift;
  }
  /// Reads a collection; false where an end is not exact or a member is no number.
  bool read(side s, budget& steps) {
    if (!steps.charge(16)) return false;
    switch (s.kind()) {
      case kind::reals:
        if (s.self().data != 'R') return false;
        pieces = {{end_point{-1, {}, 0}, end_point{1, {}, 0}}};
        return true;
      case kind::empty_set: return true;
      case kind::sequence: return interval(s, steps);
      case kind::set: {
        for (std::int32_t k = 0; k < s.count(); ++k) {
          end_point p;
          if (!number(s.child(k), p, steps) || p.infinite != 0) return false;
          pieces.push_back({p, p});
        }
        merge(steps);
        return !steps.exhausted();
      }
      case kind::builder:
        return s.count() == 2 && s.child(0).kind() == kind::symbol && condition(s.child(0), s.child(1), steps);
      case kind::join:
      case kind::meet:
      case kind::without: {
        real_set left, right;
        if (!left.read(s.child(0), steps) || !right.read(s.child(1), steps)) return false;
        if (s.kind() == kind::without) right.complement();
        if (s.kind() == kind::join) {
          pieces = std::move(left.pieces);
          pieces.insert(pieces.end(), right.pieces.begin(), right.pieces.end());
          merge(steps);
        } else {
          intersect(left, right, steps);
        }
        return !steps.exhausted();
      }
      default: return false;
    }
  }
  friend bool operator==(real_set const& a, real_set const& b) {
    if (a.pieces.size() != b.pieces.size()) return false;
    for (std::size_t k = 0; k < a.pieces.size(); ++k)
      if (!(a.pieces[k].first == b.pieces[k].first) || !(a.pieces[k].last == b.pieces[k].last)) return false;
    return true;
  }

 private:
  static bool number(side s, end_point& p, budget& steps) {
    if (s.kind() == kind::infinity) return p.infinite = 1, true;
    if (s.kind() == kind::negate && s.child(0).kind() == kind::infinity) return p.infinite = -1, true;
    return exact_evaluator(*s.owner, steps, s.sign)(s.at, p.at) == exact_evaluator::outcome::value;
  }
  bool interval(side s, budget& steps) {
    piece p;
    if (s.count() != 2 || !number(s.child(0), p.first, steps) || !number(s.child(1), p.last, steps)) return false;
    if (p.first.infinite == 0 && (s.self().op & square_left) == 0) p.first.shift = 1;
    if (p.last.infinite == 0 && (s.self().op & square_right) == 0) p.last.shift = -1;
    if (!less(p.last, p.first, steps)) pieces.push_back(p);
    return true;
  }
  // x > 2, 2 <= x, x != 2
  bool condition(side letter, side s, budget& steps) {
    if (s.kind() != kind::relation) return false;
    auto const is_letter = [&](side x) {
      return x.kind() == kind::symbol && x.owner->name_of(x.self()) == letter.owner->name_of(letter.self());
    };
    bool const left = is_letter(s.child(0));
    if (left == is_letter(s.child(1))) return false;
    end_point bound;
    if (!number(s.child(left ? 1 : 0), bound, steps) || bound.infinite != 0) return false;
    end_point const least{-1, {}, 0}, most{1, {}, 0};
    end_point below = bound, above = bound;
    below.shift = -1, above.shift = 1;
    relation_sign r = s.relation();
    if (!left)
      r = r == relation_sign::less            ? relation_sign::greater
          : r == relation_sign::less_equal    ? relation_sign::greater_equal
          : r == relation_sign::greater       ? relation_sign::less
          : r == relation_sign::greater_equal ? relation_sign::less_equal
                                              : r;
    switch (r) {
      case relation_sign::less: pieces = {{least, below}}; return true;
      case relation_sign::less_equal: pieces = {{least, bound}}; return true;
      case relation_sign::greater: pieces = {{above, most}}; return true;
      case relation_sign::greater_equal: pieces = {{bound, most}}; return true;
      case relation_sign::unequal: pieces = {{least, below}, {above, most}}; return true;
      case relation_sign::equal: pieces = {{bound, bound}}; return true;
      default: return false;
    }
  }
  // True where nothing lies between the end of one piece and the beginning of the next.
  static bool touch(end_point const& last, end_point const& first) {
    return last.infinite == 0 && first.infinite == 0 && last.at == first.at && first.shift - last.shift <= 1;
  }
  void merge(budget& steps) {
    std::sort(pieces.begin(), pieces.end(),
              [&](piece const& a, piece const& b) { return less(a.first, b.first, steps); });
    std::vector<piece> merged;
    for (piece const& p : pieces) {
      if (!merged.empty() && (!less(merged.back().last, p.first, steps) || touch(merged.back().last, p.first))) {
        if (less(merged.back().last, p.last, steps)) merged.back().last = p.last;
      } else {
        merged.push_back(p);
      }
    }
    pieces = std::move(merged);
  }
  void complement() {
    std::vector<piece> rest;
    end_point from{-1, {}, 0};
    bool open = true;
    for (piece const& p : pieces) {
      if (p.first.infinite == 0) {
        end_point to = p.first;
        --to.shift;  // at becomes just below, just above becomes at
        rest.push_back({from, to});
      }
      open = p.last.infinite == 0;
      from = p.last;
      ++from.shift;
    }
    if (open) rest.push_back({from, end_point{1, {}, 0}});
    pieces = std::move(rest);
  }
  void intersect(real_set const& a, real_set const& b, budget& steps) {
    for (std::size_t j = 0, k = 0; j < a.pieces.size() && k < b.pieces.size() && steps.charge(4);) {
      piece const &x = a.pieces[j], &y = b.pieces[k];
      piece const both{less(x.first, y.first, steps) ? y.first : x.first,
                       less(x.last, y.last, steps) ? x.last : y.last};
      if (!less(both.last, both.first, steps)) pieces.push_back(both);
      if (less(x.last, y.last, steps))
        ++j;
      else
        ++k;
    }
  }
};

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/comparer.hpp>
#include <aha/reward/math/real_set.hpp>
#include <aha/reward/math/residue.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

inline bool comparer::collections(side a, side b) {
  kind const x = a.kind(), y = b.kind();
  auto const whole_line = [](side s) {
    return s.kind() == kind::sequence && s.count() == 2 && s.child(0).kind() == kind::negate &&
           s.child(0).child(0).kind() == kind::infinity && s.child(1).kind() == kind::infinity;
  };
  bool const line_a = whole_line(a) || (x == kind::reals && a.self().data == 'R'),
             line_b = whole_line(b) || (y == kind::reals && b.self().data == 'R');
  if (line_a && line_b) return yes(reason::equal_form);
  if (x == kind::reals && y == kind::reals)
    return a.self().data == b.self().data ? yes(reason::equal_form) : no(reason::different_entries);
  auto const composed = [](kind k) {
    return k == kind::join || k == kind::meet || k == kind::without || k == kind::builder;
  };
  if (composed(x) || composed(y)) {
    // Unions, intersections, differences with exact ends have one form on the real line.
    real_set left, right;
    if (left.read(a, steps_) && right.read(b, steps_))
      return left == right ? yes(reason::equal_form) : no(reason::different_entries);
    if (steps_.exhausted()) return no(reason::out_of_steps);
  }
  if (x == kind::empty_set || y == kind::empty_set)
    return x == y ? yes(reason::equal_form) : no(reason::different_entries);
  if (x == kind::matrix || y == kind::matrix) return matrices(a, b);
  if (x == kind::sequence && y == kind::sequence) return sequences(a, b);
  if (x == kind::builder && y == kind::builder) return builders(a, b);
  bool const set_a = x == kind::set || x == kind::list, set_b = y == kind::set || y == kind::list;
  bool const loose = !options_.strict && (x == kind::sequence || y == kind::sequence);
  if ((set_a && set_b) || (loose && x <= kind::set && y <= kind::set) ||
      (x == y && (x == kind::join || x == kind::meet))) {
    std::vector<side> left, right;
    parts(a, x, left);
    parts(b, y, right);
    return unordered(left, right);
  }
  if (x == kind::without && y == kind::without) return equal(a.child(0), b.child(0)) && equal(a.child(1), b.child(1));
  return no(reason::different_kinds);
}

// Entries of a list, a set, a sequence; of a union the members of all nested unions.
inline void comparer::parts(side s, enum kind k, std::vector<side>& into) {
  for (std::int32_t j = 0; j < s.count() && steps_.charge(); ++j) {
    side const one = s.child(j);
    if (one.kind() == k && (k == kind::join || k == kind::meet))
      parts(one, k, into);
    else if (k != kind::join && k != kind::meet && one.any(has_sign_choice))
      into.push_back({one.owner, one.at, 1}), into.push_back({one.owner, one.at, -1});
    else
      into.push_back(one);
  }
}

// Tuples, points and intervals: entry by entry. Ends matter where there are two entries; an infinite end is open.
inline bool comparer::sequences(side a, side b) {
  if (a.count() != b.count()) return no(reason::different_count);
  for (std::int32_t k = 0; k < a.count(); ++k)
    if (!equal(a.child(k), b.child(k))) return why == reason::out_of_steps ? false : no(reason::different_entries);
  if (a.count() == 2 && options_.strict) {
    auto const infinite = [](side s) {
      return s.kind() == kind::infinity || (s.kind() == kind::negate && s.child(0).kind() == kind::infinity);
    };
    unsigned const ends = static_cast<unsigned>(a.self().op) ^ static_cast<unsigned>(b.self().op);
    if (((ends & square_left) != 0 && !infinite(a.child(0))) || ((ends & square_right) != 0 && !infinite(a.child(1))))
      return no(reason::different_ends);
  }
  return yes(reason::equal_entries);
}

// Entry by entry; a row or a column equals a tuple or a list of its entries, rows of rows a matrix.
inline bool comparer::matrices(side a, side b) {
  std::vector<side> left, right;
  std::int32_t columns[2] = {0, 0};
  auto const cells = [&](side s, std::vector<side>& into, std::int32_t& width) {
    if (s.kind() == kind::matrix) {
      width = s.self().op;
      for (std::int32_t k = 0; k < s.count(); ++k) into.push_back(s.child(k));
      return true;
    }
    if (s.kind() != kind::sequence && s.kind() != kind::list) return false;
    for (std::int32_t k = 0; k < s.count(); ++k) {
      side const row = s.child(k);
      if (row.kind() != kind::sequence) {
        into.push_back(row);
        continue;
      }
      width = row.count();
      for (std::int32_t j = 0; j < row.count(); ++j) into.push_back(row.child(j));
    }
    return true;
  };
  if (!cells(a, left, columns[0]) || !cells(b, right, columns[1])) return no(reason::different_kinds);
  auto const is_vector = [](std::size_t n, std::int32_t width) {
    return width <= 1 || static_cast<std::size_t>(width) == n;
  };
  bool const flat = a.kind() != b.kind() && is_vector(left.size(), columns[0]) && is_vector(right.size(), columns[1]);
  if (left.size() != right.size() || (columns[0] != columns[1] && !flat)) return no(reason::different_count);
  for (std::size_t k = 0; k < left.size(); ++k)
    if (!equal(left[k], right[k])) return why == reason::out_of_steps ? false : no(reason::different_entries);
  return yes(reason::equal_entries);
}

inline bool comparer::builders(side a, side b) {
  if (a.count() != b.count() || !equal(a.child(0), b.child(0))) return no(reason::different_entries);
  std::vector<side> left, right;
  for (std::int32_t k = 1; k < a.count(); ++k) left.push_back(a.child(k)), right.push_back(b.child(k));
  return unordered(left, right);
}

// Sets: everything in one has an equal in the other, repetitions do not count. Images in the prime field pair most; what
// is left is compared one with all.
inline bool comparer::unordered(std::vector<side> const& a, std::vector<side> const& b) {
  std::uint64_t const size = a.size() + b.size();
  if (!steps_.charge(4 * size)) return no(reason::out_of_steps);
  auto const value = [](side s) {
    bool changed = false;
    return value_of(s, changed);
  };
  using entry = std::pair<std::uint64_t, std::size_t>;
  std::vector<entry> images[2];
  std::vector<side> const* const sides[2] = {&a, &b};
  for (int k = 0; k < 2; ++k)
    for (std::size_t j = 0; j < sides[k]->size(); ++j) {
      side const s = value((*sides[k])[j]);
      residue image(*s.owner, steps_, s.sign, options_.seed);
      std::uint64_t const h = image(s.at);
      images[k].push_back({h, j});
      if (steps_.exhausted()) return no(reason::out_of_steps);
    }
  std::vector<bool> paired[2] = {std::vector<bool>(a.size()), std::vector<bool>(b.size())};
  if (size > 8) {
    for (auto& list : images) std::sort(list.begin(), list.end());
    for (std::size_t j = 0, k = 0; j < a.size() && k < b.size();) {
      if (images[0][j].first < images[1][k].first) {
        ++j;
      } else if (images[1][k].first < images[0][j].first) {
        ++k;
      } else {
        std::uint64_t const h = images[0][j].first;
        if (!equal(a[images[0][j].second], b[images[1][k].second])) {
          ++j;
          continue;
        }
        for (; j < a.size() && images[0][j].first == h; ++j) paired[0][images[0][j].second] = true;
        for (; k < b.size() && images[1][k].first == h; ++k) paired[1][images[1][k].second] = true;
      }
    }
  }
  for (int k = 0; k < 2; ++k)
    for (std::size_t j = 0; j < sides[k]->size(); ++j) {
      bool found = paired[k][j];
      for (std::size_t m = 0; m < sides[1 - k]->size() && !found; ++m) {
        if (!steps_.charge(8)) return no(reason::out_of_steps);
        if (!equal(k == 0 ? a[j] : a[m], k == 0 ? b[m] : b[j])) {
          if (why == reason::out_of_steps) return false;
          continue;
        }
        found = paired[k][j] = paired[1 - k][m] = true;
      }
      if (!found) return no(a.size() == b.size() ? reason::different_entries : reason::different_count);
    }
  return yes(reason::equal_entries);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

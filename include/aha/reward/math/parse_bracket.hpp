// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parser.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

// ( ... ), [ ... ], ( ... ], ] ... [ and \langle ... \rangle: a group of one, or a sequence of several entries.
inline std::int32_t parser::bracketed() {
  if (!steps_.charge(4)) return none;
  tk const left = peek().kind;
  ++at_;
  int const bars = bars_, builders = builders_;
  bars_ = builders_ = 0;
  std::vector<std::int32_t> entries;
  if (!items(entries)) return none;
  bars_ = bars, builders_ = builders;
  tk const right = peek().kind;
  if (left == tk::close_square) {  // ]a, b[
    if (right != tk::open_square && right != tk::close_square) return none;
    ++at_;
    return entries.size() == 2
               ? tree_.make(kind::sequence, entries, right == tk::open_square ? round_both : square_right)
               : none;
  }
  if (left == tk::angle_open ? right != tk::angle_close : right != tk::close && right != tk::close_square) return none;
  ++at_;
  if (entries.size() == 1) return entries[0];
  unsigned ends = 0;
  if (left == tk::open_square) ends |= square_left;
  if (right == tk::close_square) ends |= square_right;
  return tree_.make(kind::sequence, entries, static_cast<std::uint8_t>(ends));
}

// { ... }: a group of LaTeX; with commas inside people mean a set.
inline std::int32_t parser::braced() {
  level const here(*this);
  if (!here.fits()) return none;
  ++at_;
  if (accept(tk::close_brace)) return starts_factor() ? power() : none;
  int const bars = bars_, builders = builders_;
  bars_ = builders_ = 0;
  std::vector<std::int32_t> entries;
  if (!items(entries)) return none;
  bars_ = bars, builders_ = builders;
  if (!accept(tk::close_brace) && !is(tk::end)) return none;
  return entries.size() == 1 ? entries[0] : tree_.make(kind::set, entries);
}

// \{ ... \}, \{ x \mid conditions \}, and the brace of a piecewise definition, which nothing closes.
inline std::int32_t parser::set_braces() {
  if (!steps_.charge(4)) return none;
  ++at_;
  if (accept(tk::close_set)) return tree_.leaf(kind::empty_set);
  if (is(tk::begin)) {
    std::int32_t const rows = environment();
    if (rows == none || !is(tk::close_set)) return rows;
  }
  int const bars = bars_, builders = builders_;
  bars_ = 0, builders_ = 1;
  std::vector<std::int32_t> entries;
  bool good = items(entries);
  bool const given = good && (is(tk::such_that) || is(tk::bar) || is(tk::colon));
  if (given) {
    ++at_;
    builders_ = 0;
    good = items(entries);
  }
  bars_ = bars, builders_ = builders;
  if (!good || (!accept(tk::close_set) && !accept(tk::close_brace))) return none;
  return tree_.make(given ? kind::builder : kind::set, entries);
}

// |x|, \lfloor x \rfloor, \lceil x \rceil; |matrix| is a determinant.
inline std::int32_t parser::between(tk close, function_name f) {
  if (!steps_.charge(4)) return none;
  ++at_;
  int const builders = builders_;
  builders_ = 0;
  ++bars_;
  std::int32_t const inner = sum();
  --bars_;
  builders_ = builders;
  if (inner == none || !accept(close)) return none;
  if (f == function_name::abs && tree_.at(inner).kind == kind::matrix) f = function_name::det;
  return tree_.function(f, inner);
}

// \begin{pmatrix} ... \end{pmatrix} and its relatives, cases, aligned lines.
inline std::int32_t parser::environment() {
  if (!steps_.charge(4)) return none;
  std::int32_t const shape = peek().data;
  ++at_;
  int const bars = bars_, builders = builders_;
  bool const aligned = aligned_;
  bars_ = builders_ = 0;
  aligned_ = shape == 3;
  std::vector<std::int32_t> cells;
  std::size_t columns = 0, in_row = 0;
  bool rectangular = true;
  while (!is(tk::finish) && steps_.charge()) {
    if (is(tk::end)) break;
    if (is(tk::new_row) || is(tk::comma) || is(tk::separator) || is(tk::stop)) {
      if (is(tk::new_row) && in_row != 0) {
        rectangular = rectangular && (columns == 0 || columns == in_row);
        if (columns == 0) columns = in_row;
        in_row = 0;
      }
      ++at_;
      continue;
    }
    if (is(tk::ampersand) || is(tk::cut) || is(tk::and_word)) {
      ++at_;
      continue;
    }
    std::int32_t const one = item();
    if (one == none) return none;
    cells.push_back(one);
    ++in_row;
  }
  accept(tk::finish);
  aligned_ = aligned;
  bars_ = bars, builders_ = builders;
  if (in_row != 0) {
    rectangular = rectangular && (columns == 0 || columns == in_row);
    if (columns == 0) columns = in_row;
  }
  if (cells.empty() || steps_.exhausted()) return none;
  if (shape == 1 || shape == 4) {
    if (!rectangular || columns > 255) return shape == 1 ? tree_.make(kind::list, cells) : none;
    std::int32_t const m = tree_.make(kind::matrix, cells, static_cast<std::uint8_t>(columns));
    return shape == 4 ? tree_.function(function_name::det, m) : m;
  }
  return cells.size() == 1 ? cells[0] : tree_.make(kind::list, cells);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/parser.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

inline std::int32_t parser::answer() {
  std::vector<std::int32_t> all;
  while (!steps_.exhausted()) {
    skip_separators();
    skip_label();
    if (is(tk::end) || (is(tk::cut) && !all.empty())) break;
    std::int32_t const one = item();
    if (one == none) return none;
    all.push_back(one);
    while (is(tk::stop) && (is(tk::end, 1) || is(tk::separator, 1) || is(tk::stop, 1))) ++at_;
    if (is(tk::end) || is(tk::cut)) break;
    if (!skip_separators()) return none;
  }
  if (steps_.exhausted() || all.empty()) return none;
  return all.size() == 1 ? all[0] : tree_.make(kind::list, all);
}

// Commas, semicolons, "and", "or", wide spaces; true when there was at least one.
inline bool parser::skip_separators() {
  bool any = false;
  while ((is(tk::comma) || is(tk::semicolon) || is(tk::separator) || is(tk::and_word) || is(tk::new_row) ||
          is(tk::colon)) &&
         steps_.charge())
    ++at_, any = true;
  return any;
}

// "radius: 5", "Solution is: x = 3": words in front of a colon name the answer, they are no part of it.
inline void parser::skip_label() {
  std::size_t k = 0;
  bool words = false;
  while (k < 5 && (is(tk::run, k) || is(tk::text, k) || is(tk::letter, k))) {
    words = words || !is(tk::letter, k);
    ++k;
  }
  if (k == 0 || !is(tk::colon, k)) return;
  bool const spaced = peek(k + 1).space && k == 1;
  bool const upper_run = words && k == 1 && is(tk::run) && peek().end - peek().begin == 2;  // AB:CD is a ratio
  if ((words && !upper_run) || spaced) at_ += k + 1;
}

// side (sign side)*
inline std::int32_t parser::item() {
  if (!steps_.charge(4)) return none;
  if (is(tk::relation) && (is_relation(relation_sign::about) || is_relation(relation_sign::equal))) ++at_;
  std::vector<std::int32_t> sides, relations;
  std::vector<std::uint8_t> signs;
  sides.push_back(set_expression());
  if (sides[0] != none && is(tk::over)) {  // {a \over b}, {n \choose k}
    bool const choose = peek().data == 1;
    ++at_;
    std::int32_t const below = set_expression();
    if (below == none) return none;
    sides[0] =
        choose ? tree_.function(function_name::binomial, sides[0], below) : tree_.binary(kind::divide, sides[0], below);
  }
  while (sides.back() != none && is(tk::relation) && steps_.charge()) {
    signs.push_back(static_cast<std::uint8_t>(peek().data));
    ++at_;
    while (is(tk::ampersand) && aligned_) ++at_;
    if ((is(tk::end) || is(tk::stop)) && sides.size() > 1) {
      signs.pop_back();
      break;
    }
    sides.push_back(set_expression());
  }
  if (sides.back() == none) return none;
  if (signs.empty()) return sides[0];
  for (std::size_t k = 0; k < signs.size(); ++k)
    relations.push_back(tree_.binary(kind::relation, sides[k], sides[k + 1], signs[k]));
  return relations.size() == 1 ? relations[0] : tree_.make(kind::chain, relations);
}

inline std::int32_t parser::set_expression() {
  std::int32_t left = sum();
  while (left != none && (is(tk::join) || is(tk::meet) || is(tk::without)) && steps_.charge()) {
    kind const k = is(tk::join) ? kind::join : is(tk::meet) ? kind::meet : kind::without;
    ++at_;
    accept(tk::comma);
    std::int32_t const right = sum();
    left = right == none ? none : tree_.binary(k, left, right);
  }
  return left;
}

// Entries of a bracket, up to (not over) whatever closes it.
inline bool parser::items(std::vector<std::int32_t>& into) {
  while (!steps_.exhausted()) {
    skip_separators();
    if (is(tk::cut)) ++at_;
    std::int32_t const one = item();
    if (one == none) return false;
    into.push_back(one);
    if (is(tk::cut)) continue;
    if (!skip_separators()) return true;
    if (is(tk::close) || is(tk::close_square) || is(tk::close_brace) || is(tk::close_set) || is(tk::angle_close))
      return true;
  }
  return false;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

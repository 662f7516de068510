// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/tree.hpp>
#include <cstdint>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// What a token of an answer is. Punctuation keeps its own word, so that the parser reads like the grammar.
enum class tk : std::uint8_t {
  end,
  number,
  letter,
  run,
  text,
  roman,
  plus,
  minus,
  times,
  divide,
  colon,
  caret,
  underscore,
  bang,
  prime,
  percent,
  degree,
  open,
  close,
  open_square,
  close_square,
  open_brace,
  close_brace,
  open_set,
  close_set,
  bar,
  norm,
  floor_open,
  floor_close,
  ceil_open,
  ceil_close,
  angle_open,
  angle_close,
  comma,
  semicolon,
  separator,
  new_row,
  ampersand,
  stop,
  relation,
  join,
  meet,
  without,
  such_that,
  plus_minus,
  minus_plus,
  pi,
  euler,
  imaginary,
  infinity,
  dots,
  reals,
  empty_set,
  function,
  fraction,
  root,
  binomial,
  sum,
  product,
  opaque,
  boxed,
  begin,
  finish,
  decoration,
  wrapper,
  over,
  modulo,
  and_word,
  cut,
  bad,
};

/// One token: its kind, its place in the answer, and a small value (function, sign, number or name index).
struct token {
  tk kind = tk::end;
  bool space = false;    ///< white space before it
  bool formula = false;  ///< between dollar signs, or the answer has none
  std::uint32_t begin = 0, end = 0;
  std::int32_t data = 0;
};

}  // namespace reward::math
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/neighbours.hpp>
#include <cstddef>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// A half-open range of bytes of a text.
struct text_span {
  std::size_t begin = 0, end = 0;
};

namespace detail {

/// The insides of `$...$`, `$$...$$`, `\(...\)` and `\[...\]`, in order; one pass. A dollar sign that nothing closes before
/// the line ends is money. A formula in single dollars or `\(...\)` does not span an empty line.
inline std::vector<text_span> formula_spans(std::string_view text) {
  std::vector<text_span> found;
  constexpr std::size_t npos = std::string_view::npos;
  // One look ahead for each kind of end, kept: no end is searched for twice.
  std::size_t ends[4] = {0, 0, 0, 0};
  constexpr std::string_view marks[4] = {"$", "$$", "\\)", "\\]"};
  auto const end_of = [&](int kind, std::size_t from) {
    if (ends[kind] != npos && ends[kind] < from) {
      ends[kind] = text.find(marks[kind], from);
      while (kind == 0 && ends[0] != npos && ends[0] > 0 && text[ends[0] - 1] == '\\')
        ends[0] = text.find('$', ends[0] + 1);
    }
    return ends[kind];
  };
  for (std::size_t k = 0; k < text.size();) {
    char const c = text[k];
    if (c == '\\' && k + 1 < text.size()) {
      char const next = text[k + 1];
      if (next == '(' || next == '[') {
        std::size_t const end = end_of(next == '(' ? 2 : 3, k + 2);
        if (end != npos) {
          found.push_back({k + 2, end});
          k = end;
        }
      }
      k += 2;
    } else if (c == '$') {
      bool const two = k + 1 < text.size() && text[k + 1] == '$';
      std::size_t const begin = k + (two ? 2 : 1), end = end_of(two ? 1 : 0, begin);
      if (end == npos) {
        k = begin;
        continue;
      }
      found.push_back({begin, end});
      k = end + (two ? 2 : 1);
    } else {
      ++k;
    }
  }
  return found;
}

/// Numbers in running text that no letter touches, but for a unit on the right: "12", "1,000.99", "-3", "2/3". One pass.
inline std::vector<text_span> plain_numbers(std::string_view text) {
  std::vector<text_span> found;
  auto const digit = [&](std::size_t k) { return k < text.size() && is_digit(text[k]); };
  for (std::size_t k = 0; k < text.size();) {
    bool const point = text[k] == '.' && digit(k + 1);
    if (!digit(k) && !point) {
      ++k;
      continue;
    }
    std::size_t end = k;
    for (bool more = true; more;) {
      while (digit(end)) ++end;
      more = end + 1 < text.size() && (text[end] == '.' || text[end] == ',' || text[end] == '/') && digit(end + 1);
      if (more) ++end;
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      std::size_t x = end + 1;
      if (x < text.size() && (text[x] == '-' || text[x] == '+')) ++x;
      std::size_t const digits = x;
      while (digit(x)) ++x;
      if (x > digits) end = x;
    }
    bool const letter = k > 0 && (is_letter(text[k - 1]) || text[k - 1] == '_');
    std::size_t begin = k;
    bool const minus = begin > 0 && text[begin - 1] == '-' &&
                       (begin == 1 || is_blank(text[begin - 2]) || text[begin - 2] == '(' || text[begin - 2] == '=');
    if (minus) --begin;
    if (!letter && !part_of_product(text, end, text.size())) found.push_back({begin, end});
    k = end;
  }
  return found;
}

}  // namespace detail
}  // namespace reward::math
AHA_NAMESPACE_END

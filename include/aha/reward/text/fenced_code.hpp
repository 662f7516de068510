// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/outcome.hpp>
#include <aha/reward/text/character.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A fenced block of code: ``` or ~~~ at the begin of a line (up to three spaces before it), a language, lines, the same
/// fence again (or a longer one). Spans of the text.
struct fence {
  std::string_view language;  ///< the first word behind the opening fence
  std::string_view code;      ///< the lines between, without the last line end
  std::size_t end = 0;        ///< behind the closing fence; 0: there is no block
  bool closed = false;        ///< an unclosed block runs to the end of the text
};

/// The block whose opening line begins at `text[line]`.
inline fence fence_at(std::string_view text, std::size_t line) {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t i = line;
  while (i < text.size() && i - line < 3 && text[i] == ' ') ++i;
  if (i >= text.size() || (text[i] != '`' && text[i] != '~')) return {};
  char const mark = text[i];
  std::size_t ticks = 0;
  while (i + ticks < text.size() && text[i + ticks] == mark) ++ticks;
  if (ticks < 3) return {};
  std::size_t const opening_end = text.find('\n', i);
  std::string_view const info = text.substr(i + ticks, opening_end == none ? none : opening_end - i - ticks);
  if (mark == '`' && info.find('`') != none) return {};  // ```inline```
  fence f;
  unicode::for_each_word(info, [&](std::string_view word) {
    if (f.language.empty()) f.language = word;
  });
  f.end = text.size();
  if (opening_end == none) return f;
  std::size_t const code = opening_end + 1;
  f.code = text.substr(code);
  for (std::size_t begin = code; begin <= text.size();) {
    std::size_t j = begin;
    while (j < text.size() && j - begin < 3 && text[j] == ' ') ++j;
    std::size_t run = 0;
    while (j + run < text.size() && text[j + run] == mark) ++run;
    std::size_t const line_end = text.find('\n', begin);
    std::size_t const stop = line_end == none ? text.size() : line_end;
    if (run >= ticks && unicode::stripped(text.substr(j + run, stop - j - run)).empty()) {
      f.code = text.substr(code, begin > code ? begin - 1 - code : 0);
      f.end = j + run;
      f.closed = true;
      return f;
    }
    if (line_end == none) break;
    begin = line_end + 1;
  }
  return f;
}

/// Calls `f(fence)` for every fenced block of a text, in order, the last one perhaps unclosed. Linear.
template <class F>
void for_each_fence(std::string_view text, F&& f) {
  for (std::size_t line = 0; line < text.size();) {
    fence const found = fence_at(text, line);
    if (found.end > 0) f(found);
    std::size_t const next = text.find('\n', found.end > 0 ? found.end : line);
    if (next == std::string_view::npos) break;
    line = next + 1;
  }
}

/// 1 where a text has a closed fenced block in a language (compared without case; "" takes any), else 0.
inline outcome code_format(std::string_view text, std::string_view language) {
  std::string const wanted = unicode::lowered(language);
  bool found = false;
  for_each_fence(text, [&](fence const& f) {
    if (f.closed && (wanted.empty() || unicode::lowered(f.language) == wanted)) found = true;
  });
  return found ? outcome(1.0) : outcome(0.0, status::scored, reason::no_code_block);
}

}  // namespace reward
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/formula_spans.hpp>
#include <algorithm>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// What one pass over the braces of a window finds.
struct box_scan {
  std::vector<text_span> closed;                  ///< insides of closed boxes, inner ones before outer ones
  std::size_t unclosed = std::string_view::npos;  ///< inside of the last box that nothing closes
  std::size_t unclosed_command = 0;               ///< where its command begins
};

inline constexpr byte_set brace_bytes("\\{}");

/// One stack, one pass; `\boxed 5` counts as closed.
inline box_scan scan_boxes(std::string_view text, text_span window) {
  box_scan found;
  std::vector<text_span>& closed = found.closed;
  struct open_brace {
    std::size_t begin;
    bool box;
    std::size_t command;
  };
  std::vector<open_brace> open;
  for (std::size_t k = window.begin; k < window.end;) {
    char const c = text[k];
    if (!brace_bytes.has(c)) {
      ++k;
      continue;
    }
    if (c == '\\') {
      std::size_t const word = starts_at(text, k, "\\boxed") ? 6 : starts_at(text, k, "\\fbox") ? 5 : 0;
      if (word == 0) {
        k += k + 1 < window.end && text[k + 1] == '\\' ? 1 : 2;
        continue;
      }
      std::size_t at = k + word;
      while (at < window.end && (text[at] == ' ' || text[at] == '\t')) ++at;
      if (at < window.end && text[at] == '{') {
        open.push_back({at + 1, true, k});
        k = at + 1;
        continue;
      }
      std::size_t end = at;
      while (end < window.end &&
             (is_letter(text[end]) || is_digit(text[end]) || text[end] == '.' || text[end] == ',' || text[end] == '-'))
        ++end;
      while (end > at && (text[end - 1] == '.' || text[end - 1] == ',')) --end;
      if (end > at && (at > k + word || !is_letter(text[at]))) closed.push_back({at, end});
      k = std::max(end, k + word);
      continue;
    }
    if (c == '{') open.push_back({k + 1, false, k});
    if (c == '}' && !open.empty()) {
      if (open.back().box) closed.push_back({open.back().begin, k});
      open.pop_back();
    }
    ++k;
  }
  for (open_brace const& b : open) {
    if (!b.box) continue;
    found.unclosed = b.begin;
    found.unclosed_command = b.command;
  }
  return found;
}

/// Where the text of an unclosed box ends: with its line or its formula.
inline std::size_t end_of_line(std::string_view text, std::size_t at, std::size_t end) {
  while (at < end && text[at] != '\n' && text[at] != '$') ++at;
  return at;
}

/// Where a box begins that the end of the text cuts off: its digits may be the first of more. The window's end otherwise.
inline std::size_t cut_off_box(std::string_view text, text_span window, box_scan const& found) {
  if (found.unclosed == std::string_view::npos) return window.end;
  for (text_span const& s : found.closed)
    if (s.begin > found.unclosed) return window.end;
  return end_of_line(text, found.unclosed, window.end) == window.end ? found.unclosed_command : window.end;
}

/// The insides of `\boxed{...}` and `\fbox{...}` in a window of a text, in order, outermost ones only. A box that nothing
/// closes ends with its line, where no other box is found.
inline std::vector<text_span> boxed_spans(std::string_view text, text_span window, box_scan found) {
  std::vector<text_span>& closed = found.closed;
  if (closed.empty() && found.unclosed != std::string_view::npos)
    return {{found.unclosed, end_of_line(text, found.unclosed, window.end)}};
  std::sort(closed.begin(), closed.end(), [](text_span const& a, text_span const& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (text_span const& s : closed)
    if (kept == 0 || s.begin >= closed[kept - 1].end) closed[kept++] = s;
  closed.resize(kept);
  return std::move(closed);
}

inline std::vector<text_span> boxed_spans(std::string_view text, text_span window) {
  return boxed_spans(text, window, scan_boxes(text, window));
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/glyph.hpp>
#include <string>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::math {

/// The form in which text answers are compared: lower case letters and digits of ASCII and everything beyond ASCII that
/// is no punctuation, words separated by one space; commands of LaTeX lose their backslash, brackets around all of it go.
/// "\text{ (B) }", "B." and "b" have one form. One pass.
inline std::string normal_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool gap = false;
  for (std::size_t k = 0; k < text.size();) {
    char const c = text[k];
    if (c == '\\') {
      // Commands that shape text say nothing; others are kept as words.
      bool shaping = false;
      for (std::string_view name :
           {"text",         "textbf",    "textit",       "textrm",    "mathrm", "mathbf", "mbox",
            "rm",           "bf",        "quad",         "left",      "right",  "boxed",  "fbox",
            "displaystyle", "textstyle", "operatorname", "emph",      "textsf", "texttt", "textnormal",
            "boldsymbol",   "mathsf",    "mathit",       "underline", "large",  "Large"}) {
        std::size_t const end = k + 1 + name.size();
        if (!starts_at(text, k + 1, name) || (end < text.size() && is_letter(text[end]))) continue;
        k = end, shaping = gap = true;
        break;
      }
      if (!shaping) ++k;
      continue;
    }
    if (is_digit(c) || is_letter(c)) {
      if (gap && !out.empty()) out.push_back(' ');
      out.push_back(lower(c));
      gap = false;
      ++k;
      continue;
    }
    if (static_cast<unsigned char>(c) >= 0x80) {
      glyph const g = glyph_at(text, k);
      bool const mark = is_invisible(g.code) || (g.code >= 0x2000 && g.code <= 0x206F && !reorders_text(g.code)) ||
                        (g.code >= 0x3000 && g.code <= 0x303F) || (g.code >= 0xFF01 && g.code <= 0xFF0F) ||
                        g.code == 0xA0;
      if (!mark) {
        if (gap && !out.empty()) out.push_back(' ');
        gap = false;
        out.append(text.substr(k, g.length));
      } else if (!is_invisible(g.code)) {
        gap = true;
      }
      k += g.length;
      continue;
    }
    // Signs that change a formula inside of a sentence are kept: "x > 1" is not "x < 1".
    bool const is_sign = c == '+' || c == '-' || c == '<' || c == '>' || c == '=' || c == '/' || c == '^' || c == '%';
    bool const is_point = c == '.' && k + 1 < text.size() && is_digit(text[k + 1]);
    if (is_sign || is_point) {
      out.push_back(c);
      gap = false;
    } else if (c != '\'') {
      gap = gap || !out.empty();
    }
    ++k;
  }
  return out;
}

}  // namespace reward::math
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/lexer.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

inline void lexer::command_or_escape() {
  if (at_ + 1 >= text_.size()) return one(tk::bad);
  char const c = text_[at_ + 1];
  if (is_letter(c)) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    std::size_t const begin = at_;
    std::string_view const name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    return named(name, begin);
  }
  switch (c) {
    case '\\': return double_backslash();
    case '{': return ++brackets_, one(tk::open_set, 2);
    case '}': return --brackets_, one(tk::close_set, 2);
    case '|': return one(tk::norm, 2);
    case '%': return one(tk::percent, 2);
    case '(':
    case '[':
    case ')':
    case ']':  // delimiters of a formula
      at_ += 2;
      space_ = true;
      return;
    case '\f':
    case '\b':
      ++at_;
      if (!broken_escape()) ++at_;
      return;
    default:  // spaces of all widths, \$, \_, \#, \&
      at_ += 2;
      space_ = true;
  }
}
// A row ends with two backslashes; outside of an environment they are an escape that was written twice.
inline void lexer::double_backslash() {
  if (environments_ == 0 && at_ + 2 < text_.size() &&
      (is_letter(text_[at_ + 2]) || text_[at_ + 2] == '{' || text_[at_ + 2] == '}')) {
    ++at_;
    return;
  }
  one(tk::new_row, 2);
  if (at_ < text_.size() && text_[at_] == '[') skip_to(']');
}
inline void lexer::skip_to(char c) {
  std::size_t const end = text_.find(c, at_);
  if (end != std::string_view::npos && end - at_ < 16) at_ = end + 1;
}
// What a pair of braces at `at_` holds; npos where there is none. Charged, and braces inside are counted.
inline std::string_view lexer::braces() {
  std::size_t k = at_;
  while (k < text_.size() && is_blank(text_[k])) ++k;
  if (k >= text_.size() || text_[k] != '{') return {};
  int depth = 0;
  for (std::size_t end = k; end < text_.size() && steps_.charge(); ++end) {
    if (text_[end] == '\\') {
      ++end;
      continue;
    }
    if (text_[end] == '{') ++depth;
    if (text_[end] == '}' && --depth == 0) {
      at_ = end + 1;
      return text_.substr(k + 1, end - k - 1);
    }
  }
  return {};
}

inline void lexer::named(std::string_view name, std::size_t begin) {
  if (name == "left" || name == "right" || name == "middle") return sided();
  if (layout(name)) return;
  command const* known = find_command(latex_commands, name);
  if (known == nullptr) {
    if (name.substr(0, 4) == "quad" || name.substr(0, 5) == "qquad") {  // "\quadx"
      at_ -= name.size() - (name[0] == 'q' && name[1] == 'q' ? 5 : 4);
      push(tk::separator, begin, at_);
      return;
    }
    push(tk::letter, begin, at_);
    return;
  }
  if (known->kind == tk::text || known->kind == tk::roman) return words(*known, begin);
  if (known->kind == tk::wrapper) return wrapper(*known, begin);
  if (known->kind == tk::begin || known->kind == tk::finish) return environment(known->kind, begin);
  if (known->kind == tk::open_set) ++brackets_;
  if (known->kind == tk::close_set) --brackets_;
  push(known->kind, begin, at_, known->data);
  if (known->kind == tk::letter) tokens_.back().end = static_cast<std::uint32_t>(at_);
}
inline void lexer::sided() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  if (at_ < text_.size() && text_[at_] == '.') ++at_;  // \left. shows nothing
}
inline bool lexer::layout(std::string_view name) {
  constexpr std::string_view nothing[] = {
      "big",          "Big",      "bigg",     "Bigg",       "bigl",        "bigr",     "Bigl",  "Bigr",
      "displaystyle", "limits",   "nolimits", "textstyle",  "scriptstyle", "hfill",    "rm",    "bf",
      "it",           "boldmath", "strut",    "allowbreak", "nobreak",     "noindent", "hline", "therefore"};
  constexpr std::string_view arguments[] = {"color", "hspace", "vspace", "phantom", "label",
                                            "tag",   "hskip",  "kern",   "mspace"};
  if (name == "quad" || name == "qquad" || name == "newline") return push(tk::separator, at_, at_), true;
  if (std::find(std::begin(nothing), std::end(nothing), name) != std::end(nothing)) return space_ = true, true;
  if (std::find(std::begin(arguments), std::end(arguments), name) == std::end(arguments)) return false;
  braces();
  return space_ = true, true;
}
inline void lexer::words(command const& known, std::size_t begin) {
  std::string_view const inner = trimmed(braces());
  if (known.kind == tk::text &&
      (inner == "and" || inner == "or" || inner == "," || inner == ", and" || inner == ", or"))
    return static_cast<void>(push(tk::and_word, begin, at_));
  if (inner == "if" || inner == "for" || inner == "where" || inner == "when")
    return static_cast<void>(push(tk::cut, begin, at_));
  if (known.kind == tk::roman) {
    command const* function = find_command(latex_commands, inner);
    if (function == nullptr) function = find_command(plain_words, inner);
    // "22 \mathrm{min}" is a time, "\operatorname{min}" a function.
    bool const minutes = known.data == 0 && (inner == "min" || inner == "sec");
    if (function != nullptr && function->kind == tk::function && !minutes) {
      push(tk::function, begin, at_, function->data);
      return;
    }
  }
  push(known.kind, static_cast<std::size_t>(inner.data() - text_.data()) * (inner.data() != nullptr ? 1U : 0U),
       (static_cast<std::size_t>(inner.data() - text_.data()) + inner.size()) * (inner.data() != nullptr ? 1U : 0U),
       known.data);
}
inline void lexer::wrapper(command const& known, std::size_t begin) {
  std::size_t const before = at_;
  std::string_view const inner = trimmed(braces());
  if (inner.size() == 1) {
    bool const set = known.data == 2 && std::string_view("RNZQC").find(inner[0]) != std::string_view::npos;
    if (set) return static_cast<void>(push(tk::reals, begin, at_, inner[0]));
    bool const unit_vector = inner[0] == 'e' || inner[0] == 'i';  // bold: neither Euler's number nor the imaginary unit
    if (is_letter(inner[0])) {
      auto const place = static_cast<std::size_t>(inner.data() - text_.data());
      push(tk::letter, unit_vector ? begin : place, unit_vector ? at_ : place + 1);
      return;
    }
  }
  at_ = before;
  space_ = true;
}
inline void lexer::environment(tk k, std::size_t begin) {
  std::string_view name = braces();
  if (!name.empty() && name.back() == '*') name.remove_suffix(1);
  std::int32_t shape = 0;  // 1 a matrix, 2 cases, 3 lines, 4 a determinant
  bool const has_columns = name == "array" || name == "tabular";
  if (name == "vmatrix")
    shape = 4;
  else if (name == "cases")
    shape = 2;
  else if (has_columns || (name.size() >= 6 && name.substr(name.size() - 6) == "matrix"))
    shape = 1;
  else
    shape = 3;
  if (k == tk::begin && has_columns) braces();
  environments_ += k == tk::begin ? 1 : -1;
  push(k, begin, at_, shape);
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

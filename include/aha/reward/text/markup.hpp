// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/text/character.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What of a text is no prose: its words are of no language.
struct markup_options {
  bool code = true;   ///< fenced blocks (``` or ~~~, an unclosed one runs to the end) and `inline code` inside a line
  bool latex = true;  ///< $..$, $$..$$, \(..\), \[..\], \begin{..}..\end{..}, commands with their {groups}
  bool urls = true;   ///< scheme://.. and www...
  bool tags = true;   ///< <think>, </answer> and the like: a name of ASCII letters, digits, - and _ in angle brackets
};

/// Cuts a text into prose and markup in one pass. A construct that is not closed is prose from its second character on,
/// except a fenced block, and a {group}, which ends with its paragraph: an unclosed bracket hides a paragraph at most. A
/// dollar opens and closes as in pandoc (no space inside it, no digit behind the closing one, same paragraph), so that
/// "$5 and $10" is prose.
class markup_scanner {
 public:
  markup_scanner(std::string_view text, markup_options const& options) : text_(text), options_(options) {}

  /// Calls `f(piece)` for every stretch of prose, in order.
  template <class F>
  void for_each_prose(F&& f) {
    std::size_t prose = 0;
    for (std::size_t at = 0; at < text_.size();) {
      std::size_t const length = markup_at(at);
      if (length == 0) {
        ++at;
        continue;
      }
      if (at > prose) f(text_.substr(prose, at - prose));
      at += length;
      prose = at;
    }
    if (prose < text_.size()) f(text_.substr(prose));
  }

 private:
  static constexpr std::size_t none = std::string_view::npos;
  static constexpr std::size_t most_ticks = 3;  ///< of inline code
  static bool letter(char c) { return unicode::is_ascii_letter(static_cast<unsigned char>(c)); }
  static bool digit(char c) { return unicode::is_ascii_digit(static_cast<unsigned char>(c)); }
  bool starts(std::size_t at, std::string_view with) const { return text_.substr(at, with.size()) == with; }

  /// A search that failed once fails for every later start: each kind of end is sought behind the text's end once.
  std::size_t find_end(std::size_t from, std::string_view end, std::size_t& failed_from) const {
    if (from >= failed_from) return none;
    std::size_t const found = text_.find(end, from);
    if (found == none) failed_from = from;
    return found;
  }

  /// The length of the markup that begins at `at`, 0 where none does.
  std::size_t markup_at(std::size_t at) {
    switch (text_[at]) {
      case '`':
      case '~': return options_.code ? code(at) : 0;
      case '$': return options_.latex ? dollars(at) : 0;
      case '\\': return options_.latex ? command(at) : 0;
      case '<': return options_.tags ? angle(at) : 0;
      default: return options_.urls && letter(text_[at]) && (at == 0 || !letter(text_[at - 1])) ? url(at) : 0;
    }
  }

  std::size_t code(std::size_t at) {
    if (at > 0 && text_[at - 1] == text_[at]) return 0;  // a run of marks was judged at its first one
    std::size_t ticks = 1;
    while (at + ticks < text_.size() && text_[at + ticks] == text_[at]) ++ticks;
    bool const line_start = blank_before(at);
    if (ticks >= 3 && line_start) {
      std::size_t const end = fence_end(at + ticks, text_[at], ticks);
      return end - at;
    }
    if (text_[at] != '`' || ticks > most_ticks) return 0;
    // Inline: up to the same number of ticks in the same line. A line is searched once for each number.
    std::size_t const stop = line_end(at);
    if (at < no_inline_before_[ticks]) return 0;
    for (std::size_t i = at + ticks; i < stop;) {
      std::size_t run = 0;
      while (i + run < stop && text_[i + run] == '`') ++run;
      if (run == ticks) return i + run - at;
      i += run > 0 ? run : 1;
    }
    no_inline_before_[ticks] = stop;
    return 0;
  }
  bool blank_before(std::size_t at) const {
    std::size_t spaces = 0;
    while (at > 0 && spaces <= 3 && text_[at - 1] == ' ') {
      --at;
      ++spaces;
    }
    return at == 0 || text_[at - 1] == '\n';
  }
  std::size_t line_end(std::size_t at) {
    if (at >= line_end_ || at < line_begin_) {
      std::size_t const found = text_.find('\n', at);
      line_begin_ = at;
      line_end_ = found == none ? text_.size() : found;
    }
    return line_end_;
  }
  /// Behind the line that closes a fence, or the text's end.
  std::size_t fence_end(std::size_t from, char mark, std::size_t ticks) const {
    for (std::size_t line = text_.find('\n', from); line != none; line = text_.find('\n', line)) {
      std::size_t i = ++line;
      while (i < text_.size() && text_[i] == ' ') ++i;
      std::size_t run = 0;
      while (i + run < text_.size() && text_[i + run] == mark) ++run;
      if (run >= ticks) return i + run;
    }
    return text_.size();
  }

  std::size_t dollars(std::size_t at) {
    if (starts(at, "$$")) {
      std::size_t const found = find_end(at + 2, "$$", no_double_dollar_);
      return found == none ? 0 : found + 2 - at;
    }
    if (at + 1 >= text_.size() || is_white(text_[at + 1])) return 0;
    if (at < no_dollar_before_) return 0;
    std::size_t const stop = paragraph_end(at);
    for (std::size_t i = at + 1; i < stop; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '$' && !is_white(text_[i - 1]) && (i + 1 >= text_.size() || !digit(text_[i + 1]))) {
        return i + 1 - at;
      }
    }
    no_dollar_before_ = stop;
    return 0;
  }
  static bool is_white(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  std::size_t paragraph_end(std::size_t at) {
    if (at >= paragraph_end_ || at < paragraph_begin_) {
      std::size_t const found = text_.find("\n\n", at);
      paragraph_begin_ = at;
      paragraph_end_ = found == none ? text_.size() : found;
    }
    return paragraph_end_;
  }

  std::size_t command(std::size_t at) {
    if (at + 1 >= text_.size()) return 0;
    if (text_[at + 1] == '(' || text_[at + 1] == '[') {
      bool const round = text_[at + 1] == '(';
      std::size_t const found = find_end(at + 2, round ? "\\)" : "\\]", round ? no_round_ : no_square_);
      return found == none ? 2 : found + 2 - at;
    }
    if (!letter(text_[at + 1])) return static_cast<unsigned char>(text_[at + 1]) < 0x80 ? 2 : 1;
    if (starts(at, "\\begin{") && !unbalanced_) {
      std::size_t const end = environment_end(at);
      if (end != none) return end - at;
      unbalanced_ = true;
    }
    std::size_t i = at + 1;
    while (i < text_.size() && letter(text_[i])) ++i;
    while (i < text_.size() && (text_[i] == '{' || text_[i] == '[')) i = group_end(i);
    return i - at;
  }
  /// Behind the \end that closes the \begin at `at`, counting inner ones; none where the text does not balance.
  std::size_t environment_end(std::size_t at) const {
    std::int64_t depth = 0;
    for (std::size_t i = at; i < text_.size(); ++i) {
      if (text_[i] != '\\') continue;
      if (starts(i, "\\begin{")) ++depth;
      if (starts(i, "\\end{") && --depth == 0) {
        std::size_t const close = text_.find('}', i);
        return close == none ? text_.size() : close + 1;
      }
    }
    return none;
  }
  /// Behind the bracket that closes the one at `at`, or the end of the paragraph.
  std::size_t group_end(std::size_t at) {
    char const open = text_[at];
    char const close = open == '{' ? '}' : ']';
    std::size_t const stop = paragraph_end(at);
    std::int64_t depth = 0;
    for (std::size_t i = at; i < stop; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == open) {
        ++depth;
      } else if (text_[i] == close && --depth == 0) {
        return i + 1;
      }
    }
    return stop;
  }

  std::size_t angle(std::size_t at) const {
    std::size_t i = at + 1;
    if (i < text_.size() && text_[i] == '/') ++i;
    std::size_t const name = i;
    while (i < text_.size() && (letter(text_[i]) || digit(text_[i]) || text_[i] == '-' || text_[i] == '_')) ++i;
    return i > name && i < text_.size() && text_[i] == '>' ? i + 1 - at : 0;
  }

  std::size_t url(std::size_t at) const {
    std::size_t i = at;
    if (!starts(at, "www.")) {
      while (i < text_.size() && i - at < 16 && (letter(text_[i]) || text_[i] == '+')) ++i;
      if (!starts(i, "://")) return 0;
    }
    while (i < text_.size() && static_cast<unsigned char>(text_[i]) > ' ' &&
           static_cast<unsigned char>(text_[i]) < 0x7f && text_[i] != '<' && text_[i] != '>' && text_[i] != '"' &&
           text_[i] != '`') {
      ++i;
    }
    return i - at;
  }

  std::string_view text_;
  markup_options options_;
  std::size_t no_double_dollar_ = none;
  std::size_t no_round_ = none;
  std::size_t no_square_ = none;
  std::size_t no_dollar_before_ = 0;
  std::size_t no_inline_before_[most_ticks + 1] = {};
  std::size_t line_begin_ = 1;
  std::size_t line_end_ = 0;
  std::size_t paragraph_begin_ = 1;
  std::size_t paragraph_end_ = 0;
  bool unbalanced_ = false;
};

/// Calls `f(piece)` for every stretch of a text that is prose.
template <class F>
void for_each_prose(std::string_view text, markup_options const& options, F&& f) {
  markup_scanner(text, options).for_each_prose(f);
}

}  // namespace reward
AHA_NAMESPACE_END

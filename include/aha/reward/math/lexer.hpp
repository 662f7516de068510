// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/lex_number.hpp>
#include <algorithm>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Cuts an answer into tokens: LaTeX, plain notation, and words, in any mixture. One pass, every byte is looked at a fixed
/// number of times. Names and numbers go to the tree, tokens carry their places.
class lexer {
 public:
  lexer(std::string_view text, parse_options const& options, tree& into, budget& steps, bool comma_is_decimal)
      : text_(text), options_(options), tree_(into), steps_(steps), comma_(comma_is_decimal) {
    dollars_ = text.find('$') != std::string_view::npos && text.find("\\$") == std::string_view::npos;
    formula_ = !dollars_;
    tokens_.reserve(text.size() / 2 + 4);
  }

  std::vector<token> run() {
    while (at_ < text_.size() && steps_.charge(2)) step();
    push(tk::end, text_.size(), text_.size());
    return std::move(tokens_);
  }

 private:
  std::string_view text_;
  parse_options const& options_;
  tree& tree_;
  budget& steps_;
  std::vector<token> tokens_;
  std::size_t at_ = 0;
  int brackets_ = 0, environments_ = 0;
  bool space_ = false, dollars_ = false, formula_ = true, comma_ = false;

  token& push(tk k, std::size_t begin, std::size_t end, std::int32_t data = 0) {
    token t;
    t.kind = k, t.space = space_, t.formula = formula_, t.data = data;
    t.begin = static_cast<std::uint32_t>(begin), t.end = static_cast<std::uint32_t>(end);
    tokens_.push_back(t);
    space_ = false;
    return tokens_.back();
  }
  void one(tk k, std::size_t length = 1, std::int32_t data = 0) {
    push(k, at_, at_ + length, data);
    at_ += length;
  }
  [[nodiscard]] bool next_is(char c, std::size_t k = 1) const { return at_ + k < text_.size() && text_[at_ + k] == c; }

  void step() {
    char const c = text_[at_];
    if (broken_escape()) return;
    if (is_blank(c) || c == '~') {
      if (c == '\n' && dollars_ && !formula_ && brackets_ == 0 && !tokens_.empty()) push(tk::separator, at_, at_);
      space_ = true;
      ++at_;
    } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
      number();
    } else if (is_letter(c)) {
      letters();
    } else if (c == '\\') {
      command_or_escape();
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      beyond_ascii();
    } else {
      punctuation(c);
    }
  }
  // "\frac" that went through a reader of escapes: a form feed and "rac". The same for tabs and backspaces.
  bool broken_escape() {
    char const c = text_[at_];
    if (c != '\f' && c != '\b' && c != '\t') return false;
    constexpr std::string_view words[] = {"rac{", "oxed{", "egin{", "inom{", "imes", "ext{", "frac{"};
    for (std::string_view word : words) {
      if (!starts_at(text_, at_ + 1, word)) continue;
      bool const brace = word.back() == '{';
      std::string name(1, c == '\f' ? 'f' : c == '\b' ? 'b' : 't');
      name += brace ? word.substr(0, word.size() - 1) : word;
      at_ += name.size();
      named(name, at_ - name.size());
      return true;
    }
    return false;
  }

  void number() {
    number_reader reader(text_, at_, steps_);
    if (!reader.read(brackets_ == 0, comma_ && brackets_ == 0)) {
      one(tk::stop);
      return;
    }
    tree_.numbers.push_back(reader.value());
    push(tk::number, at_, reader.end(), static_cast<std::int32_t>(tree_.numbers.size()) - 1);
    // A decimal is marked by its text: the parser asks whether it holds a point.
    tokens_.back().formula = reader.decimal();
    at_ = reader.end();
  }

  void letters() {
    std::size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    std::string_view const word = text_.substr(at_, end - at_);
    if (word.size() == 1) return one(tk::letter);
    if ((word == "np" || word == "math") && end < text_.size() && text_[end] == '.') {
      at_ = end + 1;
      return;
    }
    if (command const* known = find_command(plain_words, word)) {
      push(known->kind, at_, end, known->data);
    } else if (std::find(std::begin(cut_words), std::end(cut_words), word) != std::end(cut_words)) {
      push(tk::cut, at_, end);
    } else if (word == "percent" || word == "percentage") {
      push(tk::percent, at_, end);
    } else {
      push(tk::run, at_, end);
    }
    at_ = end;
  }

  void command_or_escape() {
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
  void double_backslash() {
    if (environments_ == 0 && at_ + 2 < text_.size() &&
        (is_letter(text_[at_ + 2]) || text_[at_ + 2] == '{' || text_[at_ + 2] == '}')) {
      ++at_;
      return;
    }
    one(tk::new_row, 2);
    if (at_ < text_.size() && text_[at_] == '[') skip_to(']');
  }
  void skip_to(char c) {
    std::size_t const end = text_.find(c, at_);
    if (end != std::string_view::npos && end - at_ < 16) at_ = end + 1;
  }
  // What a pair of braces at `at_` holds; npos where there is none. Charged, and braces inside are counted.
  std::string_view braces() {
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

  void named(std::string_view name, std::size_t begin) {
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
  void sided() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ < text_.size() && text_[at_] == '.') ++at_;  // \left. shows nothing
  }
  bool layout(std::string_view name) {
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
  void words(command const& known, std::size_t begin) {
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
      bool const minutes = known.data == 0 && inner == "min";
      if (function != nullptr && function->kind == tk::function && !minutes) {
        push(tk::function, begin, at_, function->data);
        return;
      }
    }
    push(known.kind, static_cast<std::size_t>(inner.data() - text_.data()) * (inner.data() != nullptr ? 1U : 0U),
         (static_cast<std::size_t>(inner.data() - text_.data()) + inner.size()) * (inner.data() != nullptr ? 1U : 0U),
         known.data);
  }
  void wrapper(command const& known, std::size_t begin) {
    std::size_t const before = at_;
    std::string_view const inner = trimmed(braces());
    if (inner.size() == 1) {
      bool const set = known.data == 2 && std::string_view("RNZQC").find(inner[0]) != std::string_view::npos;
      if (set) return static_cast<void>(push(tk::reals, begin, at_, inner[0]));
      bool const unit_vector =
          inner[0] == 'e' || inner[0] == 'i';  // bold: neither Euler's number nor the imaginary unit
      if (is_letter(inner[0])) {
        auto const place = static_cast<std::size_t>(inner.data() - text_.data());
        push(tk::letter, unit_vector ? begin : place, unit_vector ? at_ : place + 1);
        return;
      }
    }
    at_ = before;
    space_ = true;
  }
  void environment(tk k, std::size_t begin) {
    std::string_view name = braces();
    if (!name.empty() && name.back() == '*') name.remove_suffix(1);
    std::int32_t shape = 0;  // 1 a matrix, 2 cases, 3 lines, 4 a determinant
    if (name == "vmatrix")
      shape = 4;
    else if (name == "cases")
      shape = 2;
    else if (name.size() >= 6 && name.substr(name.size() - 6) == "matrix")
      shape = 1;
    else if (name == "array" || name == "tabular")
      shape = 1;
    else
      shape = 3;
    if (k == tk::begin && (name == "array" || name == "tabular")) braces();
    environments_ += k == tk::begin ? 1 : -1;
    push(k, begin, at_, shape);
  }

  void beyond_ascii() {
    glyph const g = glyph_at(text_, at_);
    if (is_invisible(g.code)) {
      at_ += g.length;
      return;
    }
    std::string_view const meaning = meaning_of(g.code);
    if (g.code >= 0xFF01 && g.code <= 0xFF5E) {  // full width forms of ASCII
      char const c = static_cast<char>(g.code - 0xFF01 + '!');
      if (is_digit(c) || is_letter(c)) return full_width(c, g.length);
      at_ += g.length - 1;
      return punctuation(c);
    }
    if (meaning.size() == 1) {
      at_ += g.length - 1;
      if (meaning == " ") {
        space_ = true;
        ++at_;
        return;
      }
      return punctuation(meaning[0]);
    }
    if (meaning.size() == 2 && meaning[0] == '^') {
      push(tk::caret, at_, at_ + g.length);
      tree_.numbers.push_back(rational(meaning[1] - '0'));
      push(tk::number, at_, at_ + g.length, static_cast<std::int32_t>(tree_.numbers.size()) - 1).formula = false;
      at_ += g.length;
      return;
    }
    if (!meaning.empty()) {
      std::size_t const begin = at_;
      at_ += g.length;
      return named(meaning, begin);
    }
    if (reorders_text(g.code) || g.code == 0xFFFD) return one(tk::bad, g.length);
    if (is_greek(g.code)) return one(tk::letter, g.length);
    foreign_words();
  }
  void full_width(char c, std::size_t length) {
    if (is_letter(c)) return one(tk::letter, length);
    std::int64_t value = 0;
    std::size_t const begin = at_;
    for (glyph g = glyph_at(text_, at_); g.code >= 0xFF10 && g.code <= 0xFF19 && value < 1'000'000'000'000'000;) {
      value = value * 10 + static_cast<std::int64_t>(g.code - 0xFF10);
      at_ += g.length;
      g = at_ < text_.size() ? glyph_at(text_, at_) : glyph{};
    }
    tree_.numbers.push_back(rational(value));
    push(tk::number, begin, at_, static_cast<std::int32_t>(tree_.numbers.size()) - 1).formula = false;
  }
  // Words in other scripts: one text; the Chinese "and" and "or" join answers.
  void foreign_words() {
    std::size_t end = at_;
    while (end < text_.size() && steps_.charge()) {
      glyph const g = glyph_at(text_, end);
      bool const joins = g.code == 0x548C || g.code == 0x6216;
      if (joins && end == at_) return one(tk::and_word, g.length);
      if (joins || g.code < 0x80 || g.code == 0xFFFD || !meaning_of(g.code).empty() || reorders_text(g.code) ||
          (g.code >= 0xFF01 && g.code <= 0xFF5E))
        break;
      end += g.length;
    }
    push(tk::text, at_, end);
    at_ = end;
  }

  void punctuation(char c) {
    switch (c) {
      case '$':
        ++at_;
        while (at_ < text_.size() && text_[at_] == '$') ++at_;
        if (dollars_) formula_ = !formula_;
        space_ = true;
        return;
      case '+':
        return next_is('-') || starts_at(text_, at_, "+/-") ? one(tk::plus_minus, next_is('-') ? 2 : 3) : one(tk::plus);
      case '-': return one(tk::minus);
      case '*': return next_is('*') ? one(tk::caret, 2) : one(tk::times);
      case '/': return one(tk::divide);
      case ':': return one(tk::colon);
      case '^': return one(tk::caret);
      case '_': return one(tk::underscore);
      case '!': return next_is('=') ? one(tk::relation, 2, rel(relation_sign::unequal)) : one(tk::bang);
      case '\'': return one(tk::prime);
      case '%': return one(tk::percent);
      case '(': return ++brackets_, one(tk::open);
      case ')': return --brackets_, one(tk::close);
      case '[': return ++brackets_, one(tk::open_square);
      case ']': return --brackets_, one(tk::close_square);
      case '{': return one(tk::open_brace);
      case '}': return one(tk::close_brace);
      case '|': return one(tk::bar);
      case ',': return one(tk::comma);
      case ';': return one(tk::semicolon);
      case '&': return one(tk::ampersand);
      case '=':
        return next_is('=')   ? one(tk::relation, 2)
               : next_is('>') ? one(tk::relation, 2, rel(relation_sign::other))
                              : one(tk::relation);
      case '<':
        return next_is('=') ? one(tk::relation, 2, rel(relation_sign::less_equal))
                            : one(tk::relation, 1, rel(relation_sign::less));
      case '>':
        return next_is('=') ? one(tk::relation, 2, rel(relation_sign::greater_equal))
                            : one(tk::relation, 1, rel(relation_sign::greater));
      case '.':
        if (starts_at(text_, at_, "...")) return one(tk::dots, 3);
        return one(tk::stop);
      default: return one(tk::bad);
    }
  }
};

}  // namespace reward::math::detail
AHA_NAMESPACE_END

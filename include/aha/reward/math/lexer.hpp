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
  lexer(std::string_view text, tree& into, budget& steps, bool comma_is_decimal)
      : text_(text), tree_(into), steps_(steps), comma_(comma_is_decimal) {
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

  // lex_command.hpp
  void command_or_escape();
  void double_backslash();
  void skip_to(char c);
  std::string_view braces();
  void named(std::string_view name, std::size_t begin);
  void sided();
  bool layout(std::string_view name);
  void words(command const& known, std::size_t begin);
  void wrapper(command const& known, std::size_t begin);
  void environment(tk k, std::size_t begin);

  void beyond_ascii() {
    glyph const g = glyph_at(text_, at_);
    if (is_invisible(g.code)) {
      at_ += g.length;
      return;
    }
    std::string_view const meaning = meaning_of(g.code);
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

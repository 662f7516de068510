// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/boxed.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

// The answer normalisation of Minerva (arXiv:2206.14858, listing 1) as verl's and slime's math_dapo have it.

namespace minerva {

/// Calls `f(line)` for every line and joins what it returns.
template <class F>
std::string by_line(std::string_view text, F&& f) {
  std::string result;
  bool first = true;
  for (std::string_view const line : split(text, "\n")) {
    if (!first) result.push_back('\n');
    first = false;
    result += f(line);
  }
  return result;
}

/// A line with two dollars becomes what stands between the first two, dollars included.
inline std::string first_formula(std::string_view line) {
  std::size_t const a = line.find('$');
  std::size_t const b = a == std::string_view::npos ? a : line.find('$', a + 1);
  return std::string(b == std::string_view::npos ? line : line.substr(a, b + 1 - a));
}

/// `open` inside `}` in one line becomes its inside; `greedy`: up to the line's last brace.
inline std::string unwrapped(std::string_view line, std::string_view open, bool greedy = false) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = line.find(open); at != std::string_view::npos; at = line.find(open, begin)) {
    std::size_t const inside = at + open.size();
    std::size_t const close = greedy ? line.rfind('}') : line.find('}', inside);
    if (close == std::string_view::npos || close < inside) break;
    result.append(line.substr(begin, at - begin)).append(line.substr(inside, close - inside));
    begin = close + 1;
  }
  return result.append(line.substr(begin));
}

/// `word` and `arguments` characters behind it, the first of which is no brace (and the second no line end), becomes the word
/// with braces around each: fracab is frac{a}{b}, sqrta is sqrt{a}.
inline std::string braces_after(std::string_view text, std::string_view word, int arguments) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;) {
    std::size_t i = at + word.size();
    std::string with(word);
    bool fits = true;
    for (int k = 0; k < arguments && fits; ++k) {
      fits = i < text.size() && (k == 0 ? text[i] != '{' : text[i] != '\n');
      if (!fits) break;
      std::size_t const size = unicode::decode(text, i).size;
      with.append("{").append(text.substr(i, size)).append("}");
      i += size;
    }
    if (!fits) {
      at = text.find(word, at + 1);
      continue;
    }
    result.append(text.substr(begin, at - begin)).append(with);
    begin = i;
    at = text.find(word, begin);
  }
  return result.append(text.substr(begin));
}

/// True for a text of decimal digits of any script, not empty.
inline bool is_digits(std::string_view text) {
  bool digits = !text.empty();
  unicode::for_each_character(
      text, [&](unicode::character c, std::size_t) { digits = digits && unicode::digit_value(c.point) >= 0; });
  return digits;
}

}  // namespace minerva

/// normalize_final_answer. Linear; the peers' is quadratic (3000 times "\text{" take seconds). `chat_marks`: slime's copy also
/// takes <|im_end|> and <|endoftext|> out. Traps that are kept: "a " goes anywhere ("banana x" -> "bananx"), only what
/// stands behind the last "=" counts, words such as "ways" and "sue" go even inside others.
inline std::string normalize_final_answer(std::string_view answer, bool chat_marks = false) {
  std::string s(after_last(answer, "="));
  constexpr std::string_view substitutions[][2] = {
      {"an ", ""}, {"a ", ""},       {".$", "$"},           {"\\$", ""},          {"\\ ", ""},
      {" ", ""},   {"mbox", "text"}, {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"}};
  for (auto const& [what, with] : substitutions) s = replaced(s, what, with);
  constexpr std::string_view removed[] = {"square",     "ways",       "integers",  "dollars",      "mph",
                                          "inches",     "hours",      "km",        "units",        "\\ldots",
                                          "sue",        "points",     "feet",      "minutes",      "digits",
                                          "cents",      "degrees",    "cm",        "gm",           "pounds",
                                          "meters",     "meals",      "edges",     "students",     "childrentickets",
                                          "multiples",  "\\text{s}",  "\\text{.}", "\\text{\ns}",  "\\text{}^2",
                                          "\\text{}^3", "\\text{\n}", "\\text{}",  "\\mathrm{th}", "^\\circ",
                                          "^{\\circ}",  "\\;",        ",\\!",      "{,}",          "\"",
                                          "\\dots"};
  for (std::string_view const what : removed) s = replaced(s, what, "");
  if (chat_marks) s = replaced(replaced(s, "<|im_end|>", ""), "<|endoftext|>", "");
  s = minerva::by_line(s, [](std::string_view line) {
    std::string x = minerva::first_formula(line);
    for (std::string_view const open : {"\\text{", "\\textbf{", "\\overline{"}) x = minerva::unwrapped(x, open);
    return minerva::unwrapped(x, "\\boxed{", true);
  });
  s = minerva::braces_after(s, "frac", 2);
  s = minerva::braces_after(s, "sqrt", 1);
  s = replaced(s, "$", "");
  std::string const plain = replaced(s, ",", "");
  if (minerva::is_digits(plain)) s = plain;
  return std::string(unicode::stripped(s));
}

/// What stands behind the last "answer :" of a text (any case, white space around the colon) in its line, or "[INVALID]".
/// The pattern is (?i)Answer\s*:\s*([^\n]+) from the left, so a line end may stand before the answer.
inline std::string_view minerva_answer(std::string_view text) {
  std::string_view found = "[INVALID]";
  constexpr std::string_view word = "answer";
  for (std::size_t at = 0; at + word.size() <= text.size();) {
    bool fits = true;
    for (std::size_t i = 0; i < word.size(); ++i) {
      fits = fits && unicode::to_lower(static_cast<unsigned char>(text[at + i])) == static_cast<unsigned char>(word[i]);
    }
    if (!fits) {
      ++at;
      continue;
    }
    auto const space = [&](std::size_t i) {
      while (i < text.size()) {
        unicode::character const c = unicode::decode(text, i);
        if (!unicode::is_space(c.point)) break;
        i += c.size;
      }
      return i;
    };
    std::size_t const colon = space(at + word.size());
    if (colon >= text.size() || text[colon] != ':') {
      at += word.size();
      continue;
    }
    std::size_t begin = space(colon + 1);
    if (begin >= text.size()) {
      // Nothing but white space: the pattern gives one back, if it is not a line end.
      std::size_t last = colon + 1;
      for (std::size_t i = colon + 1; i < text.size(); i += unicode::decode(text, i).size) {
        if (text[i] != '\n') last = i;
      }
      if (last >= text.size() || text[last] == '\n') break;
      begin = last;
    }
    std::size_t const line_end = text.find('\n', begin);
    std::size_t const end = line_end == std::string_view::npos ? text.size() : line_end;
    found = text.substr(begin, end - begin);
    at = end;
  }
  return found;
}

}  // namespace reward::compat
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

/// LaTeX as plain text with the signs that prm800k's grader goes on with (it calls pylatexenc): \frac{a}{b} is a/b, \sqrt{a}
/// is sqrt(a), \pi pi, \infty inf, \cup U, \cdot and \times *; \text{a} and other commands with a group leave the group,
/// commands without a meaning vanish, braces go. A fraction gets a space before it, so that 7\frac34 is a mixed number.
/// Groups nested deeper than 64 are copied as they are. Deviation: bold letters stay plain letters (pylatexenc takes
/// mathematical bold), and a command whose arguments are missing leaves nothing of itself.
inline std::string latex_text(std::string_view text, int depth = 0);

namespace latex {

/// An argument of a command at `at`, which it moves behind it: a group's inside, a command or one character.
inline std::string_view argument(std::string_view text, std::size_t& at) {
  while (at < text.size() && unicode::is_space(static_cast<unsigned char>(text[at]))) ++at;
  if (at >= text.size()) return {};
  std::size_t const begin = at;
  if (text[at] == '{') {
    std::int64_t level = 0;
    for (; at < text.size(); ++at) {
      if (text[at] == '\\') {
        ++at;
      } else if (text[at] == '{') {
        ++level;
      } else if (text[at] == '}' && --level == 0) {
        return text.substr(begin + 1, at++ - begin - 1);
      }
    }
    at = text.size();
    return text.substr(begin + 1);
  }
  if (text[at] == '\\') {
    ++at;
    while (at < text.size() && unicode::is_ascii_letter(static_cast<unsigned char>(text[at]))) ++at;
    return text.substr(begin, at - begin);
  }
  at += unicode::decode(text, at).size;
  return text.substr(begin, at - begin);
}

/// What a command without arguments stands for; nothing where it has no meaning here.
inline std::string_view symbol(std::string_view name) {
  constexpr std::string_view table[][2] = {
      {"pi", "pi"},    {"infty", "inf"}, {"cup", "U"},   {"cdot", "*"},  {"times", "*"},   {"pm", "±"},
      {"le", "≤"},     {"leq", "≤"},     {"ge", "≥"},    {"geq", "≥"},   {"ne", "≠"},      {"neq", "≠"},
      {"alpha", "α"},  {"beta", "β"},    {"gamma", "γ"}, {"delta", "δ"}, {"epsilon", "ϵ"}, {"theta", "θ"},
      {"lambda", "λ"}, {"mu", "μ"},      {"rho", "ρ"},   {"sigma", "σ"}, {"tau", "τ"},     {"phi", "ϕ"},
      {"varphi", "φ"}, {"omega", "ω"},   {"Delta", "Δ"}, {"cap", "∩"},   {"in", "∈"},      {"emptyset", "∅"},
      {"sin", "sin"},  {"cos", "cos"},   {"tan", "tan"}, {"cot", "cot"}, {"sec", "sec"},   {"csc", "csc"},
      {"log", "log"},  {"ln", "ln"},     {"exp", "exp"}, {"max", "max"}, {"min", "min"},   {"ldots", "…"},
      {"dots", "…"},   {"cdots", "⋯"},   {"circ", "∘"},  {"div", "÷"},   {"to", "→"},      {"quad", " "}};
  for (auto const& [command, sign] : table) {
    if (command == name) return sign;
  }
  return {};
}

}  // namespace latex

inline std::string latex_text(std::string_view text, int depth) {
  if (depth > 64) return std::string(text);
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    char const c = text[at];
    if (c == '{' || c == '}') {
      ++at;
      continue;
    }
    if (c != '\\' || at + 1 >= text.size()) {
      result.push_back(c);
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && unicode::is_ascii_letter(static_cast<unsigned char>(text[end]))) ++end;
    std::string_view const name = text.substr(at + 1, end - at - 1);
    if (name.empty()) {
      char const sign = text[at + 1];
      if (sign == ' ' || sign == ',' || sign == ';' || sign == ':') result.push_back(' ');
      if (sign == '{' || sign == '}' || sign == '%' || sign == '$' || sign == '&' || sign == '#' || sign == '_') {
        result.push_back(sign);
      }
      at += 2;
      continue;
    }
    at = end;
    if (name == "frac" || name == "tfrac" || name == "dfrac") {
      std::string_view const a = latex::argument(text, at);
      std::string_view const b = latex::argument(text, at);
      result.append(" ").append(latex_text(a, depth + 1)).append("/").append(latex_text(b, depth + 1));
    } else if (name == "sqrt") {
      if (at < text.size() && text[at] == '[') {
        std::size_t const close = text.find(']', at);
        at = close == std::string_view::npos ? text.size() : close + 1;
      }
      result.append("sqrt(").append(latex_text(latex::argument(text, at), depth + 1)).append(")");
    } else {
      result += latex::symbol(name);
    }
  }
  return result;
}

}  // namespace reward::compat
AHA_NAMESPACE_END

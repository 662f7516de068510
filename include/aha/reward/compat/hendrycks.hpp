// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

// The string normalisation of Hendrycks' MATH (arXiv:2103.03874), which prm800k, lm-eval, verl, slime and open-instruct share.
// Strings only: 1,000 is not 1000 and 2/4 not 1/2 here.

namespace hendrycks {

/// \frac12 and \frac1{2} become \frac{1}{2}; nullopt where Python would raise (a text that ends with \frac).
inline std::optional<std::string> fix_fracs(std::string_view text) {
  std::vector<std::string_view> const parts = split(text, "\\frac");
  std::string result(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string_view const part = parts[i];
    result += "\\frac";
    if (part.empty()) return std::nullopt;
    if (part.front() == '{') {
      result += part;
      continue;
    }
    std::size_t const first = unicode::decode(part, 0).size;
    if (first == part.size()) return std::string(text);  // one character is too few: nothing is changed anywhere
    std::size_t const second = unicode::decode(part, first).size;
    result.append("{").append(part.substr(0, first)).append("}");
    if (part[first] == '{') {
      result += part.substr(first);
    } else {
      result.append("{").append(part.substr(first, second)).append("}").append(part.substr(first + second));
    }
  }
  return result;
}

/// \sqrt2 becomes \sqrt{2}; nullopt where Python would raise (a text that ends with \sqrt).
inline std::optional<std::string> fix_sqrt(std::string_view text) {
  std::vector<std::string_view> const parts = split(text, "\\sqrt");
  std::string result(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string_view const part = parts[i];
    if (part.empty()) return std::nullopt;
    result += "\\sqrt";
    if (part.front() == '{') {
      result += part;
    } else {
      std::size_t const first = unicode::decode(part, 0).size;
      result.append("{").append(part.substr(0, first)).append("}").append(part.substr(first));
    }
  }
  return result;
}

/// 3/4 becomes \frac{3}{4}, for two whole numbers as Python prints them.
inline std::string fix_a_slash_b(std::string_view text) {
  std::size_t const at = text.find('/');
  if (at == std::string_view::npos || text.find('/', at + 1) != std::string_view::npos) return std::string(text);
  std::optional<std::string> const a = to_int_text(text.substr(0, at));
  std::optional<std::string> const b = to_int_text(text.substr(at + 1));
  if (!a || !b || text != *a + "/" + *b) return std::string(text);
  return "\\frac{" + *a + "}{" + *b + "}";
}

}  // namespace hendrycks

/// strip_string: line ends, \left, \right, degrees, percent, dollars, units in "\text{ ", a short "x=" before the value and
/// spaces go; fractions and roots get their braces; 0.5 becomes \frac{1}{2}. nullopt where the peers' function raises (two
/// "\text{ ", a text that ends with \frac or \sqrt).
inline std::optional<std::string> strip_string(std::string_view text) {
  std::string s(text);
  constexpr std::string_view steps[][2] = {{"\n", ""},        {"\\!", ""},    {"\\\\", "\\"},  {"tfrac", "frac"},
                                           {"dfrac", "frac"}, {"\\left", ""}, {"\\right", ""}, {"^{\\circ}", ""},
                                           {"^\\circ", ""},   {"\\$", ""}};
  for (auto const& [what, with] : steps) s = replaced(s, what, with);
  std::size_t const unit = s.find("\\text{ ");
  if (unit != std::string::npos) {
    if (s.find("\\text{ ", unit + 1) != std::string::npos) return std::nullopt;
    s.resize(unit);
  }
  constexpr std::string_view more[][2] = {{"\\%", ""}, {" .", " 0."}, {"{.", "{0."}};
  for (auto const& [what, with] : more) s = replaced(s, what, with);
  if (s.empty()) return s;
  if (s.front() == '.') s.insert(0, "0");
  std::size_t const equals = s.find('=');
  if (equals != std::string::npos && s.find('=', equals + 1) == std::string::npos &&
      count_characters(std::string_view(s).substr(0, equals)).count <= 2) {
    s = s.substr(equals + 1);
  }
  std::optional<std::string> const roots = hendrycks::fix_sqrt(s);
  if (!roots) return std::nullopt;
  std::optional<std::string> const fractions = hendrycks::fix_fracs(replaced(*roots, " ", ""));
  if (!fractions) return std::nullopt;
  return hendrycks::fix_a_slash_b(*fractions == "0.5" ? "\\frac{1}{2}" : *fractions);
}

/// Equality after `strip_string`; of the texts as they are where it raises for one.
inline bool hendrycks_equal(std::string_view a, std::string_view b) {
  std::optional<std::string> const x = strip_string(a);
  std::optional<std::string> const y = strip_string(b);
  return x && y ? *x == *y : a == b;
}

/// The inside of a text that is \text{...} as a whole (one line, a line end behind it allowed), by ^\\text\{(.+?)\}$.
inline std::optional<std::string_view> inside_text(std::string_view text) {
  constexpr std::string_view left = "\\text{";
  if (ends_with(text, "\n")) text.remove_suffix(1);
  if (!starts_with(text, left) || text.size() < left.size() + 2 || text.back() != '}') return std::nullopt;
  std::string_view const inside = text.substr(left.size(), text.size() - left.size() - 1);
  return contains(inside, "\n") ? std::nullopt : std::optional(inside);
}

/// mathd_normalize_answer: without an enclosing \text{}, then `strip_string`; the text before that where it raises.
inline std::string mathd_normalize(std::string_view answer) {
  std::string_view s = unicode::stripped(answer);
  if (std::optional<std::string_view> const inside = inside_text(s)) s = unicode::stripped(*inside);
  std::optional<std::string> normal = strip_string(s);
  return normal ? *std::move(normal) : std::string(s);
}

}  // namespace reward::compat
AHA_NAMESPACE_END

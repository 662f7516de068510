// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/outcome.hpp>
#include <aha/reward/text/character.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// What marks a step of reasoning. The words are matched as written.
struct step_marks {
  bool numbered_words = true;  ///< "Step 12:"
  bool numbered_lines = true;  ///< "12." at the begin of a line
  bool bullets = true;         ///< "-" or "*" at the begin of a line
  bool openers = true;         ///< "First,", "Second,", "Next,", "Finally,"
  bool first_line = true;      ///< whether the begin of the text is one of a line for bullets
  bool every_line = true;      ///< whether lines but the first may be numbered
};

/// How many steps a text marks; marks do not overlap. Linear.
inline std::int64_t count_steps(std::string_view text, step_marks const& marks = {}) {
  auto const starts = [&](std::size_t at, std::string_view with) { return text.substr(at, with.size()) == with; };
  std::int64_t steps = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t taken = 0;
    bool const line = at == 0 || text[at - 1] == '\n';
    if (marks.numbered_words && text[at] == 'S' && starts(at, "Step ")) {
      std::size_t const n = unicode::digits_at(text, at + 5);
      if (n > 0 && starts(at + 5 + n, ":")) taken = 5 + n + 1;
    }
    if (taken == 0 && marks.numbered_lines && line && (at == 0 || marks.every_line)) {
      std::size_t const n = unicode::digits_at(text, at);
      if (n > 0 && starts(at + n, ".")) taken = n + 1;
    }
    if (taken == 0 && marks.bullets && line && (at > 0 || marks.first_line) && (text[at] == '-' || text[at] == '*')) {
      taken = 1;
    }
    if (taken == 0 && marks.openers) {
      for (std::string_view const word : {"First,", "Second,", "Next,", "Finally,"}) {
        if (starts(at, word)) taken = word.size();
      }
    }
    if (taken > 0) ++steps;
    at += taken > 0 ? taken : 1;
  }
  return steps;
}

/// min(1, steps / enough): partial credit up to `enough` steps.
inline outcome reasoning_steps(std::string_view text, std::int64_t enough = 3, step_marks const& marks = {}) {
  double const share = static_cast<double>(count_steps(text, marks)) / static_cast<double>(enough);
  return share < 1.0 ? share : 1.0;
}

}  // namespace reward
AHA_NAMESPACE_END

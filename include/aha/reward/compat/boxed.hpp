// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

// How peers take the last \boxed{...} out of a text. Spans, not copies; nullopt is their None.

/// From `at` to the brace that closes the first one open there. (A closing brace that comes first leaves the count below
/// zero, as in the peers.)
inline std::optional<std::string_view> braced(std::string_view text, std::size_t at) {
  std::int64_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return text.substr(at, i + 1 - at);
  }
  return std::nullopt;
}

/// `\boxed{...}` whole, the last one (verl's math_dapo, slime's copy).
inline std::optional<std::string_view> last_boxed(std::string_view text) {
  std::size_t const at = text.rfind("\\boxed{");
  return at == std::string_view::npos ? std::nullopt : braced(text, at);
}
/// The last \boxed, else the last \fbox, whole (slime's math, prm800k).
inline std::optional<std::string_view> last_boxed_or_fboxed(std::string_view text) {
  std::size_t at = text.rfind("\\boxed");
  if (at == std::string_view::npos) at = text.rfind("\\fbox");
  return at == std::string_view::npos ? std::nullopt : braced(text, at);
}
/// The same, and where "\boxed " occurs: what follows its last occurrence, up to a dollar (Hendrycks, verl).
inline std::optional<std::string> last_boxed_hendrycks(std::string_view text) {
  std::size_t const at = text.rfind("\\boxed ");
  if (at != std::string_view::npos) {
    std::string_view const rest = text.substr(at + 7);
    return "\\boxed " + std::string(rest.substr(0, rest.find('$')));
  }
  std::optional<std::string_view> const found = last_boxed_or_fboxed(text);
  if (!found) return std::nullopt;
  return std::string(*found);
}

/// The inside of a text `\boxed{...}`; nullopt for any other text.
inline std::optional<std::string_view> unboxed(std::string_view text) {
  constexpr std::string_view left = "\\boxed{";
  if (!starts_with(text, left) || text.back() != '}') return std::nullopt;
  return text.substr(left.size(), text.size() - left.size() - 1);
}
/// The same, with `\boxed answer` (Hendrycks).
inline std::optional<std::string_view> unboxed_hendrycks(std::string_view text) {
  constexpr std::string_view left = "\\boxed ";
  return starts_with(text, left) ? std::optional(text.substr(left.size())) : unboxed(text);
}

}  // namespace reward::compat
AHA_NAMESPACE_END

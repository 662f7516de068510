// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/text/repeated_block.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::skyrl {

// SkyRL's predicates of readability (skyrl-agent, verifiers/torl), number for number.

/// check_mixed_languages: at least 20 of U+4E00 to U+9FFF and at least 20 ASCII letters.
inline bool mixed_languages(std::string_view text) {
  std::int64_t chinese = 0;
  std::int64_t english = 0;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    if (c.point >= 0x4e00 && c.point <= 0x9fff) ++chinese;
    if (unicode::is_ascii_letter(c.point)) ++english;
  });
  return chinese >= 20 && english >= 20;
}

/// check_garbled_characters: more than 3 of 10 characters outside ASCII letters, digits, white space, most ASCII signs and the
/// mathematical operators U+2200 to U+22FF. So Greek is garbled; `not_garbled` knows better.
inline bool garbled(std::string_view text) {
  constexpr std::string_view signs = ".,!?\"'(){}[]_-+=<>/@#$%^&*\\|:;~`";
  std::int64_t all = 0;
  std::int64_t bad = 0;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    ++all;
    bool const good = unicode::is_ascii_letter(c.point) || unicode::is_ascii_digit(c.point) ||
                      unicode::is_space(c.point) || (c.point >= 0x2200 && c.point <= 0x22ff) ||
                      (c.point < 0x80 && signs.find(static_cast<char>(c.point)) != std::string_view::npos);
    if (!good) ++bad;
  });
  return all > 0 && static_cast<double>(bad) / static_cast<double>(all) > 0.3;
}

/// has_repeated_patterns: a block of at least five characters five times in a row in one line; not in the quadratic time of
/// the peer's (.{5,}?)\1{4,}.
inline bool repeated_patterns(std::string_view text) { return find_repeated_run(text, 5, 5).times > 0; }

}  // namespace reward::compat::skyrl
AHA_NAMESPACE_END

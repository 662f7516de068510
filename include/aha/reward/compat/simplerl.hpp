// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/squad.hpp>
#include <aha/reward/compat/tinyzero.hpp>
#include <map>

AHA_NAMESPACE_BEGIN
namespace reward::compat::simplerl {

// simpleRL-reason's reward for knights and knaves (verl/utils/reward_score/kk.py), number for number.

namespace knights {

/// Words of ASCII letters, digits and low lines with their places, small letters.
struct word {
  std::string small;
  std::string_view text;
  std::size_t begin;
};
inline std::vector<word> words(std::string_view text) {
  std::vector<word> all;
  std::size_t begin = text.size();
  auto const flush = [&](std::size_t end) {
    if (begin < end) {
      std::string_view const w = text.substr(begin, end - begin);
      all.push_back({unicode::lowered(w), w, begin});
    }
    begin = text.size();
  };
  unicode::for_each_character(text, [&](unicode::character c, std::size_t at) {
    if (!is_word_character(c.point)) {
      flush(at);
    } else if (begin == text.size()) {
      begin = at;
    }
  });
  flush(text.size());
  return all;
}
inline bool is_role(std::string const& w) { return w == "knight" || w == "knave"; }
inline bool is_name(std::string_view w) {
  for (char const c : w) {
    if (!unicode::is_ascii_letter(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

/// The roles that a solution states, a line each: the first name with a role behind it.
inline std::map<std::string, std::string> expected(std::string_view solution) {
  std::map<std::string, std::string> roles;
  for (std::string_view const line : split(solution, "\n")) {
    std::vector<word> const all = words(line);
    std::size_t name = 0;
    while (name < all.size() && !is_name(all[name].text)) ++name;
    std::size_t role = name + 1;
    while (role < all.size() && !is_role(all[role].small)) ++role;
    if (role < all.size()) roles[std::string(all[name].text)] = all[role].small;
  }
  return roles;
}

/// The roles that an answer gives to the names, by "NAME is a knight"; nullopt where one is missing or roles are named more or
/// less often than there are names.
inline std::optional<std::map<std::string, std::string>> answered(std::string_view answer,
                                                                  std::map<std::string, std::string> const& names) {
  std::string const small = unicode::lowered(answer);
  if (count(small, "knight") + count(small, "knave") != static_cast<std::int64_t>(names.size())) return std::nullopt;
  std::vector<word> const all = words(answer);
  std::map<std::string, std::string> roles;
  for (auto const& [name, role] : names) {
    std::string const wanted = unicode::lowered(name);
    bool found = false;
    for (std::size_t i = 0; i + 3 < all.size() && !found; ++i) {
      bool const fits =
          all[i].small == wanted && all[i + 1].small == "is" && all[i + 2].small == "a" && is_role(all[i + 3].small);
      if (!fits) continue;
      // Nothing but white space between the four words.
      bool blanks = true;
      for (std::size_t k = i; k < i + 3; ++k) {
        std::size_t const end = all[k].begin + all[k].text.size();
        blanks = blanks && unicode::stripped(answer.substr(end, all[k + 1].begin - end)).empty();
      }
      if (!blanks) continue;
      roles[name] = all[i + 3].small;
      found = true;
    }
    if (!found) return std::nullopt;
  }
  return roles;
}

}  // namespace knights

/// kk.compute_score: tags <think> </think> <answer> </answer> once each and in order +1, else -1 and nothing more; then the
/// answer: right +2, wrong -1.5, unreadable -2. `solution`: lines such as "(1) Zoey is a knight".
inline outcome knights_and_knaves(std::string_view text, std::string_view solution, double format_reward = 1.0) {
  std::string_view const response = tinyzero::response_of(text).value_or(text);
  bool const headed = tinyzero::response_of(text).has_value();
  std::size_t last = 0;
  bool format = true;
  for (std::string_view const tag : {"<think>", "</think>", "<answer>", "</answer>"}) {
    std::size_t const at = response.find(tag);
    format = format && count(response, tag) == 1 && at >= last;
    last = at;
  }
  if (!format) return {-std::fabs(format_reward), status::scored, reason::missing_tag};
  std::optional<std::string_view> const found =
      headed ? last_between(response, "<answer>", "</answer>", true) : std::nullopt;
  std::string_view const answer = found ? unicode::stripped(*found) : std::string_view();
  if (answer.empty()) return {format_reward, status::scored, reason::empty_block};
  std::map<std::string, std::string> const wanted = knights::expected(solution);
  auto const given = knights::answered(answer, wanted);
  if (!given || given->empty()) return format_reward - 2.0;
  return format_reward + (*given == wanted ? 2.0 : -1.5);
}

}  // namespace reward::compat::simplerl
AHA_NAMESPACE_END

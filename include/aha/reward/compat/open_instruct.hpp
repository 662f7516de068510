// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/squad.hpp>
#include <aha/reward/length.hpp>
#include <aha/reward/outcome.hpp>

AHA_NAMESPACE_BEGIN
namespace reward::compat::open_instruct {

// open-instruct's verifiers (open_instruct/ground_truth_utils.py, if_functions.py) and data filters, number for number. Its
// strip_string is `compat::strip_string`.

/// remove_thinking_section: behind the last </think>, without answer tags, without white space at the ends.
inline std::string without_thinking(std::string_view text) {
  std::string const plain = replaced(text, "<|assistant|>", "");
  std::string const answer(after_last(unicode::stripped(plain), "</think>"));
  return std::string(unicode::stripped(replaced(replaced(answer, "<answer>", ""), "</answer>", "")));
}

/// F1Verifier: the best F1 over the labels.
inline outcome string_f1(std::string_view text, std::vector<std::string> const& labels) {
  std::string const answer = without_thinking(text);
  double best = 0;
  for (std::string const& l : labels) best = std::fmax(best, f1_score(answer, l).score);
  return best;
}
/// PuzzleMatcherVerifier: equality after normalisation.
inline outcome puzzle(std::string_view text, std::string_view label) {
  return normalize_answer(without_thinking(text)) == normalize_answer(label) ? 1.0 : 0.0;
}
/// FlanVerifier: what stands behind the last "The answer is: ".
inline outcome flan(std::string_view text, std::string_view label) {
  return normalize_answer(unicode::stripped(after_last(text, "The answer is: "))) == normalize_answer(label) ? 1.0
                                                                                                             : 0.0;
}
/// StringMatcherVerifier: the last <answer> block; 0 without tags.
inline outcome string_matcher(std::string_view text, std::string_view label) {
  if (!contains(text, "<answer>") || !contains(text, "</answer>")) return {0.0, status::scored, reason::missing_tag};
  std::string_view const answer = split(after_last(text, "<answer>"), "</answer>").front();
  return normalize_answer(answer) == normalize_answer(label) ? 1.0 : 0.0;
}

/// The last number of a text as it is written, commas between digits out; the whole text where there is none.
inline std::string last_number(std::string_view text) {
  std::string joined;
  for (std::size_t at = 0; at < text.size();) {
    // (\d),(\d) takes both digits with it: of 1,2,3 one comma stays.
    unicode::character const c = unicode::decode(text, at);
    std::size_t const next = at + c.size;
    bool const comma = unicode::digit_value(c.point) >= 0 && next + 1 < text.size() && text[next] == ',' &&
                       unicode::digit_value(unicode::decode(text, next + 1).point) >= 0;
    joined.append(text.substr(at, c.size));
    at = next;
    if (!comma) continue;
    std::size_t const size = unicode::decode(text, next + 1).size;
    joined.append(text.substr(next + 1, size));
    at = next + 1 + size;
  }
  std::string_view const all = joined;
  std::string_view last = all;
  for (std::size_t at = 0; at < all.size();) {
    // [-+]?(?:\d*\.\d+|\d+)
    std::size_t const sign = all[at] == '-' || all[at] == '+' ? 1 : 0;
    std::size_t const whole = unicode::digits_at(all, at + sign);
    std::size_t end = at + sign + whole;
    std::size_t const fraction = end < all.size() && all[end] == '.' ? unicode::digits_at(all, end + 1) : 0;
    if (fraction > 0) end += 1 + fraction;
    if (whole == 0 && fraction == 0) {
      ++at;
      continue;
    }
    last = all.substr(at, end - at);
    at = end;
  }
  return std::string(last);
}
/// GSM8KVerifier: equality of the last number with the label, as texts: 42.0 is not 42.
inline outcome gsm8k(std::string_view text, std::string_view label) {
  return unicode::lowered(last_number(text)) == unicode::lowered(label) ? 1.0 : 0.0;
}

/// MaxLenVerifier and UpToMaxLenVerifier: 1 - |L - T| / span; the second is 1 below T. May fall below 0.
inline outcome max_length(tokens length, tokens target, double span = 32768.0) {
  return target_length(static_cast<double>(length.count), static_cast<double>(target.count), span);
}
inline outcome up_to_max_length(tokens length, tokens target, double span = 32768.0) {
  return length.count < target.count ? outcome(1.0) : max_length(length, target, span);
}

/// validate_choice: true where an option occurs in the text.
inline bool validate_choice(std::string_view text, std::vector<std::string> const& options) {
  for (std::string const& o : options) {
    if (contains(text, o)) return true;
  }
  return false;
}
/// How many words of ASCII capitals alone a text has (\b[A-Z]+\b).
inline std::int64_t capital_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  bool capitals = true;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    if (is_word_character(c.point)) {
      capitals = capitals && c.point >= 'A' && c.point <= 'Z';
      inside = true;
    } else {
      if (inside && capitals) ++words;
      inside = false;
      capitals = true;
    }
  });
  return words + (inside && capitals ? 1 : 0);
}
/// validate_frequency_capital_words: "at least" n, "at most" n, or "around" n (within n / 10 rounded half to even, at least 1).
inline bool validate_capital_words(std::string_view text, std::int64_t n, std::string_view quantifier) {
  std::int64_t const words = capital_words(text);
  if (quantifier == "at least") return words >= n;
  if (quantifier == "at most") return words <= n;
  double const near = std::fmax(std::nearbyint(static_cast<double>(n) * 0.1), 1.0);
  return quantifier == "around" && std::fabs(static_cast<double>(words - n)) <= near;
}

/// is_think: <think>...</think> and anything.
inline bool is_think(std::string_view text) {
  return starts_with(text, "<think>") && text.find("</think>", 7) != std::string_view::npos;
}
/// is_think_answer: <think>...</think><answer>...</answer>, nothing between the blocks and nothing behind.
inline bool is_think_answer(std::string_view text) {
  constexpr std::string_view middle = "</think><answer>";
  constexpr std::string_view close = "</answer>";
  std::size_t const at = starts_with(text, "<think>") ? text.find(middle, 7) : std::string_view::npos;
  return at != std::string_view::npos && ends_with(text, close) && at + middle.size() + close.size() <= text.size();
}
/// get_chinese_character_ratio: the share of U+4E00 to U+9FFF (the extension blocks are not counted); 0 of an empty text.
inline double chinese_ratio(std::string_view text) {
  std::int64_t all = 0;
  std::int64_t chinese = 0;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t) {
    ++all;
    if (c.point >= 0x4e00 && c.point <= 0x9fff) ++chinese;
  });
  return all > 0 ? static_cast<double>(chinese) / static_cast<double>(all) : 0.0;
}

}  // namespace reward::compat::open_instruct
AHA_NAMESPACE_END

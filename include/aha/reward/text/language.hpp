// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/outcome.hpp>
#include <aha/reward/text/markup.hpp>
#include <cstdint>
#include <initializer_list>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A set of scripts.
class script_set {
 public:
  constexpr script_set() = default;
  constexpr script_set(std::initializer_list<unicode::script> list) {
    for (unicode::script const s : list) bits_[index(s)] |= bit(s);
  }
  constexpr bool contains(unicode::script s) const { return (bits_[index(s)] & bit(s)) != 0; }
  constexpr bool empty() const { return (bits_[0] | bits_[1] | bits_[2] | bits_[3]) == 0; }

 private:
  static constexpr unsigned index(unicode::script s) { return static_cast<unsigned>(s) >> 6; }
  static constexpr std::uint64_t bit(unicode::script s) { return std::uint64_t{1} << (static_cast<unsigned>(s) & 63); }
  std::uint64_t bits_[4] = {};
};

/// A language and the scripts that its words are written in. Languages of one script are not told apart: for the reward
/// that keeps a chain of thought from switching scripts this suffices, and it needs no model.
struct language {
  std::string_view name;  ///< ISO 639-1
  script_set scripts;
};

/// The languages known by name.
inline constexpr language languages[] = {
    {"en", {unicode::script::latin}},
    {"de", {unicode::script::latin}},
    {"fr", {unicode::script::latin}},
    {"es", {unicode::script::latin}},
    {"it", {unicode::script::latin}},
    {"pt", {unicode::script::latin}},
    {"nl", {unicode::script::latin}},
    {"pl", {unicode::script::latin}},
    {"cs", {unicode::script::latin}},
    {"sv", {unicode::script::latin}},
    {"da", {unicode::script::latin}},
    {"fi", {unicode::script::latin}},
    {"no", {unicode::script::latin}},
    {"hu", {unicode::script::latin}},
    {"ro", {unicode::script::latin}},
    {"tr", {unicode::script::latin}},
    {"vi", {unicode::script::latin}},
    {"id", {unicode::script::latin}},
    {"ms", {unicode::script::latin}},
    {"sw", {unicode::script::latin}},
    {"ru", {unicode::script::cyrillic}},
    {"uk", {unicode::script::cyrillic}},
    {"bg", {unicode::script::cyrillic}},
    {"el", {unicode::script::greek}},
    {"hy", {unicode::script::armenian}},
    {"ka", {unicode::script::georgian}},
    {"he", {unicode::script::hebrew}},
    {"ar", {unicode::script::arabic}},
    {"fa", {unicode::script::arabic}},
    {"ur", {unicode::script::arabic}},
    {"hi", {unicode::script::devanagari}},
    {"mr", {unicode::script::devanagari}},
    {"bn", {unicode::script::bengali}},
    {"ta", {unicode::script::tamil}},
    {"te", {unicode::script::telugu}},
    {"th", {unicode::script::thai}},
    {"am", {unicode::script::ethiopic}},
    {"zh", {unicode::script::han, unicode::script::bopomofo}},
    {"ja", {unicode::script::han, unicode::script::hiragana, unicode::script::katakana}},
    {"ko", {unicode::script::hangul, unicode::script::han}},
};

/// The language of a name, or null.
constexpr language const* find_language(std::string_view name) {
  for (language const& l : languages) {
    if (l.name == name) return &l;
  }
  return nullptr;
}

/// What counts as a word.
struct language_options {
  markup_options markup;  ///< what is left out
  bool single_letters =
      false;  ///< whether a lone letter outside the target's scripts is a word; else it is a variable (x, π)
};

/// Words of a text by script.
struct word_count {
  std::int64_t words = 0;   ///< all
  std::int64_t target = 0;  ///< those of the target's scripts
  /// Their ratio; 0 where there are no words.
  constexpr double share() const { return words > 0 ? static_cast<double>(target) / static_cast<double>(words) : 0.0; }
};

/// True for scripts that are written without spaces and counted by character (the letter count is their word count).
constexpr bool counts_by_character(unicode::script s) {
  return s == unicode::script::han || s == unicode::script::hiragana || s == unicode::script::katakana ||
         s == unicode::script::bopomofo;
}

/// Calls `f(script, letters)` for every word of the prose of a text. A word is a longest run of letters of one script, with
/// marks and letters common to scripts belonging to what they follow, and with one apostrophe or hyphen between letters;
/// of Han, kana and Bopomofo every letter is a word. Digits and signs are no words.
template <class F>
void for_each_script_word(std::string_view text, markup_options const& markup, F&& f) {
  for_each_prose(text, markup, [&](std::string_view prose) {
    unicode::script current = unicode::script::none;
    std::int64_t letters = 0;
    bool joined = false;
    auto const flush = [&] {
      if (letters > 0) f(current, letters);
      letters = 0;
      current = unicode::script::none;
      joined = false;
    };
    unicode::for_each_character(prose, [&](unicode::character c, std::size_t) {
      unicode::script s = unicode::script_of(c.point);
      if (s == unicode::script::none) {
        bool const joiner = c.point == '\'' || c.point == '-' || c.point == 0x2019;
        if (!joiner || joined || letters == 0 || counts_by_character(current)) {
          flush();
        } else {
          joined = true;
        }
        return;
      }
      bool const neutral = s == unicode::script::common || s == unicode::script::inherited;
      if (neutral && letters > 0) {
        joined = false;
        return;
      }
      if (neutral) return;
      if (s != current || counts_by_character(s)) flush();
      current = s;
      joined = false;
      ++letters;
    });
    flush();
  });
}

/// Counts the words of a text and those of the target's scripts.
inline word_count count_words(std::string_view text, script_set const& target, language_options const& options = {}) {
  word_count n;
  for_each_script_word(text, options.markup, [&](unicode::script s, std::int64_t letters) {
    bool const hit = target.contains(s);
    if (!hit && letters == 1 && !options.single_letters && !counts_by_character(s)) return;
    ++n.words;
    if (hit) ++n.target;
  });
  return n;
}

/// The language consistency reward: words of the target language / all words of the reasoning, in [0, 1]. DeepSeek-R1,
/// arXiv:2501.12948 eq. 7, which leaves open what a word is and what becomes of digits, formulas and code: see
/// `for_each_script_word` and `language_options`. A text without words is abstained from, not rewarded. `text` is the
/// reasoning alone (`match_tags` cuts it out).
inline outcome language_consistency(std::string_view text, script_set const& target,
                                    language_options const& options = {}) {
  word_count const n = count_words(text, target, options);
  if (n.words == 0) return {std::numeric_limits<double>::quiet_NaN(), status::abstained, reason::no_words};
  return {n.share(), status::scored, n.target == n.words ? reason::none : reason::mixed_languages};
}
/// The same by the name of a language ("en", "zh"); one that is not in `languages` is refused.
inline outcome language_consistency(std::string_view text, std::string_view name,
                                    language_options const& options = {}) {
  language const* const known = find_language(name);
  if (known == nullptr) {
    report(bad_argument("language_consistency", "language", "a name of `languages` (ISO 639-1)", name), nullptr);
    return {std::numeric_limits<double>::quiet_NaN(), status::error, reason::host_error};
  }
  return language_consistency(text, known->scripts, options);
}

}  // namespace reward
AHA_NAMESPACE_END

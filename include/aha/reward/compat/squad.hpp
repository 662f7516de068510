// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/compat/python_text.hpp>
#include <unordered_map>

AHA_NAMESPACE_BEGIN
namespace reward::compat {

// SQuAD's answer normalisation and token F1 (arXiv:1606.05250), which open-instruct, slime and verl's search rewards share.

/// True for ASCII punctuation (Python's string.punctuation).
constexpr bool is_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}
/// True for what \w matches: letters, numbers, the low line. Deviation: marks on letters are part of them.
constexpr bool is_word_character(char32_t c) { return c == '_' || unicode::is_letter(c) || unicode::is_number(c); }

/// Small letters, no ASCII punctuation, no words a, an and the, single spaces.
inline std::string normalize_answer(std::string_view answer) {
  std::string plain;
  unicode::for_each_character(answer, [&](unicode::character c, std::size_t at) {
    if (is_punctuation(c.point)) return;
    if (c.valid) {
      unicode::append(plain, unicode::to_lower(c.point));
    } else {
      plain.append(answer.substr(at, c.size));
    }
  });
  std::string spaced;
  std::string word;
  auto const flush = [&] {
    spaced += word == "a" || word == "an" || word == "the" ? " " : word;
    word.clear();
  };
  unicode::for_each_character(plain, [&](unicode::character c, std::size_t at) {
    std::string_view const bytes = std::string_view(plain).substr(at, c.size);
    if (is_word_character(c.point)) {
      word += bytes;
    } else {
      flush();
      spaced += bytes;
    }
  });
  flush();
  std::string result;
  unicode::for_each_word(spaced, [&](std::string_view w) {
    if (!result.empty()) result.push_back(' ');
    result += w;
  });
  return result;
}

/// Agreement of two bags of words.
struct f1 {
  double score = 0;
  double precision = 0;
  double recall = 0;
};

/// F1 of the normalised words. `yes_no`: where one side is yes, no or noanswer and the other differs, 0 (slime's).
inline f1 f1_score(std::string_view prediction, std::string_view truth, bool yes_no = false) {
  std::string const p = normalize_answer(prediction);
  std::string const t = normalize_answer(truth);
  auto const closed = [](std::string const& s) { return s == "yes" || s == "no" || s == "noanswer"; };
  if (yes_no && p != t && (closed(p) || closed(t))) return {};
  std::unordered_map<std::string_view, std::int64_t> left;
  std::int64_t truths = 0;
  std::int64_t predictions = 0;
  std::int64_t same = 0;
  unicode::for_each_word(t, [&](std::string_view w) {
    ++left[w];
    ++truths;
  });
  unicode::for_each_word(p, [&](std::string_view w) {
    ++predictions;
    auto const found = left.find(w);
    if (found != left.end() && found->second > 0) {
      --found->second;
      ++same;
    }
  });
  if (same == 0) return {};
  double const precision = static_cast<double>(same) / static_cast<double>(predictions);
  double const recall = static_cast<double>(same) / static_cast<double>(truths);
  return {2 * precision * recall / (precision + recall), precision, recall};
}

}  // namespace reward::compat
AHA_NAMESPACE_END

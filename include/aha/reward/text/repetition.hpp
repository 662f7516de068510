// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/span.hpp>
#include <aha/reward/outcome.hpp>
#include <aha/reward/text/character.hpp>
#include <unordered_map>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward {

/// How many n-grams a sequence has and how many of them are distinct.
struct ngram_count {
  std::int64_t total = 0;
  std::int64_t distinct = 0;
  /// The share of n-grams that repeat an earlier one; 0 where there is none.
  constexpr double repeated() const {
    return total > 0 ? 1.0 - static_cast<double>(distinct) / static_cast<double>(total) : 0.0;
  }
};

/// Numbers the pairs (a[i], b[i]) 0, 1, ... in order of their first occurrence, exactly, and puts the numbers into a. A table of
/// places with at least as many free ones as taken; a mixer chooses them, so that neighbouring ids do not crowd together.
class pair_numbering {
 public:
  /// Returns how many numbers there are. `b` has n entries, as `a` at least.
  std::int64_t number(std::vector<std::int64_t>& a, std::int64_t const* b, std::size_t n) {
    std::size_t places = 16;
    while (places < 2 * n) places *= 2;
    table_.assign(places, unused);
    pairs_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      pair const p{a[i], b[i]};
      std::size_t at = mixed(p) & (places - 1);
      while (table_[at] != unused && !(pairs_[static_cast<std::size_t>(table_[at])] == p)) at = (at + 1) & (places - 1);
      if (table_[at] == unused) {
        table_[at] = static_cast<std::int64_t>(pairs_.size());
        pairs_.push_back(p);
      }
      a[i] = table_[at];
    }
    return static_cast<std::int64_t>(pairs_.size());
  }

 private:
  static constexpr std::int64_t unused = -1;
  struct pair {
    std::int64_t a, b;
    bool operator==(pair const& p) const { return a == p.a && b == p.b; }
  };
  static std::size_t mixed(pair const& p) {
    auto const mix = [](std::uint64_t x) {
      x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
      x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
      return x ^ (x >> 31);
    };
    return mix(mix(static_cast<std::uint64_t>(p.a) + 0x9e3779b97f4a7c15U) + static_cast<std::uint64_t>(p.b));
  }
  std::vector<std::int64_t> table_;
  std::vector<pair> pairs_;
};

/// Counts the n-grams of a sequence of ids (tokens, or words by `word_ids`), n >= 1. Exact: numbers of 2k-grams are numbers
/// of pairs of k-grams, so the cost is O(length log n) whatever n is.
template <class Id>
ngram_count count_ngrams(span<Id const> ids, std::int64_t n) {
  ngram_count result;
  if (n < 1 || ids.size() < n) return result;
  auto const size = static_cast<std::size_t>(ids.size());
  std::vector<std::int64_t> number(size);
  for (std::size_t i = 0; i < size; ++i) number[i] = static_cast<std::int64_t>(ids[static_cast<std::int64_t>(i)]);
  pair_numbering pairs;
  std::vector<std::int64_t> const zero(size, 0);
  result.distinct = pairs.number(number, zero.data(), size);
  std::vector<std::int64_t> shifted;
  for (std::int64_t have = 1; have < n;) {
    std::int64_t const step = have <= n - have ? have : n - have;  // the second part may overlap the first
    auto const offset = static_cast<std::size_t>(step);
    auto const left = static_cast<std::size_t>(ids.size() - have - step + 1);
    shifted.assign(number.begin() + static_cast<std::ptrdiff_t>(offset),
                   number.begin() + static_cast<std::ptrdiff_t>(offset + left));
    number.resize(left);
    result.distinct = pairs.number(number, shifted.data(), left);
    have += step;
  }
  result.total = ids.size() - n + 1;
  return result;
}

/// Numbers the words of a text (stretches without white space) in order of first occurrence; `lower`: in small letters.
inline std::vector<std::int64_t> word_ids(std::string_view text, bool lower = true) {
  std::string const small = lower ? unicode::lowered(text) : std::string();
  std::unordered_map<std::string_view, std::int64_t> known;
  std::vector<std::int64_t> ids;
  unicode::for_each_word(lower ? std::string_view(small) : text, [&](std::string_view word) {
    auto const next = static_cast<std::int64_t>(known.size());
    ids.push_back(known.try_emplace(word, next).first->second);
  });
  return ids;
}

/// The repetition penalty  (1 - distinct / total n-grams) * most,  `most` <= 0.  arXiv:2502.03373 appendix C.2 as TRL (ids of
/// tokens) and open-r1 (words) have it. Sequences shorter than n give 0.
template <class Id>
outcome repetition_penalty(span<Id const> ids, std::int64_t n, double most) {
  double const share = count_ngrams(ids, n).repeated();
  return share > 0.0 ? outcome(share * most, status::scored, reason::repeated_block) : outcome(0.0);
}

}  // namespace reward
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/reward/outcome.hpp>
#include <aha/reward/text/character.hpp>
#include <unordered_map>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward {

/// A stretch of a text that is one block over and over: `times` times `period` characters, from byte `begin` to `end`.
struct repeated_run {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int64_t period = 0;
  std::int64_t times = 0;  ///< 0: there is none
};

/// Fingerprints of blocks of a sequence: equal blocks have equal ones, so a search over them misses nothing; what it finds is
/// compared character by character.
class block_fingerprints {
 public:
  explicit block_fingerprints(std::vector<char32_t> const& points)
      : sums_(points.size() + 1), powers_(points.size() + 1) {
    powers_[0] = 1;
    for (std::size_t i = 0; i < points.size(); ++i) {
      sums_[i + 1] = sums_[i] * base + points[i] + 1;
      powers_[i + 1] = powers_[i] * base;
    }
  }
  std::uint64_t operator()(std::size_t begin, std::size_t length) const {
    return sums_[begin + length] - sums_[begin] * powers_[length];
  }

 private:
  static constexpr std::uint64_t base =
      0x9e3779b97f4a7c15U;  // modulo 2^64: a filter, nothing relies on it being unique
  std::vector<std::uint64_t> sums_;
  std::vector<std::uint64_t> powers_;
};

/// The first found stretch inside a line that repeats a block of at least `min_period` characters at least `min_times` times
/// in a row; the shortest period counts. Exact, and O(n log n) for n characters: only blocks at multiples of their length are
/// looked at, and a stretch of t periods holds t - 1 equal ones there. min_period >= 1; min_times >= 3, because with two a
/// single block would be a candidate everywhere.
/// The regular expression that peers use for it, (.{5,}?)\1{4,}, takes quadratic time and more.
inline repeated_run find_repeated_run(std::string_view text, std::int64_t min_period = 5, std::int64_t min_times = 5) {
  if (min_period < 1) {
    report(bad_argument("find_repeated_run", "min_period", "a number >= 1", to_text(min_period)), nullptr);
    return {};
  }
  if (min_times < 3) {
    report(bad_argument("find_repeated_run", "min_times", "a number >= 3", to_text(min_times)), nullptr);
    return {};
  }
  std::vector<char32_t> points;
  std::vector<std::size_t> offsets;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t at) {
    points.push_back(c.point);
    offsets.push_back(at);
  });
  offsets.push_back(text.size());
  std::size_t const n = points.size();
  auto const times = static_cast<std::size_t>(min_times);
  block_fingerprints const print(points);
  // The next line end at or after each character: blocks do not reach over lines.
  std::vector<std::size_t> line_end(n + 1, n);
  for (std::size_t i = n; i-- > 0;) line_end[i] = points[i] == U'\n' ? i : line_end[i + 1];
  for (auto p = static_cast<std::size_t>(min_period); p <= n / times; ++p) {
    for (std::size_t at = 0; at + p <= n;) {
      // Equal aligned blocks from `at` on.
      std::size_t next = at + p;
      while (next + p <= n && print(next, p) == print(at, p)) next += p;
      std::size_t const blocks = (next - at) / p;
      if (blocks + 1 >= times && line_end[at] >= next) {
        std::size_t begin = at;
        while (begin > 0 && points[begin - 1] != U'\n' && points[begin - 1] == points[begin - 1 + p]) --begin;
        std::size_t end = begin + p;
        while (end < line_end[at] && points[end] == points[end - p]) ++end;
        if ((end - begin) / p >= times) {
          return {offsets[begin], offsets[end], static_cast<std::int64_t>(p),
                  static_cast<std::int64_t>((end - begin) / p)};
        }
      }
      at = next;
    }
  }
  return {};
}

/// 0 where a line repeats a block over and over (`find_repeated_run`), else 1.
inline outcome no_repeated_run(std::string_view text, std::int64_t min_period = 5, std::int64_t min_times = 5) {
  bool const found = find_repeated_run(text, min_period, min_times).times > 0;
  return found ? outcome(0.0, status::scored, reason::repeated_block) : outcome(1.0);
}

/// The pieces of a text between separators, without white space at their ends and without empty ones.
inline std::vector<std::string_view> split_blocks(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> blocks;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t const found = text.find(separator, begin);
    std::size_t const end = found == std::string_view::npos ? text.size() : found;
    std::string_view const block = unicode::stripped(text.substr(begin, end - begin));
    if (!block.empty()) blocks.push_back(block);
    if (found == std::string_view::npos) break;
    begin = end + separator.size();
  }
  return blocks;
}

/// One block that occurs in a list: how often in all and how often in a row at most.
struct block_count {
  std::string_view block;
  std::int64_t total = 0;
  std::int64_t in_a_row = 0;
};

/// Every distinct block with its counts, in order of first occurrence; linear.
inline std::vector<block_count> count_blocks(std::vector<std::string_view> const& blocks) {
  struct place {
    std::size_t index;
    std::size_t last;
    std::int64_t run;
  };
  std::unordered_map<std::string_view, place> known;
  std::vector<block_count> counts;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    auto const [found, fresh] = known.try_emplace(blocks[i], place{counts.size(), i, 0});
    if (fresh) counts.push_back({blocks[i], 0, 0});
    place& p = found->second;
    p.run = !fresh && p.last + 1 == i ? p.run + 1 : 1;
    p.last = i;
    block_count& c = counts[p.index];
    ++c.total;
    if (p.run > c.in_a_row) c.in_a_row = p.run;
  }
  return counts;
}

}  // namespace reward
AHA_NAMESPACE_END

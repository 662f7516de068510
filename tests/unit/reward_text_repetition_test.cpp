// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/text/repeated_block.hpp>
#include <aha/reward/text/repetition.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "error_of.hpp"

namespace {

using namespace aha::reward;
using ids = std::vector<std::int64_t>;

ngram_count count(ids const& v, std::int64_t n) { return count_ngrams(aha::span<std::int64_t const>(v), n); }

TEST(ngrams, equal_a_set_of_windows) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::size_t const size = random() % 60;
    std::uint64_t const letters = 1 + random() % 4;
    ids v(size);
    for (auto& x : v) x = static_cast<std::int64_t>(random() % letters) - 2;
    for (std::int64_t n = 1; n <= 20; ++n) {
      std::set<ids> windows;
      std::int64_t total = 0;
      for (std::size_t i = 0; i + static_cast<std::size_t>(n) <= size; ++i, ++total) {
        windows.insert(ids(v.begin() + static_cast<std::ptrdiff_t>(i), v.begin() + static_cast<std::ptrdiff_t>(i) + n));
      }
      ngram_count const c = count(v, n);
      ASSERT_EQ(c.total, total) << n;
      ASSERT_EQ(c.distinct, static_cast<std::int64_t>(windows.size())) << n;
    }
  }
}

TEST(ngrams, short_and_empty_sequences_repeat_nothing) {
  EXPECT_EQ(count({}, 3).repeated(), 0.0);
  EXPECT_EQ(count({1, 2}, 3).total, 0);
  EXPECT_EQ(count({1, 2, 3}, 0).total, 0);
}

TEST(ngrams, other_types_of_ids_and_long_sequences) {
  std::vector<int> const small{5, 5, 5, 5, 5};
  EXPECT_EQ(count_ngrams(aha::span<int const>(small), 2).distinct, 1);
  ids v(200000, 1);
  EXPECT_EQ(count(v, 40).distinct, 1);
  EXPECT_EQ(count(v, 40).total, 200000 - 39);
}

TEST(repetition, the_penalty_of_the_paper) {
  ids const v{1, 2, 3, 1, 2, 3};
  outcome const o = repetition_penalty(aha::span<std::int64_t const>(v), 3, -1.0);
  EXPECT_DOUBLE_EQ(o.value, -0.25);
  EXPECT_EQ(o.reason, reason::repeated_block);
  EXPECT_EQ(repetition_penalty(aha::span<std::int64_t const>(v), 9, -1.0).value, 0.0);
}

TEST(words, are_numbered_by_first_occurrence) {
  EXPECT_EQ(word_ids("The cat the\tCAT Ж ж"), (ids{0, 1, 0, 1, 2, 2}));
  EXPECT_EQ(word_ids("The the", false), (ids{0, 1}));
  EXPECT_EQ(word_ids(" \n"), ids{});
}

/// Every stretch of a line, by hand: the oracle.
bool repeats(std::string const& line, std::size_t min_period, std::size_t times) {
  for (std::size_t p = min_period; p * times <= line.size(); ++p) {
    for (std::size_t begin = 0; begin + p * times <= line.size(); ++begin) {
      bool same = line.substr(begin, p * times).find('\n') == std::string::npos;
      for (std::size_t i = begin; same && i + p < begin + p * times; ++i) same = line[i] == line[i + p];
      if (same) return true;
    }
  }
  return false;
}

TEST(repeated_run, equals_a_search_by_hand) {
  std::mt19937_64 random(11);
  int found = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string line;
    // Pieces repeated a few times between noise, so that both answers are frequent.
    while (line.size() < 60) {
      std::string piece;
      for (std::uint64_t k = 1 + random() % 7; k > 0; --k)
        piece.push_back("ab\nc"[random() % (round % 3 == 0 ? 4 : 2)]);
      for (std::uint64_t k = 1 + random() % 6; k > 0; --k) line += piece;
    }
    std::size_t const period = 1 + random() % 6;
    std::size_t const times = 3 + random() % 4;
    repeated_run const r = find_repeated_run(line, static_cast<std::int64_t>(period), static_cast<std::int64_t>(times));
    ASSERT_EQ(r.times > 0, repeats(line, period, times)) << line << "|" << period << "|" << times;
    if (r.times == 0) continue;
    ++found;
    std::string const run = line.substr(r.begin, r.end - r.begin);
    ASSERT_GE(r.period, static_cast<std::int64_t>(period));
    ASSERT_GE(r.times, static_cast<std::int64_t>(times));
    ASSERT_TRUE(repeats(run, static_cast<std::size_t>(r.period), static_cast<std::size_t>(r.times))) << run;
  }
  EXPECT_GT(found, 400);
  EXPECT_LT(found, 3900);
}

TEST(repeated_run, counts_characters_not_bytes) {
  std::string text;
  for (int i = 0; i < 5; ++i) text += "中文字中国";
  EXPECT_EQ(find_repeated_run(text).period, 5);
  EXPECT_EQ(find_repeated_run(text).end, text.size());
  EXPECT_EQ(find_repeated_run(text, 6).times, 0);
  EXPECT_EQ(no_repeated_run(text).value, 0.0);
  EXPECT_EQ(no_repeated_run("all is well").value, 1.0);
  EXPECT_EQ(find_repeated_run("").times, 0);
}

TEST(repeated_run, hostile_texts_stay_cheap) {
  std::string fibonacci = "a";
  for (std::string last = "b"; fibonacci.size() < 300000;) {
    std::string next = fibonacci + last;
    last = std::move(fibonacci);
    fibonacci = std::move(next);
  }
  EXPECT_EQ(find_repeated_run(fibonacci, 1, 4).times, 0);  // a Fibonacci word holds no fourth power
  EXPECT_GT(find_repeated_run(std::string(300000, 'a'), 5, 3).times, 0);
  EXPECT_EQ(find_repeated_run(std::string(300000, '\n'), 5, 3).times, 0);
}

TEST(repeated_run, refuses_what_is_no_repetition) {
  EXPECT_EQ(error_of([] { find_repeated_run("a", 0, 5); }),
            "aha::find_repeated_run: min_period: expected a number >= 1, got 0");
  EXPECT_EQ(error_of([] { find_repeated_run("a", 5, 2); }),
            "aha::find_repeated_run: min_times: expected a number >= 3, got 2");
}

TEST(blocks, are_counted_in_all_and_in_a_row) {
  auto const blocks = split_blocks("one\n\n two \n\n\n\none\n\none", "\n\n");
  ASSERT_EQ(blocks.size(), 4U);
  auto const counts = count_blocks(blocks);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].block, "one");
  EXPECT_EQ(counts[0].total, 3);
  EXPECT_EQ(counts[0].in_a_row, 2);
  EXPECT_EQ(counts[1].block, "two");
  EXPECT_EQ(counts[1].in_a_row, 1);
}

}  // namespace

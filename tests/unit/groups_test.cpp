// SPDX-License-Identifier: MIT
#include <aha/core/group_index.hpp>
#include <aha/core/groups.hpp>
#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <unordered_map>
#include <vector>

namespace {

using aha::groups;

TEST(groups, read_either_index_in_place) {
  std::vector<std::int64_t> const wide{7, -1, 7};
  std::vector<std::int32_t> const narrow{0, 2, 3};
  auto const a = groups<>::by_id(wide);
  EXPECT_EQ(a.type(), groups<>::kind::ids);
  EXPECT_EQ(a.index().data, wide.data());
  EXPECT_EQ(a.index()[1], -1);
  EXPECT_STREQ(a.index_name(), "ids");
  auto const b = groups<>::by_offsets(narrow);
  EXPECT_EQ(b.type(), groups<>::kind::offsets);
  EXPECT_EQ(b.index().data, narrow.data());
  EXPECT_EQ(b.index()[2], 3);
  EXPECT_STREQ(b.index_name(), "offsets");
  auto const c = groups<>::by_id(aha::span<std::int64_t const>(wide.data() + 1, 2));
  EXPECT_EQ(c.index().size(), 2);
  EXPECT_EQ(groups<>().type(), groups<>::kind::none);
}

/// The index against std::unordered_map: every id is one group, holds its rows once, in rising order.
template <class Row, class Id>
void expect_right(std::vector<Id> const& ids) {
  std::unordered_map<Id, std::vector<std::int64_t>> want;
  for (std::size_t i = 0; i < ids.size(); ++i) want[ids[i]].push_back(static_cast<std::int64_t>(i));
  aha::group_index<Row> const index{aha::index_view<>(ids)};
  ASSERT_EQ(index.size(), static_cast<std::int64_t>(want.size()));
  for (std::int64_t g = 0; g < index.size(); ++g) {
    ASSERT_GT(index.count(g), 0);
    std::vector<std::int64_t> const rows(index.rows(g), index.rows(g) + index.count(g));
    auto const found = want.find(ids[static_cast<std::size_t>(rows[0])]);
    ASSERT_NE(found, want.end()) << "a group occurs twice";
    EXPECT_EQ(rows, found->second);
    want.erase(found);
  }
}

TEST(group_index, no_rows_and_one_row) {
  expect_right<std::int32_t>(std::vector<std::int64_t>{});
  expect_right<std::int32_t>(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min()});
}

TEST(group_index, any_ids) {
  std::mt19937_64 gen(4);
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  expect_right<std::int32_t>(std::vector<std::int64_t>{highest, lowest, 0, -1, lowest, highest, -1, 5});
  // Below one bucket of rows, several, and the most there are.
  for (std::size_t const n : {33U, 5000U, 20000U, 300000U}) {
    for (std::uint64_t const distinct : {1ULL, 7ULL, 1000ULL, 30000ULL}) {
      std::vector<std::int64_t> name(distinct);
      for (auto& x : name) x = static_cast<std::int64_t>(gen());
      std::vector<std::int64_t> ids(n);
      for (auto& x : ids) x = name[gen() % distinct];
      expect_right<std::int32_t>(ids);
      if (n <= 20000) expect_right<std::int64_t>(ids);
      for (auto& x : ids) x = static_cast<std::int64_t>(gen() % distinct);
      expect_right<std::int32_t>(ids);
    }
  }
}

TEST(group_index, all_distinct_ids_grow_the_table) {
  std::vector<std::int64_t> ids(30000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i << 40);
  expect_right<std::int32_t>(ids);
}

TEST(group_index, int32_ids) {
  std::mt19937 gen(5);
  std::vector<std::int32_t> ids(4000);
  for (auto& x : ids) x = static_cast<std::int32_t>(gen() % 900) - 450;
  expect_right<std::int32_t>(ids);
}

}  // namespace

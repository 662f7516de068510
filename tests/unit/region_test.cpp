// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/core/region.hpp>
#include <random>
#include <vector>

namespace {

struct view {
  aha::region region;
  std::vector<bool> touched = std::vector<bool>(400, false);
};

/// A random window of one array of bytes, by its region and by the bytes that it covers.
view draw(std::mt19937& random, std::vector<std::uint8_t>& bytes, std::int64_t stride) {
  auto const below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  std::int64_t const rows = 1 + below(6), columns = 1 + below(7);
  std::int64_t const at = 150 + below(100);
  view v;
  v.region = aha::region(bytes.data() + at, rows, columns, stride, 1);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t k = 0; k < columns; ++k) v.touched[static_cast<std::size_t>(at + i * stride + k)] = true;
  }
  return v;
}

// Overlap is never missed; between views of one stride with disjoint rows it is exact.
TEST(region, overlap_equals_the_bytes) {
  std::mt19937 random(2);
  std::vector<std::uint8_t> bytes(400);
  int disjoint = 0;
  int overlapping = 0;
  for (int k = 0; k < 20000; ++k) {
    std::int64_t const stride = 7 + static_cast<std::int64_t>(random() % 9);
    bool const same = k % 2 == 0;
    bool const backwards = k % 5 == 0;
    view const a = draw(random, bytes, backwards ? -stride : stride);
    view const b = draw(random, bytes, same ? stride : static_cast<std::int64_t>(random() % 9));
    bool meet = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) meet = meet || (a.touched[i] && b.touched[i]);
    bool const told = aha::overlap(a.region, b.region);
    ASSERT_EQ(told, aha::overlap(b.region, a.region));
    if (meet) {
      ASSERT_TRUE(told);
    }
    bool const strided = a.region.stride != 0 && b.region.stride != 0;
    if (same && strided) {
      ASSERT_EQ(told, meet);
    }
    (told ? overlapping : disjoint) += 1;
  }
  EXPECT_GT(disjoint, 1000);
  EXPECT_GT(overlapping, 1000);
}

TEST(region, column_windows_of_one_array) {
  std::vector<float> all(60);
  aha::region const left(aha::column<float>(aha::matrix(all.data(), 5, 6, 12)));
  aha::region const right(aha::column<float>(aha::matrix(all.data() + 6, 5, 6, 12)));
  aha::region const shifted(aha::column<float>(aha::matrix(all.data() + 5, 5, 6, 12)));
  EXPECT_FALSE(aha::overlap(left, right));
  EXPECT_TRUE(aha::overlap(left, shifted));
  EXPECT_TRUE(aha::overlap(right, shifted));
  aha::region const nothing;
  EXPECT_FALSE(aha::overlap(nothing, nothing));
  EXPECT_FALSE(aha::overlap(left, aha::region(aha::column<float>(aha::span(all.data(), 0)))));
}

TEST(region, blocks_of_logits) {
  std::vector<float> all(2 * 4 * 10);
  // logits[:, :-1] and what lies in the last column of the same array: regular, rows one step apart
  aha::logit_gradient<> const cut{all.data(), 2, 3, 5, 40, 10};
  EXPECT_FALSE(
      aha::overlap(aha::region(cut, cut.data), aha::region(aha::column<float>(aha::matrix(all.data() + 5, 8, 5, 10)))));
  EXPECT_TRUE(
      aha::overlap(aha::region(cut, cut.data), aha::region(aha::column<float>(aha::matrix(all.data() + 4, 8, 5, 10)))));
  EXPECT_TRUE(aha::overlap(aha::region(cut, cut.data), aha::region(aha::column<float>(aha::span(all.data() + 12, 3)))));
  EXPECT_FALSE(
      aha::overlap(aha::region(cut, cut.data), aha::region(aha::column<float>(aha::span(all.data() + 75, 3)))));
}

}  // namespace

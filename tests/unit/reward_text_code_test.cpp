// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/text/fenced_code.hpp>
#include <aha/reward/text/steps.hpp>
#include <string>
#include <vector>

namespace {

using namespace aha::reward;

std::vector<fence> fences(std::string_view text) {
  std::vector<fence> all;
  for_each_fence(text, [&](fence const& f) { all.push_back(f); });
  return all;
}

TEST(fences, hold_language_and_lines) {
  auto const all = fences("a\n```python title\nx = 1\n\ny = 2\n```\nb\n  ~~~~\n~~~\n```\n~~~~~\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].language, "python");
  EXPECT_EQ(all[0].code, "x = 1\n\ny = 2");
  EXPECT_TRUE(all[0].closed);
  EXPECT_EQ(all[1].language, "");
  EXPECT_EQ(all[1].code, "~~~\n```");
  EXPECT_TRUE(all[1].closed);
}

TEST(fences, what_is_none_and_what_is_open) {
  EXPECT_TRUE(fences("``` in ``` line").empty());
  EXPECT_TRUE(fences("a ```python").empty());
  EXPECT_TRUE(fences("    ```\ncode\n").empty());  // four blanks: indented code
  EXPECT_TRUE(fences("``\n``").empty());
  auto const open = fences("```\na\n``` b\n");
  ASSERT_EQ(open.size(), 1U);
  EXPECT_FALSE(open[0].closed);
  EXPECT_EQ(open[0].code, "a\n``` b\n");
  EXPECT_EQ(fences("```").size(), 1U);
  EXPECT_EQ(fences("```\n```")[0].code, "");
}

TEST(fences, code_format_asks_for_a_language) {
  EXPECT_EQ(code_format("```Python\nx\n```", "python").value, 1.0);
  EXPECT_EQ(code_format("```py\nx\n```", "python").reason, reason::no_code_block);
  EXPECT_EQ(code_format("```python\nx", "python").value, 0.0);
  EXPECT_EQ(code_format("```\nx\n```", "").value, 1.0);
}

TEST(steps, are_counted_by_their_marks) {
  EXPECT_EQ(count_steps("Step 1: a\nStep 22: b\nStep x: c\nStep: d"), 2);
  EXPECT_EQ(count_steps("1. a\n2. b\n x 3. c\n4) d"), 2);
  EXPECT_EQ(count_steps("- a\n* b\nc - d"), 2);
  EXPECT_EQ(count_steps("First, a. Next, b. Finally, c. finally, d"), 3);
  EXPECT_EQ(count_steps(""), 0);
  step_marks marks;
  marks.every_line = marks.first_line = false;
  EXPECT_EQ(count_steps("1. a\n2. b\n- c", marks), 2);
  EXPECT_EQ(count_steps("- a\n- b", marks), 1);
  EXPECT_DOUBLE_EQ(reasoning_steps("Step 1: a").value, 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(reasoning_steps("1. \n2. \n3. \n4. ").value, 1.0);
  EXPECT_DOUBLE_EQ(reasoning_steps("1. \n2. \n3. \n4. ", 8).value, 0.5);
}

}  // namespace

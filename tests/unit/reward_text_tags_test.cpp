// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/text/tags.hpp>
#include <string>

namespace {

using namespace aha::reward;

struct row {
  char const* text;
  enum reason why;
};

void expect_reasons(tag_template const& t, std::initializer_list<row> rows) {
  for (row const& r : rows) {
    tag_match const m = match_tags(r.text, t);
    EXPECT_EQ(to_string(m.format.reason), to_string(r.why)) << r.text;
    EXPECT_EQ(m.fits(), r.why == reason::none) << r.text;
    EXPECT_EQ(m.format.status, status::scored);
  }
}

TEST(tags, the_template_of_r1) {
  expect_reasons(r1_template(), {{"<think>a</think><answer>b</answer>", reason::none},
                                 {" <think>a</think>\n\n<answer>b</answer>\n", reason::none},
                                 {"", reason::missing_tag},
                                 {"<think>a</think>", reason::missing_tag},
                                 {"<answer>b</answer><think>a</think>", reason::tags_out_of_order},
                                 {"<think>a</think><answer>b", reason::unclosed_tag},
                                 {"<think>a<answer>b</answer>", reason::nested_tag},
                                 {"<think>a<think>b</think></think><answer>c</answer>", reason::nested_tag},
                                 {"<think>a</think></think><answer>c</answer>", reason::unopened_tag},
                                 {"a</think><answer>c</answer>", reason::unopened_tag},
                                 {"<think>a</think><answer>b</answer><answer>c</answer>", reason::duplicate_tag},
                                 {"x<think>a</think><answer>b</answer>", reason::text_before_tags},
                                 {"<think>a</think>x<answer>b</answer>", reason::text_between_tags},
                                 {"<think>a</think><answer>b</answer>x", reason::text_after_tags},
                                 {"<think> \n</think><answer>b</answer>", reason::empty_block},
                                 {"<think>a</think><answer></answer>", reason::empty_block},
                                 {"<Think>a</Think><answer>b</answer>", reason::missing_tag},
                                 {"<thinking>a</thinking><answer>b</answer>", reason::missing_tag},
                                 {"< think>a</think><answer>b</answer>", reason::unopened_tag}});
}

TEST(tags, options_loosen_and_tighten) {
  tag_template t = r1_template();
  t.ordered = false;
  expect_reasons(t, {{"<answer>b</answer><think>a</think>", reason::none}});
  t = r1_template();
  t.repeats = true;
  expect_reasons(t, {{"<think>a</think><answer>b</answer><answer>c</answer>", reason::none}});
  EXPECT_EQ(match_tags("<think>a</think><answer>b</answer><answer>c</answer>", t).content[1], "b");
  t = r1_template();
  t.inner_tags = true;
  expect_reasons(t, {{"<think>an <answer> or </answer> in words<think></think><answer>b</answer>", reason::none}});
  t = r1_template();
  t.spelling = {true, true};
  expect_reasons(t, {{"< THINK >a</ think><Answer>b< / answer >", reason::none}});
  t = r1_template();
  t.own_lines = true;
  t.before = t.after = gap::nothing;
  t.between = gap::newline;
  expect_reasons(t, {{"<think>\na\n</think>\n<answer>\nb\n</answer>", reason::none},
                     {"<think>\r\na\r\n</think>\r\n<answer>\r\nb\r\n</answer>", reason::none},
                     {"<think>a</think>\n<answer>\nb\n</answer>", reason::no_line_of_its_own},
                     {"<think>\na\n</think>\n\n<answer>\nb\n</answer>", reason::text_between_tags},
                     {" <think>\na\n</think>\n<answer>\nb\n</answer>", reason::text_before_tags},
                     {"<think>\na\n</think>\n<answer>\nb\n</answer>\n", reason::text_after_tags}});
  t = tag_template{{"think", false}, {"answer"}};
  expect_reasons(t, {{"<answer>b</answer>", reason::none}});
}

TEST(tags, reasoning_that_the_prompt_has_opened) {
  expect_reasons(think_template(true), {{"because</think> 4", reason::none},
                                        {"because", reason::unclosed_tag},
                                        {"because</think> ", reason::text_after_tags},
                                        {"<think>because</think> 4", reason::nested_tag}});
  EXPECT_EQ(match_tags("because</think> 4", think_template(true)).content[0], "because");
  expect_reasons(think_template(), {{"<think>because</think> 4", reason::none}, {"4", reason::missing_tag}});
}

TEST(tags, contents_are_spans_of_the_text) {
  std::string const text = "<think>a\xff</think><answer>\0b</answer>";
  tag_match const m = match_tags(text, r1_template());
  EXPECT_EQ(m.content[0], "a\xff");
  EXPECT_EQ(m.content[0].data(), text.data() + 7);
  EXPECT_EQ(m.content[2].data(), nullptr);
}

TEST(tags, count_gives_partial_credit) {
  EXPECT_DOUBLE_EQ(tag_count("<think>a</think><answer>b</answer>").value, 1.0);
  EXPECT_DOUBLE_EQ(tag_count("</answer><think>").value, 0.5);
  EXPECT_DOUBLE_EQ(tag_count("<think><think>a</think>").value, 0.25);
  EXPECT_DOUBLE_EQ(tag_count("none").value, 0.0);
  EXPECT_DOUBLE_EQ(tag_count("a</think>b", think_template(true)).value, 1.0);
  EXPECT_EQ(tag_count("x", tag_template{}).status, status::abstained);
}

TEST(tags, a_million_brackets_take_one_pass) {
  std::string const open(1000000, '<');
  EXPECT_FALSE(match_tags(open, r1_template()).fits());
  tag_template loose = r1_template();
  loose.spelling = {true, true};
  std::string blanks;
  for (int i = 0; i < 100000; ++i) blanks += "<     ";
  EXPECT_FALSE(match_tags(blanks, loose).fits());
}

}  // namespace

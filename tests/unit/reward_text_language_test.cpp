// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/text/readability.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "error_of.hpp"

namespace {

using namespace aha::reward;

/// The prose of a text, its pieces joined by a bar.
std::string prose(std::string_view text, markup_options const& options = {}) {
  std::string all;
  for_each_prose(text, options, [&](std::string_view piece) { all.append(all.empty() ? "" : "|").append(piece); });
  return all;
}
std::string words(std::string_view text, std::string_view language) {
  word_count const n = count_words(text, find_language(language)->scripts);
  return std::to_string(n.target) + "/" + std::to_string(n.words);
}

TEST(markup, is_cut_out) {
  EXPECT_EQ(prose("plain words"), "plain words");
  EXPECT_EQ(prose("a $x+y$ b"), "a | b");
  EXPECT_EQ(prose("a $$x\n\ny$$ b"), "a | b");
  EXPECT_EQ(prose("it costs $5 and $10 more"), "it costs $5 and $10 more");
  EXPECT_EQ(prose("a $x\n\nb$ c"), "a $x\n\nb$ c");  // not in one paragraph
  EXPECT_EQ(prose("a \\(x\\) b \\[y\\] c"), "a | b | c");
  EXPECT_EQ(prose("so \\frac{a}{b} is \\pi now"), "so | is | now");
  EXPECT_EQ(prose("a \\begin{align}x\\begin{m}y\\end{m}z\\end{align} b"), "a | b");
  EXPECT_EQ(prose("a \\text{an unclosed group\n\nnext paragraph"), "a |\n\nnext paragraph");
  EXPECT_EQ(prose("a `code` b ``c ` d`` e ` f"), "a | b | e ` f");
  EXPECT_EQ(prose("a\n```python\nx = 1\n```\nb"), "a\n|\nb");
  EXPECT_EQ(prose("a\n~~~\nx\n"), "a\n");
  EXPECT_EQ(prose("see https://a.b/c?d=e and www.x.org."), "see | and ");
  EXPECT_EQ(prose("<think>why</think> 1 < 2 > 1"), "why| 1 < 2 > 1");
  EXPECT_EQ(prose("a \\中 b"), "a |中 b");
}

TEST(markup, is_prose_where_it_is_not_excluded) {
  markup_options all;
  all.code = all.latex = all.urls = all.tags = false;
  std::string const text = "<b> $x$ `y` \\frac{a} http://z";
  EXPECT_EQ(prose(text, all), text);
  all.code = true;
  EXPECT_EQ(prose(text, all), "<b> $x$ | \\frac{a} http://z");
}

TEST(markup, hostile_texts_stay_linear) {
  for (std::string_view const piece : {"`", "``a`", "$", "$$a", "\\begin{a}", "\\a{", "{", "\\(", "\\[", "<a",
                                       "http://", "$a ", "\\a{\\a{", "~~~\n", "`a``b```c", "\\\\", "a\n\n$"}) {
    std::string text;
    while (text.size() < 400000) text += piece;
    std::size_t bytes = 0;
    for_each_prose(text, {}, [&](std::string_view p) { bytes += p.size(); });
    EXPECT_LE(bytes, text.size()) << piece;
  }
}

TEST(language, words_by_script) {
  EXPECT_EQ(words("The answer is 42.", "en"), "3/3");
  EXPECT_EQ(words("don't stop-ping café naïve", "en"), "4/4");
  EXPECT_EQ(words("Das ist größer", "de"), "3/3");
  EXPECT_EQ(words("我们 think 它 is", "en"), "2/5");
  EXPECT_EQ(words("我们 think 它 is", "zh"), "3/5");
  EXPECT_EQ(words("これはテスト漢字", "ja"), "8/8");
  EXPECT_EQ(words("これはテスト漢字", "zh"), "2/8");
  EXPECT_EQ(words("안녕 세계", "ko"), "2/2");
  EXPECT_EQ(words("привет world", "ru"), "1/2");
  EXPECT_EQ(words("हिन्दी में", "hi"), "2/2");      // vowel signs and viramas belong to their word
  EXPECT_EQ(words("helloпривет", "en"), "1/2");  // one run of letters, two scripts
  EXPECT_EQ(words("e\xcc\x81t\xc3\xa9", "fr"), "1/1");
}

TEST(language, variables_numbers_and_markup_are_no_words) {
  EXPECT_EQ(words("设 x = 3", "zh"), "1/1");
  EXPECT_EQ(words("so π is 3.14", "en"), "2/2");
  language_options strict;
  strict.single_letters = true;
  EXPECT_EQ(count_words("设 x = 3", find_language("zh")->scripts, strict).words, 2);
  EXPECT_EQ(words("I have a 中", "en"), "3/4");  // I and a are words of the target; Han letters are words
  EXPECT_EQ(words("$\\text{中文}$ `中文` https://中 fine", "en"), "1/2");  // of a URL the part outside ASCII is text
}

TEST(language, consistency_is_the_share_of_target_words) {
  outcome o = language_consistency("all of it is English", "en");
  EXPECT_EQ(o.value, 1.0);
  EXPECT_EQ(o.reason, reason::none);
  o = language_consistency("half 半", "en");
  EXPECT_EQ(o.value, 0.5);
  EXPECT_EQ(o.reason, reason::mixed_languages);
  for (std::string_view const none : {"", " \n", "12 + 3 = 15", "$x$", "```\ncode\n```"}) {
    o = language_consistency(none, "en");
    EXPECT_EQ(o.status, status::abstained) << none;
    EXPECT_EQ(o.reason, reason::no_words) << none;
    EXPECT_TRUE(std::isnan(o.value));
  }
  script_set const mine{unicode::script::latin, unicode::script::greek};
  EXPECT_EQ(language_consistency("αβγ and delta", mine).value, 1.0);
}

TEST(language, a_name_that_is_none_is_refused) {
  EXPECT_EQ(error_of([] { language_consistency("x", "english"); }),
            "aha::language_consistency: language: expected a name of `languages` (ISO 639-1), got english");
  EXPECT_EQ(find_language(""), nullptr);
  for (language const& l : languages) EXPECT_FALSE(l.scripts.empty()) << l.name;
}

TEST(readability, mixed_languages_need_enough_of_both) {
  std::string english;
  for (int i = 0; i < 25; ++i) english += "word ";
  EXPECT_EQ(one_language(english).value, 1.0);
  std::string chinese;
  for (int i = 0; i < 19; ++i) chinese += "中";
  EXPECT_EQ(one_language(english + chinese).value, 1.0);
  EXPECT_EQ(one_language(english + chinese + "中").reason, reason::mixed_languages);
  EXPECT_EQ(one_language("これは漢字です", 2).value, 1.0);  // kana and Han go together
  EXPECT_EQ(one_language("漢字한글", 1).value, 1.0);
  EXPECT_EQ(one_language("кана かな", 1).value, 0.0);
}

TEST(readability, paragraphs_are_measured_outside_code) {
  EXPECT_EQ(longest_paragraph("ab\ncd\n\nefg").count, 5);
  EXPECT_EQ(longest_paragraph("ab\n \nefg").count, 3);
  EXPECT_EQ(longest_paragraph("ab\n```\naaaaaaaaaaaaaaaaaaa\n```\nc").count, 2);
  EXPECT_EQ(longest_paragraph("").count, 0);
  EXPECT_EQ(short_paragraphs("abcd", characters(3)).reason, reason::long_paragraph);
  EXPECT_EQ(short_paragraphs("中中中", characters(3)).value, 1.0);
}

TEST(readability, code_blocks_and_garbage) {
  EXPECT_EQ(no_code_blocks("a ``` b").value, 1.0);
  EXPECT_EQ(no_code_blocks("a\n```\nb").reason, reason::code_block);
  EXPECT_EQ(not_garbled("Ελληνικά, 中文, emoji 😀").value, 1.0);
  EXPECT_EQ(not_garbled("ok \xff\xfe\xfd").reason, reason::garbled_text);
  EXPECT_DOUBLE_EQ(garbled_share("ab\x01\xef\xbf\xbd"), 0.5);
  EXPECT_DOUBLE_EQ(garbled_share("\t\r\n\f"), 0.0);
  EXPECT_DOUBLE_EQ(garbled_share("\xee\x80\x80"), 1.0);  // private use
}

}  // namespace

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/reward/text/character.hpp>
#include <string>
#include <vector>

namespace {

using namespace aha::reward;

/// The code points of a text, -1 for what is ill-formed.
std::vector<long> points(std::string_view text) {
  std::vector<long> all;
  unicode::for_each_character(
      text, [&](unicode::character c, std::size_t) { all.push_back(c.valid ? static_cast<long>(c.point) : -1); });
  return all;
}

TEST(utf8, every_code_point_reads_back) {
  for (char32_t p = 0; p <= 0x10ffff; ++p) {
    if (p >= 0xd800 && p <= 0xdfff) continue;
    std::string bytes;
    unicode::append(bytes, p);
    unicode::character const c = unicode::decode(bytes, 0);
    ASSERT_TRUE(c.valid && c.point == p && c.size == bytes.size()) << std::hex << static_cast<unsigned long>(p);
  }
}

TEST(utf8, ill_formed_bytes_are_characters_too) {
  using list = std::vector<long>;
  EXPECT_EQ(points("a\x80z"), (list{'a', -1, 'z'}));      // a lone continuation
  EXPECT_EQ(points("\xc0\x80"), (list{-1, -1}));          // overlong
  EXPECT_EQ(points("\xe0\x80\x80"), (list{-1, -1, -1}));  // overlong
  EXPECT_EQ(points("\xe2\x82"), (list{-1}));              // cut off: one maximal subpart
  EXPECT_EQ(points("\xe2\x82z"), (list{-1, 'z'}));
  EXPECT_EQ(points("\xf0\x9f\x98"), (list{-1}));
  EXPECT_EQ(points("\xed\xa0\x80"), (list{-1, -1, -1}));          // a surrogate
  EXPECT_EQ(points("\xf4\x90\x80\x80"), (list{-1, -1, -1, -1}));  // beyond U+10FFFF
  EXPECT_EQ(points("\xff\xfe"), (list{-1, -1}));
  EXPECT_EQ(points(std::string_view("a\0b", 3)), (list{'a', 0, 'b'}));
}

TEST(utf8, every_pair_and_triple_of_bytes_is_consumed_once) {
  std::string text(3, ' ');
  for (int a = 0x70; a < 0x100; ++a) {
    for (int b = 0x70; b < 0x100; ++b) {
      for (int c : {0x20, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xff}) {
        text[0] = static_cast<char>(a);
        text[1] = static_cast<char>(b);
        text[2] = static_cast<char>(c);
        std::size_t bytes = 0;
        unicode::for_each_character(text, [&](unicode::character x, std::size_t at) {
          ASSERT_EQ(at, bytes);
          ASSERT_GE(x.size, 1);
          bytes += x.size;
        });
        ASSERT_EQ(bytes, 3U);
      }
    }
  }
}

TEST(utf8, lengths_and_tails_are_in_characters) {
  EXPECT_EQ(count_characters("aé中😀").count, 4);
  EXPECT_EQ(count_characters("").count, 0);
  EXPECT_EQ(unicode::last_characters("aé中😀", 2), "中😀");
  EXPECT_EQ(unicode::last_characters("ab", 5), "ab");
  EXPECT_EQ(unicode::last_characters("ab", 0), "");
  EXPECT_EQ(unicode::last_characters("\xe4\xb8z", 1), "z");
}

TEST(characters, kinds_are_those_of_the_database) {
  using unicode::script;
  EXPECT_EQ(unicode::script_of('q'), script::latin);
  EXPECT_EQ(unicode::script_of(U'ß'), script::latin);
  EXPECT_EQ(unicode::script_of(U'ж'), script::cyrillic);
  EXPECT_EQ(unicode::script_of(U'漢'), script::han);
  EXPECT_EQ(unicode::script_of(0x20000), script::han);  // extension B
  EXPECT_EQ(unicode::script_of(U'한'), script::hangul);
  EXPECT_EQ(unicode::script_of(0x0301), script::inherited);
  EXPECT_EQ(unicode::script_of('7'), script::none);
  EXPECT_EQ(unicode::script_of(0xfffd), script::none);
  EXPECT_EQ(unicode::script_of(0x10ffff), script::none);
  EXPECT_EQ(unicode::to_string(script::devanagari), "devanagari");
  EXPECT_EQ(unicode::digit_value(U'٣'), 3);
  EXPECT_EQ(unicode::digit_value(U'½'), -1);
  EXPECT_TRUE(unicode::is_number(U'½'));
  EXPECT_FALSE(unicode::is_number(U'x'));
  EXPECT_TRUE(unicode::is_space(0x3000));
  EXPECT_FALSE(unicode::is_space(0x200b));  // zero width space is none
}

TEST(characters, capital_letters_become_small_one_by_one) {
  EXPECT_EQ(unicode::lowered("ÀΣЖ Ab9"), "àσж ab9");
  EXPECT_EQ(unicode::lowered("\xff"
                             "A\x80"),
            "\xff"
            "a\x80");
  EXPECT_EQ(unicode::to_lower(0x1e9e), 0xdfU);  // capital sharp s
  EXPECT_EQ(unicode::to_lower(U'ǅ'), static_cast<char32_t>(U'ǆ'));
}

TEST(characters, words_and_ends) {
  EXPECT_EQ(unicode::stripped("\t a\xc2\xa0"
                              "b \xe3\x80\x80"),
            "a\xc2\xa0"
            "b");
  EXPECT_EQ(unicode::stripped(" \n"), "");
  std::vector<std::string> words;
  unicode::for_each_word("  one\xe2\x80\x83two\n\nthree", [&](std::string_view w) { words.emplace_back(w); });
  EXPECT_EQ(words, (std::vector<std::string>{"one", "two", "three"}));
}

}  // namespace

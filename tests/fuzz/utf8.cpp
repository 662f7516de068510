// SPDX-License-Identifier: MIT
#include <aha/reward/text/utf8.hpp>
#include <string>

#include "bounds.hpp"

// Decoding takes every byte once and in order; what it says of a character is true of the bytes.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using aha_fuzz::require;
  namespace unicode = aha::reward::unicode;
  auto const text = aha_fuzz::text(data, size);
  std::string again;
  std::int64_t characters = 0;
  bool all_valid = true;
  std::size_t expected = 0;
  unicode::for_each_character(text, [&](unicode::character c, std::size_t at) {
    require(at == expected && c.size >= 1 && c.size <= 4 && at + c.size <= size,
            "characters follow each other without a gap");
    require(c.point <= 0x10ffff && !(c.point >= 0xd800 && c.point <= 0xdfff), "a code point is a scalar value");
    require(c.valid || c.point == 0xfffd, "what is not valid is U+FFFD");
    std::string one;
    unicode::append(one, c.point);
    require(!c.valid || one == text.substr(at, c.size), "a valid character is written as it was read");
    again += one;
    expected = at + c.size;
    all_valid = all_valid && c.valid;
    ++characters;
  });
  require(expected == size, "the whole text is decoded");
  require(!all_valid || again == text, "a valid text is written as it was read");
  require(aha::reward::count_characters(text).count == characters, "characters are counted as they are decoded");
  std::int64_t second = 0;
  unicode::for_each_character(again, [&](unicode::character c, std::size_t) {
    require(c.valid, "what was written is valid");
    ++second;
  });
  require(second == characters, "replacing invalid bytes keeps the count");
  auto const tail = unicode::last_characters(text, 3);
  require(tail.data() + tail.size() == text.data() + text.size() || tail.empty(), "the last characters end the text");
  require(characters >= 3 || tail == text, "a short text is its own tail");
  return 0;
}

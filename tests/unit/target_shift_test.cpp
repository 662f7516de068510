// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <aha/loss/target_shift.hpp>
#include <string>
#include <vector>

namespace {

using ids_t = std::vector<std::int64_t>;

TEST(target_shift, never_crosses_a_packed_boundary) {
  std::vector<std::int32_t> const ids{10, 11, 12, 20, 30, 31};
  ids_t const cu{0, 3, 3, 4, 6};  // three tokens, none, one, two
  ids_t out(6, 7);
  EXPECT_EQ(aha::target_shift(ids, aha::packed{cu}, out).targets, 3);
  EXPECT_EQ(out, (ids_t{11, 12, -100, -100, 31, -100}));
}

TEST(target_shift, masked_next_token_is_no_target) {
  ids_t const ids{1, 2, 3, 4, 5};
  std::vector<std::int32_t> const cu{0, 5};
  std::vector<std::uint8_t> const answer{0, 0, 1, 1, 0};  // two prompt tokens, the answer, padding
  ids_t out(5, 7);
  EXPECT_EQ(aha::target_shift(ids, aha::packed{cu}, answer, out).targets, 2);
  EXPECT_EQ(out, (ids_t{-100, 3, 4, -100, -100}));  // the last prompt token predicts the first of the answer
  EXPECT_EQ(aha::target_shift(ids, aha::packed{cu}, answer, out, -1).targets, 2);
  EXPECT_EQ(out, (ids_t{-1, 3, 4, -1, -1}));
}

TEST(target_shift, padded_rows) {
  ids_t const flat{1, 2, 3, 4, 5, 6, 7, 8};
  aha::matrix const ids(flat.data(), 2, 4);
  ids_t const want{2, 3, 4, -100, 6, 7, 8, -100};
  ids_t out(8, 7);
  aha::target_shift(ids, aha::padded{2, 4}, out);
  EXPECT_EQ(out, want);
  out.assign(8, 7);
  aha::target_shift(flat, aha::padded{2, 4}, out);  // a flat list of the same tokens
  EXPECT_EQ(out, want);

  ids_t const lens{3, 0};
  aha::target_shift(ids, aha::padded_lens(2, 4, aha::index_view<>(lens)), out);
  EXPECT_EQ(out, (ids_t{2, 3, -100, -100, -100, -100, -100, -100}));

  std::vector<float> const mask{0, 1, 1, 1, 1, 1, 0, 0};  // left padding in row 0, right padding in row 1
  aha::target_shift(ids, aha::padded{2, 4, aha::mask_view<>(aha::matrix(mask.data(), 2, 4))}, out);
  EXPECT_EQ(out, (ids_t{2, 3, 4, -100, 6, -100, -100, -100}));
  ids_t wide(10, 7);
  aha::target_shift(ids, aha::padded{2, 4}, aha::mask_view<>(mask), aha::matrix(wide.data(), 2, 4, 5));
  EXPECT_EQ(wide, (ids_t{2, 3, 4, -100, 7, 6, -100, -100, -100, 7}));
}

// ids[:, 1:] written by hand and what the host would feed beside logits[:, :-1].
TEST(target_shift, equals_slicing_where_nothing_is_masked) {
  ids_t const flat{9, 8, 7, 6, 5, 4};
  ids_t out(6, 7);
  aha::target_shift(aha::matrix(flat.data(), 2, 3), aha::padded{2, 3}, aha::matrix(out.data(), 2, 3));
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t t = 0; t < 2; ++t) EXPECT_EQ(out[i * 3 + t], flat[i * 3 + t + 1]);
  }
}

TEST(target_shift, nothing_to_shift) {
  ids_t const none;
  ids_t const cu{0};
  ids_t out;
  EXPECT_EQ(aha::target_shift(none, aha::packed{cu}, out).targets, 0);
}

TEST(target_shift, bad_input_is_named_and_nothing_written) {
  ids_t ids{1, 2, 3, 4};
  ids_t out(4, 7);
  auto const expect = [&](aha::index_view<> i, aha::layout<> l, aha::mask_view<> m, aha::column<std::int64_t> o,
                          std::string const& text) {
    try {
      aha::target_shift(i, l, m, o);
      ADD_FAILURE() << "nothing raised instead of " << text;
    } catch (std::invalid_argument const& e) {
      EXPECT_EQ(e.what(), "aha::target_shift: " + text);
    }
    EXPECT_EQ(out, (ids_t{7, 7, 7, 7}));
    EXPECT_EQ(ids, (ids_t{1, 2, 3, 4}));
  };
  ids_t const cu{0, 2, 4};
  ids_t const falling{0, 3, 2, 4};
  ids_t const few{0, 3};
  ids_t short_out(3, 7);
  aha::layout<> const good = aha::packed{cu};
  expect(ids, aha::packed{falling}, {}, out,
         "cu_seqlens: expected entries that never fall, got 2 after 3 at position 2");
  expect(ids, aha::packed{few}, {}, out, "cu_seqlens: expected a last entry of 4 (the tokens), got 3");
  expect({}, good, {}, out, "ids: expected token ids, got none");
  expect(ids, {}, {}, out, "layout: expected packed or padded, got none");
  expect(ids, good, {}, {}, "out: expected a place to write to, got none");
  expect(ids, good, {}, short_out, "out: expected [4] (a token each), got [3]");
  std::vector<std::uint8_t> const mask(5, 1);
  expect(ids, good, mask, out, "mask: expected [4] (a token each), got [5]");
  expect(ids, good, {}, ids, "out: expected memory apart from ids, got overlapping memory");
}

}  // namespace

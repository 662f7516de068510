// SPDX-License-Identifier: MIT
// Spans, columns, index and mask views, scopes and layouts.
#include <aha/core/layout.hpp>
#include <aha/core/type_list.hpp>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <variant>
#include <vector>

namespace {

using namespace aha;

static_assert(std::is_trivially_copyable_v<span<float>> && std::is_trivially_copyable_v<matrix<float>>);
static_assert(std::is_trivially_copyable_v<column<float>> && std::is_trivially_copyable_v<mask_view<>>);
static_assert(std::is_trivially_copyable_v<index_view<>> && std::is_trivially_copyable_v<layout<>>);
static_assert(std::is_convertible_v<span<float>, span<float const>>);
static_assert(!std::is_convertible_v<span<float const>, span<float>>);
static_assert(!std::is_convertible_v<std::vector<double>&, span<float const>>, "no hidden conversion of types");
static_assert(!std::is_convertible_v<span<float, device>, span<float, host>>, "no hidden move between memories");
static_assert(!std::is_convertible_v<std::vector<float>, span<float const>>, "a temporary container would dangle");
static_assert(!std::is_convertible_v<std::vector<float>, column<float const>>, "a temporary container would dangle");

TEST(views, spans_view_containers) {
  std::vector<float> v{1, 2, 3};
  span<float> s = v;
  s[1] = 7;
  EXPECT_EQ(v[1], 7);
  EXPECT_EQ(s.size(), 3);
  EXPECT_EQ(s.extent(0), 3);
  EXPECT_EQ(s.stride(0), 1);
  span<float const> const c = s;
  EXPECT_EQ(c.data_handle(), v.data());
  std::array<double, 2> const a{4, 5};
  EXPECT_EQ(span(a)[1], 5);
  EXPECT_EQ(span<float>().size(), 0);
}

TEST(views, matrices_have_a_row_stride) {
  std::vector<int> v(12);
  for (int k = 0; k < 12; ++k) v[static_cast<std::size_t>(k)] = k;
  matrix<int> const all(v.data(), 3, 4);
  matrix<int> const left(v.data(), 3, 2, 4);  // v[:, :2]
  EXPECT_EQ(all.stride(0), 4);
  EXPECT_EQ(left.row(2)[1], 9);
  EXPECT_EQ(left.extent(0), 3);
  EXPECT_EQ(left.extent(1), 2);
  matrix<int const> const backwards(v.data() + 8, 3, 4, -4);
  EXPECT_EQ(backwards.row(2)[3], 3);
}

TEST(views, columns_know_their_rank) {
  std::vector<float> v(6);
  EXPECT_FALSE(column<float>().present());
  column<float const> const list = v;
  EXPECT_EQ(list.rank, 1);
  EXPECT_EQ(list.width, 6);
  column<float const> const table = matrix<float>(v.data(), 2, 2, 3);
  EXPECT_EQ(table.rank, 2);
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(table.row(1), v.data() + 3);
  std::vector<float> none;
  EXPECT_TRUE(column<float>(none).present()) << "an empty column is there";
}

TEST(views, index_views_read_both_widths) {
  std::vector<std::int32_t> const narrow{1, -2, 3, 4, 5, 6};
  std::vector<std::int64_t> const wide{1, -2, 3, 4, 5, 1LL << 40};
  index_view<> const a = narrow;
  index_view<> const b = wide;
  for (std::int64_t k = 0; k < 5; ++k) EXPECT_EQ(a[k], b[k]);
  EXPECT_EQ(b[5], 1LL << 40);
  EXPECT_EQ(a.size(), 6);
  index_view<> const table = matrix<std::int32_t const>(narrow.data(), 2, 2, 3);
  EXPECT_EQ(table.at(1, 1), 5);
  EXPECT_EQ(table.size(), 4);
  EXPECT_FALSE(index_view<>().present());
}

TEST(views, masks_of_every_type_say_the_same) {
  std::vector<int> const want{1, 0, 0, 1, 1, 0};
  auto const check = [&](auto zero) {
    using M = decltype(zero);
    std::unique_ptr<M[]> m(new M[6]);
    for (std::size_t k = 0; k < 6; ++k) m[k] = static_cast<M>(want[k] != 0 ? 1 : 0);
    mask_view<> const list = span<M>(m.get(), 6);
    mask_view<> const table = matrix<M>(m.get(), 2, 2, 3);
    for (std::int64_t k = 0; k < 6; ++k) EXPECT_EQ(list.at(0, k), want[static_cast<std::size_t>(k)] != 0);
    EXPECT_TRUE(table.at(0, 0));
    EXPECT_TRUE(table.at(1, 0));
    EXPECT_TRUE(table.at(1, 1));
    EXPECT_FALSE(table.at(0, 1));
  };
  check(false);
  check(std::uint8_t(0));
  check(std::int64_t(0));
  check(0.0F);
  check(0.0);
  std::vector<double> const fractions{0.5, -0.0, -1};
  mask_view<> const m = fractions;
  EXPECT_TRUE(m.at(0, 0));
  EXPECT_FALSE(m.at(0, 1)) << "minus zero is zero";
  EXPECT_TRUE(m.at(0, 2));
}

template <class C, class = void>
struct takes : std::false_type {};
template <class C>
struct takes<C, std::void_t<decltype(per_sequence(std::declval<C>())), decltype(per_token(std::declval<C>()))>>
    : std::true_type {};
static_assert(takes<std::vector<float>&>::value && takes<std::vector<float> const&>::value);
static_assert(takes<span<float>>::value, "a view may be a temporary");
static_assert(!takes<std::vector<float>>::value && !takes<std::vector<float> const>::value, "an owner may not");

TEST(views, scopes_are_said) {
  std::vector<float> const v(4);
  scoped<column<float const>> const s = per_sequence(v);
  scoped<column<float const>> const t = per_token(v);
  scoped<column<float const>> const m = per_token(matrix<float const>(v.data(), 2, 2));
  EXPECT_EQ(s.scope, scope::sequence);
  EXPECT_EQ(t.scope, scope::token);
  EXPECT_EQ(m.values.rank, 2);
  EXPECT_FALSE(scoped<column<float const>>().present());
  EXPECT_EQ(per_token(span<float const>(v)).scope, scope::token);
  EXPECT_EQ(per_sequence(span<float const>(v)).scope, scope::sequence);
}

TEST(layouts, packed_rows_are_ranges_of_one_list) {
  std::vector<std::int32_t> const cu{0, 3, 3, 7};
  layout<> const l = packed(cu);
  EXPECT_TRUE(l.is_packed());
  EXPECT_EQ(l.sequences, 3);
  EXPECT_EQ(l.entries(), 7);
  EXPECT_EQ(l.begin(1), 3);
  EXPECT_EQ(l.end(1), 3);
  EXPECT_EQ(l.begin(2), 3);
  EXPECT_EQ(l.end(2), 7);
  EXPECT_EQ(l.row(2), 0);
}

TEST(layouts, padded_rows_end_at_their_length) {
  std::vector<std::int64_t> const lens{2, 0};
  layout<> const l = padded_lens(2, 5, index_view<>(lens));
  EXPECT_FALSE(l.is_packed());
  EXPECT_EQ(l.entries(), 10);
  EXPECT_EQ(l.begin(0), 0);
  EXPECT_EQ(l.end(0), 2);
  EXPECT_EQ(l.end(1), 0);
  EXPECT_EQ(l.row(1), 1);
  layout<> const whole = padded(2, 5);
  EXPECT_EQ(whole.end(1), 5);
  std::vector<std::uint8_t> const mask(10, 1);
  layout<> const masked = padded(2, 5, mask);
  EXPECT_TRUE(masked.mask.present());
  EXPECT_EQ(masked.end(0), 5);
}

TEST(type_lists, are_walked_and_searched) {
  using list = type_list<int, float, char>;
  std::size_t bytes = 0;
  for_each_type(list{}, [&](auto tag) { bytes += sizeof(typename decltype(tag)::type); });
  EXPECT_EQ(bytes, sizeof(int) + sizeof(float) + sizeof(char));
  static_assert(index_of<float>(list{}) == 1 && index_of<double>(list{}) == list::size);
  static_assert(std::is_same_v<apply_list_t<std::variant, list>, std::variant<int, float, char>>);
}

}  // namespace

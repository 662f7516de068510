// SPDX-License-Identifier: MIT
// xtensor's containers, adaptors and slices as views: the bits of raw pointers, and what is refused.
#include "batches.hpp"
#include "error_of.hpp"
#include "host_arrays.hpp"

#include <aha/interop/xtensor.hpp>
#include <gtest/gtest.h>

#include <array>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

namespace {

using namespace host_arrays;
using aha::per_sequence;
using aha::view;
using batches::same_bits;

template <class X>
std::vector<float> values(X const& x) {
  return {x.template begin<xt::layout_type::row_major>(), x.template end<xt::layout_type::row_major>()};
}
std::vector<float> values(std::vector<float> const& x) { return x; }
template <class Dlogp, class Packed, class Dlogits, class Adv>
void expect_results(results const& want, results const& losses, Dlogp const& dlogp, Packed const& packed,
                    Dlogits const& dlogits, Adv const& adv) {
  EXPECT_TRUE(same_bits(losses.loss, want.loss));
  EXPECT_TRUE(same_bits(losses.packed_loss, want.packed_loss));
  EXPECT_TRUE(same_bits(values(dlogp), want.dlogp));
  EXPECT_TRUE(same_bits(values(packed), want.packed_dlogp));
  EXPECT_TRUE(same_bits(values(dlogits), want.dlogits));
  EXPECT_TRUE(same_bits(values(adv), want.adv));
}

TEST(xtensor, containers_of_known_and_unknown_rank) {
  inputs const in;
  results const want = from_raw_pointers(in);
  std::array<std::size_t, 2> const table{B, L};
  xt::xtensor<float, 2> const logp = xt::adapt(in.logp, table);
  xt::xarray<float> const old_logp = xt::adapt(in.old_logp, table);
  xt::xtensor<float, 2, xt::layout_type::dynamic> const ref_logp = xt::adapt(in.ref_logp, table);
  xt::xarray<bool> const mask = xt::adapt(in.mask, table);
  xt::xtensor<float, 1> const adv = xt::adapt(in.adv);
  xt::xtensor<std::int32_t, 1> const cu = xt::adapt(in.cu_seqlens);
  xt::xarray<float> const packed_logp = xt::adapt(in.packed_logp);
  xt::xtensor<float, 1> const packed_old_logp = xt::adapt(in.packed_old_logp);
  xt::xtensor<float, 3> const logits = xt::adapt(in.logits, std::array<std::size_t, 3>{B, L, V});
  xt::xtensor<std::int64_t, 2> const targets = xt::adapt(in.targets, table);
  xt::xtensor<float, 1> const reward = xt::adapt(in.reward);
  xt::xtensor<std::int64_t, 1> const ids = xt::adapt(in.ids);
  xt::xtensor<float, 2> dlogp = xt::xtensor<float, 2>::from_shape({B, L});
  xt::xarray<float> packed_dlogp = xt::xarray<float>::from_shape({T});
  xt::xarray<float> dlogits = xt::xarray<float>::from_shape({B, L, V});
  xt::xtensor<float, 1> advantage = xt::xtensor<float, 1>::from_shape({N});

  views v;
  v.logp = view(logp);
  v.old_logp = view<2>(old_logp);
  v.ref_logp = view(ref_logp);
  v.adv = per_sequence(view(adv));
  v.mask = view<2>(mask);
  v.out = aha::outputs{view(dlogp)};
  v.layout = aha::packed{view(cu)};
  v.packed_logp = view<1>(packed_logp);
  v.packed_old_logp = view<1>(packed_old_logp);
  v.packed_out = aha::outputs{view<1>(packed_dlogp)};
  v.rows = aha::logit_rows{view(logits), view(targets), 0.9};
  v.dlogits = view<3>(dlogits);
  v.reward = view(reward);
  v.ids = view(ids);
  v.advantage = view(advantage);
  expect_results(want, evaluate(v), dlogp, packed_dlogp, dlogits, advantage);
}

TEST(xtensor, adaptors_and_slices) {
  inputs in;
  results const want = from_raw_pointers(in);
  std::array<std::size_t, 2> const table{B, L};
  // A window of rows in something wider, and sequences as columns of a column-major container.
  xt::xtensor<float, 2> wide = xt::ones<float>({B + 1, L + 2}) * 1e38F;
  xt::view(wide, xt::range(1, B + 1), xt::range(2, L + 2)) = xt::adapt(in.logp, table);
  auto const logp = xt::view(wide, xt::range(1, B + 1), xt::range(2, L + 2));
  xt::xtensor<float, 2, xt::layout_type::column_major> const old_columns = xt::transpose(xt::adapt(in.old_logp, table));
  auto const old_logp = xt::transpose(old_columns);
  // Rows from the last to the first, read backwards.
  xt::xtensor<float, 2> const upside_down =
      xt::view(xt::adapt(in.ref_logp, table), xt::range(B - 1, xt::placeholders::_, -1));
  auto const ref_logp = xt::view(upside_down, xt::range(B - 1, xt::placeholders::_, -1), xt::all());
  std::vector<float> dlogp(B * L), dlogits(static_cast<std::size_t>(B * L * V)), both(2 * T, -77);
  auto packed = xt::adapt(both, std::array<std::size_t, 2>{2, T});

  views v;
  v.logp = view(logp);
  v.old_logp = view<2>(old_logp);
  v.ref_logp = view(ref_logp);
  v.adv = per_sequence(view(xt::adapt(in.adv)));
  v.mask = view(xt::adapt(in.mask.data(), B * L, xt::no_ownership(), table));
  v.out = aha::outputs{view(xt::adapt(dlogp, table))};
  v.layout = aha::packed{view(xt::adapt(in.cu_seqlens))};
  v.packed_logp = view(xt::adapt(in.packed_logp));
  v.packed_old_logp = view<1>(xt::adapt(in.packed_old_logp, std::vector<std::size_t>{T}));
  v.packed_out = aha::outputs{view(xt::view(packed, 1, xt::all()))};
  v.rows = aha::logit_rows{view(xt::adapt(in.logits, std::array<std::size_t, 2>{B * L, V})),
                           view(xt::adapt(in.targets)), 0.9};
  v.dlogits = view(xt::adapt(dlogits, std::array<std::size_t, 2>{B * L, V}));
  v.reward = view(xt::adapt(in.reward));
  v.ids = view(xt::adapt(in.ids));
  std::vector<float> advantage(N);
  v.advantage = view(xt::adapt(advantage));
  expect_results(want, evaluate(v), dlogp, xt::view(packed, 1, xt::all()), dlogits, advantage);
  EXPECT_EQ(both[3], -77) << "the row beside";
}

TEST(xtensor, what_has_no_such_view_is_refused) {
  xt::xtensor<float, 2, xt::layout_type::column_major> columns = xt::zeros<float>({5, 3});
  char const* const stride =
      "aha::view: array: expected unit stride inside a row (of a column-major matrix pass the transpose), got stride ";
  EXPECT_EQ(error_of([&] { view(columns); }), std::string(stride) + "5");
  xt::xtensor<float, 2, xt::layout_type::column_major> const one_column = xt::zeros<float>({5, 1});
  EXPECT_EQ(view(one_column).extent(0), 5);
  EXPECT_EQ(view(one_column).stride(0), 1);
  xt::xtensor<float, 2> const x = xt::zeros<float>({4, 6});
  auto const every_other = xt::view(x, xt::all(), xt::range(0, 6, 2));
  EXPECT_EQ(error_of([&] { view(every_other); }), std::string(stride) + "2");
  auto const backwards = xt::view(x, xt::all(), xt::range(5, xt::placeholders::_, -1));
  EXPECT_EQ(error_of([&] { view(backwards); }), std::string(stride) + "-1");
  xt::xarray<float> const unknown = xt::zeros<float>({2, 2, 2, 2});
  EXPECT_EQ(error_of([&] { view<2>(unknown); }), "aha::view: array: expected 2 dimensions, got 4");
  aha::status why;
  EXPECT_EQ(view<1>(unknown, &why).size(), 0);
  EXPECT_EQ(why.message(), "aha::view: array: expected 1 dimension, got 4");
}

// No copies; writable exactly where xtensor's is. One row has no step of its own (xtensor writes 0).
static_assert(std::is_same_v<decltype(view(std::declval<xt::xtensor<float, 1>&>())), aha::span<float>>);
static_assert(std::is_same_v<decltype(view(std::declval<xt::xtensor<double, 3> const&>())), aha::cube<double const>>);
TEST(xtensor, views_are_of_the_same_memory) {
  xt::xtensor<float, 2> x = xt::zeros<float>({4, 6});
  EXPECT_EQ(view(x).data_handle(), x.data());
  auto part = xt::view(x, xt::range(1, 3), xt::range(2, 5));
  EXPECT_EQ(view(part).data_handle(), &x(1, 2));
  EXPECT_EQ(view(part).stride(0), 6);
  xt::xtensor<float, 2> const row = xt::zeros<float>({1, 6});
  EXPECT_EQ(view(row).stride(0), 6);
  xt::xtensor<float, 3> const none = xt::zeros<float>({2, 0, 3});
  EXPECT_EQ(view(none).extent(2), 3);
}

}  // namespace

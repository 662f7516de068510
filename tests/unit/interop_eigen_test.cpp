// SPDX-License-Identifier: MIT
// Eigen's matrices, arrays, maps, blocks and references as views: the bits of raw pointers, and what is refused.
#include "batches.hpp"
#include "error_of.hpp"
#include "host_arrays.hpp"

#include <aha/interop/eigen.hpp>
#include <gtest/gtest.h>

namespace {

using namespace host_arrays;
using aha::per_sequence;
using aha::view;
using batches::same_bits;

template <class T, int Order>
using table = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>;
template <class T>
using rows_of = table<T, Eigen::RowMajor>;
template <class T>
using columns_of = table<T, Eigen::ColMajor>;
template <class T>
using list = Eigen::Matrix<T, Eigen::Dynamic, 1>;

template <class T>
rows_of<T> row_major(std::vector<T> const& x, std::int64_t rows) {
  return Eigen::Map<rows_of<T> const>(x.data(), rows, static_cast<std::int64_t>(x.size()) / rows);
}
template <class T>
list<T> list_of(std::vector<T> const& x) {
  return Eigen::Map<list<T> const>(x.data(), static_cast<std::int64_t>(x.size()));
}
template <class X>
std::vector<float> values(X const& x) {  // in the order of rows
  std::vector<float> v;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t k = 0; k < x.cols(); ++k) v.push_back(x(i, k));
  }
  return v;
}

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

TEST(eigen, row_major_matrices_and_vectors) {
  inputs const in;
  results const want = from_raw_pointers(in);
  rows_of<float> const logp = row_major(in.logp, B), old_logp = row_major(in.old_logp, B);
  Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> const ref_logp = row_major(in.ref_logp, B);
  rows_of<bool> const mask = row_major(in.mask, B).cast<bool>();
  list<float> const adv = list_of(in.adv), packed_logp = list_of(in.packed_logp);
  Eigen::RowVectorXf const packed_old_logp = list_of(in.packed_old_logp);
  Eigen::VectorXi const cu = list_of(in.cu_seqlens);
  rows_of<float> const logits = row_major(in.logits, B * L);
  list<std::int64_t> const targets = list_of(in.targets), ids = list_of(in.ids);
  Eigen::ArrayXf const reward = list_of(in.reward);
  rows_of<float> dlogp(B, L), dlogits(B * L, V);
  Eigen::VectorXf packed_dlogp(T), advantage(N);

  views v;
  v.logp = view(logp);
  v.old_logp = view(old_logp);
  v.ref_logp = view(ref_logp);
  v.adv = per_sequence(view(adv));
  v.mask = view(mask);
  v.out = aha::outputs{view(dlogp)};
  v.layout = aha::packed{view(cu)};
  v.packed_logp = view(packed_logp);
  v.packed_old_logp = view(packed_old_logp);
  v.packed_out = aha::outputs{view(packed_dlogp)};
  v.rows = aha::logit_rows{view(logits), view(targets), 0.9};
  v.dlogits = view(dlogits);
  v.reward = view(reward);
  v.ids = view(ids);
  v.advantage = view(advantage);
  expect_results(want, evaluate(v), dlogp, packed_dlogp, dlogits, advantage);
}

// Sequences as columns, windows of larger matrices, maps and references: steps between rows are free.
TEST(eigen, columns_blocks_maps_and_references) {
  inputs const in;
  results const want = from_raw_pointers(in);
  columns_of<float> const logp = row_major(in.logp, B).transpose();  // (L, B)
  columns_of<float> wide(L + 2, B);
  wide.setConstant(1e38F);
  wide.middleRows(1, L) = row_major(in.old_logp, B).transpose();
  std::vector<float> gaps(static_cast<std::size_t>(B * (L + 3)), 1e38F);
  using gapped = Eigen::Map<rows_of<float>, Eigen::Unaligned, Eigen::OuterStride<>>;
  gapped ref_logp(gaps.data(), B, L, Eigen::OuterStride<>(L + 3));
  ref_logp = row_major(in.ref_logp, B);
  columns_of<double> const mask = row_major(in.mask, B).cast<double>().transpose();
  columns_of<float> dlogp(L, B);
  rows_of<float> const pair =
      (rows_of<float>(2, T) << list_of(in.packed_logp).transpose(), list_of(in.packed_old_logp).transpose()).finished();
  columns_of<float> packed_dlogp(T, 2);
  packed_dlogp.setConstant(-77);
  columns_of<float> const logits = row_major(in.logits, B * L).transpose();  // (V, B * L)
  columns_of<float> dlogits(V, B * L);
  Eigen::Matrix<float, B, 1> const adv = list_of(in.adv);
  Eigen::Matrix<std::int32_t, 1, B + 1> const cu = list_of(in.cu_seqlens);
  Eigen::VectorXf advantage(N);

  views v;
  v.logp = view(logp.transpose());
  v.old_logp = view(wide.middleRows(1, L).transpose());
  v.ref_logp = view(ref_logp);
  v.adv = per_sequence(view(adv));
  v.mask = view(mask.transpose());
  v.out = aha::outputs{view(dlogp.transpose())};
  v.layout = aha::packed{view(cu)};
  v.packed_logp = view(pair.row(0));
  v.packed_old_logp = view(pair.row(1));
  v.packed_out = aha::outputs{view(packed_dlogp.col(1))};
  Eigen::Ref<list<std::int64_t> const> const targets = Eigen::Map<list<std::int64_t> const>(in.targets.data(), B * L);
  v.rows = aha::logit_rows{view(logits.transpose()), view(targets), 0.9};
  v.dlogits = view(dlogits.transpose());
  v.reward = view(Eigen::Map<Eigen::VectorXf const>(in.reward.data(), N));
  v.ids = view(Eigen::Map<list<std::int64_t> const>(in.ids.data(), N));
  v.advantage = view(Eigen::Ref<Eigen::VectorXf>(advantage));
  expect_results(want, evaluate(v), dlogp.transpose(), packed_dlogp.col(1), dlogits.transpose(), advantage);
  EXPECT_EQ(packed_dlogp(3, 0), -77) << "the column beside";
  EXPECT_EQ(gaps[L + 1], 1e38F);
}

// The shape keeps its meaning, so a column-major matrix has no rows to show, except where it has one row or one column.
TEST(eigen, a_column_major_matrix_is_refused) {
  Eigen::MatrixXf const m = Eigen::MatrixXf::Zero(5, 3);
  char const* const text =
      "aha::view: array: expected unit stride inside a row (of a column-major matrix pass the transpose), got stride 5";
  EXPECT_EQ(error_of([&] { view(m); }), text);
  aha::status why;
  EXPECT_EQ(view(m, &why).extent(0), 0);
  EXPECT_EQ(why.message(), text);
  EXPECT_EQ(view(m.transpose(), &why).extent(1), 5);
  EXPECT_TRUE(why.ok());

  Eigen::MatrixXf const one_column(5, 1), one_row(1, 5), nothing(0, 3);
  EXPECT_EQ(view(one_column).extent(0), 5);
  EXPECT_EQ(view(one_column).extent(1), 1);
  EXPECT_EQ(view(one_column).stride(0), 1);
  EXPECT_EQ(view(one_row.leftCols(1)).extent(1), 1);
  EXPECT_EQ(view(one_row).extent(1), 5) << "one row has unit stride as well";
  EXPECT_EQ(view(nothing).extent(1), 3);

  using stepped = Eigen::Map<Eigen::VectorXf const, 0, Eigen::InnerStride<>>;
  EXPECT_EQ(error_of([&] { view(stepped(m.data(), 3, Eigen::InnerStride<>(2))); }),
            "aha::view: array: expected unit stride inside a row (of a column-major matrix pass the transpose), got "
            "stride 2");
  EXPECT_EQ(view(stepped(m.data(), 3, Eigen::InnerStride<>(1))).size(), 3);
}

// No copies; writable exactly where Eigen's is.
static_assert(std::is_same_v<decltype(view(std::declval<Eigen::VectorXf&>())), aha::span<float>>);
static_assert(std::is_same_v<decltype(view(std::declval<Eigen::VectorXf const&>())), aha::span<float const>>);
static_assert(std::is_same_v<decltype(view(std::declval<rows_of<double>&>())), aha::matrix<double>>);
static_assert(
    std::is_same_v<decltype(view(std::declval<Eigen::Map<Eigen::VectorXd const>>())), aha::span<double const>>);
static_assert(
    std::is_same_v<decltype(view(std::declval<rows_of<Eigen::bfloat16> const&>())), aha::matrix<aha::bfloat16 const>>);
TEST(eigen, views_are_of_the_same_memory) {
  rows_of<float> m(4, 6);
  EXPECT_EQ(view(m).data_handle(), m.data());
  EXPECT_EQ(view(m.block(1, 2, 2, 3)).data_handle(), &m(1, 2));
  EXPECT_EQ(view(m.block(1, 2, 2, 3)).stride(0), 6);
  rows_of<Eigen::bfloat16> h(1, 1);
  h(0, 0) = Eigen::bfloat16(-1.5F);
  EXPECT_EQ(to_float(*view(h).data_handle()), -1.5F);
  rows_of<Eigen::half> f(1, 1);
  f(0, 0) = Eigen::half(-1.5F);
  EXPECT_EQ(to_float(*view(f).data_handle()), -1.5F);
}

}  // namespace

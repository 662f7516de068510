// SPDX-License-Identifier: MIT
// DLPack tensors of the host, ours or those of the host's own dlpack.h, as views: the bits of raw pointers, and what is
// refused by name.
#include "batches.hpp"
#include "error_of.hpp"
#include "host_arrays.hpp"

#include <aha/interop/dlpack.hpp>
#include <gtest/gtest.h>

#include <array>

// What a host's dlpack.h declares: the same members, enumerations where ours have integers.
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
typedef struct {
  DLDeviceType device_type;
  std::int32_t device_id;
} DLDevice;
typedef struct {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
} DLDataType;
typedef struct {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
} DLTensor;
static_assert(sizeof(DLTensor) == sizeof(aha::dlpack::tensor) && sizeof(DLTensor) == 48);
static_assert(offsetof(aha::dlpack::tensor, byte_offset) == 40 && offsetof(aha::dlpack::tensor, shape) == 24);
static_assert(offsetof(aha::dlpack::managed_tensor_versioned, dl_tensor) == 32);

namespace {

using namespace host_arrays;
namespace dlpack = aha::dlpack;
using batches::same_bits;

template <class X>
constexpr std::uint8_t code_of() {
  using U = std::remove_const_t<X>;
  return std::is_same_v<U, bool> ? 6 : std::is_floating_point_v<U> ? 2 : std::is_signed_v<U> ? 0 : 1;
}

/// A tensor of the host with its shape and strides.
template <class Tensor = DLTensor>
struct held {
  std::array<std::int64_t, 4> shape{};
  std::array<std::int64_t, 4> strides{};
  Tensor t{};

  template <class X>
  held(X* data, std::initializer_list<std::int64_t> extents, std::initializer_list<std::int64_t> steps = {},
       std::uint64_t byte_offset = 0) {
    std::copy(extents.begin(), extents.end(), shape.begin());
    std::copy(steps.begin(), steps.end(), strides.begin());
    t.data = const_cast<std::remove_const_t<X>*>(data);
    t.device.device_type = static_cast<decltype(t.device.device_type)>(1);
    t.ndim = static_cast<std::int32_t>(extents.size());
    t.dtype.code = code_of<X>();
    t.dtype.bits = 8 * sizeof(X);
    t.dtype.lanes = 1;
    t.shape = shape.data();
    t.strides = steps.size() == 0 ? nullptr : strides.data();
    t.byte_offset = byte_offset;
  }
  held(held const&) = delete;
};

template <class Tensor>
void expect_the_numbers_of_raw_pointers() {
  using of = held<Tensor>;
  inputs in;
  results const want = from_raw_pointers(in);
  results got;
  std::vector<float> wide(B * (L + 4), 1e38F);  // rows that begin at byte 8, every L + 4 numbers
  for (std::size_t k = 0; k < in.old_logp.size(); ++k) wide[k / L * (L + 4) + k % L + 2] = in.old_logp[k];
  std::vector<double> mask(in.mask.begin(), in.mask.end());

  of const logp(in.logp.data(), {B, L}), old_logp(wide.data(), {B, L}, {L + 4, 1}, 8), adv(in.adv.data(), {B}, {1}),
      ref_logp(in.ref_logp.data(), {B, L}), keep(mask.data(), {B, L}), dlogp(got.dlogp.data(), {B, L}, {L, 1}),
      cu(in.cu_seqlens.data(), {B + 1}), packed_logp(in.packed_logp.data(), {T}),
      packed_old(in.packed_old_logp.data(), {T}), packed_dlogp(got.packed_dlogp.data(), {T}),
      logits(in.logits.data(), {B, L, V}), targets(in.targets.data(), {B, L}), dlogits(got.dlogits.data(), {B, L, V}),
      reward(in.reward.data(), {N}), ids(in.ids.data(), {N}), advantage(got.adv.data(), {N});
  views v;
  v.logp = dlpack::column_of<float const>(logp.t);
  v.old_logp = dlpack::column_of<float const>(old_logp.t);
  v.ref_logp = dlpack::column_of<float const>(ref_logp.t);
  v.adv = aha::per_sequence(dlpack::column_of<float const>(adv.t));
  v.mask = dlpack::mask_of(keep.t);
  v.out = aha::outputs{dlpack::column_of<float>(dlogp.t)};
  v.layout = aha::packed{dlpack::index_of(cu.t)};
  v.packed_logp = dlpack::column_of<float const>(packed_logp.t);
  v.packed_old_logp = dlpack::column_of<float const>(packed_old.t);
  v.packed_out = aha::outputs{dlpack::column_of<float>(packed_dlogp.t)};
  v.rows = dlpack::logit_rows_of(logits.t, dlpack::index_of(targets.t), 0.9);
  v.dlogits = dlpack::logit_gradient_of(dlogits.t);
  v.reward = dlpack::span_of<float const>(reward.t);
  v.ids = dlpack::index_of(ids.t);
  v.advantage = dlpack::span_of<float>(advantage.t);
  results const losses = evaluate(v);
  EXPECT_TRUE(same_bits(losses.loss, want.loss));
  EXPECT_TRUE(same_bits(losses.packed_loss, want.packed_loss));
  EXPECT_TRUE(same_bits(got.dlogp, want.dlogp));
  EXPECT_TRUE(same_bits(got.packed_dlogp, want.packed_dlogp));
  EXPECT_TRUE(same_bits(got.dlogits, want.dlogits));
  EXPECT_TRUE(same_bits(got.adv, want.adv));
}
TEST(dlpack, the_hosts_tensors_have_the_numbers_of_raw_pointers) { expect_the_numbers_of_raw_pointers<DLTensor>(); }
TEST(dlpack, our_tensors_have_the_numbers_of_raw_pointers) { expect_the_numbers_of_raw_pointers<dlpack::tensor>(); }

TEST(dlpack, masks_and_indices_of_every_type) {
  bool const b[] = {true, false, true};
  std::uint8_t const u[] = {1, 0, 2};
  std::int64_t const w[] = {-1, 0, 1};
  float const f[] = {0.5F, -0.0F, 1};
  double const d[] = {1, 0, 1};
  auto const expect = [](auto const& x) {
    held<> const h(x, {3});
    aha::mask_view<> const m = dlpack::mask_of(h.t);
    EXPECT_TRUE(m.at(0, 0) && !m.at(0, 1) && m.at(0, 2)) << dlpack::type_name(h.t.dtype);
  };
  expect(b);
  expect(u);
  expect(w);
  expect(f);
  expect(d);
  std::int32_t const narrow[] = {7, 8, 9, 10};
  held<> const table(narrow, {2, 2});
  EXPECT_EQ(dlpack::index_of(table.t).at(1, 0), 9);
  EXPECT_EQ(error_of([&] { dlpack::mask_of(table.t); }),
            "aha::dlpack::mask_of: mask: expected bool or uint8 or int64 or float32 or float64, got int32");
  held<> const numbers(f, {3});
  EXPECT_EQ(error_of([&] { dlpack::index_of(numbers.t, "cu_seqlens"); }),
            "aha::dlpack::index_of: cu_seqlens: expected int32 or int64, got float32");
}

TEST(dlpack, types_devices_and_strides_are_checked) {
  std::vector<float> x(24);
  auto const refused = [](held<> const& h) { return error_of([&] { dlpack::column_of<float const>(h.t, "logp"); }); };
  std::string const logp = "aha::dlpack::column_of: logp: expected ";
  std::vector<double> const wide(4);
  EXPECT_EQ(refused({wide.data(), {4}}), logp + "float32, got float64");
  EXPECT_EQ(refused({x.data(), {2, 3, 4}}), logp + "1 or 2 dimensions, got 3");
  EXPECT_EQ(refused({x.data(), {}}), logp + "1 or 2 dimensions, got 0");
  EXPECT_EQ(refused({x.data(), {4, 3}, {1, 4}}),
            logp + "unit stride inside a row (of a column-major matrix pass the transpose), got stride 4");
  EXPECT_EQ(refused({x.data(), {4}, {1}, 2}), logp + "aligned entries, got an unaligned address");
  EXPECT_EQ(refused({x.data(), {4, 1}, {1, 4}}), "no error") << "one entry a row has no inner step";

  held<> elsewhere(x.data(), {4});
  for (auto const& [type, name] :
       {std::pair(2, "cuda"), std::pair(10, "rocm"), std::pair(14, "oneapi"), std::pair(99, "DLPack device type 99")}) {
    elsewhere.t.device.device_id = 3;
    elsewhere.t.device.device_type = static_cast<DLDeviceType>(type);
    EXPECT_EQ(refused(elsewhere), logp + "host memory (CPU), got " + name + ":3");
  }
  held<> other(x.data(), {4});
  for (auto const& [code, bits, lanes, name] :
       {std::tuple(2, 16, 1, "float16"), std::tuple(4, 16, 1, "bfloat16"), std::tuple(5, 64, 1, "complex64"),
        std::tuple(2, 32, 4, "float32 in 4 lanes"), std::tuple(9, 8, 1, "DLPack type code 9 of 8 bits")}) {
    other.t.dtype = {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits),
                     static_cast<std::uint16_t>(lanes)};
    EXPECT_EQ(refused(other), logp + "float32, got " + name);
  }
  aha::status why;
  EXPECT_FALSE(dlpack::column_of<float>(other.t, "dlogp", &why).present());
  EXPECT_EQ(why.message(), "aha::dlpack::column_of: dlogp: expected float32, got DLPack type code 9 of 8 bits");
  EXPECT_EQ(error_of([&] {
              dlpack::span_of<float>(held<>(x.data(), {2, 2}).t);
            }),
            "aha::dlpack::span_of: tensor: expected 1 dimension, got 2");
}

TEST(dlpack, logits_of_every_type) {
  std::vector<std::uint16_t> bits(24, 0x3F80);
  std::vector<std::int64_t> const ids(6);
  held<> half(bits.data(), {2, 3, 4}, {12, 4, 1});
  half.t.dtype.code = 4;
  aha::logit_rows<> const rows = dlpack::logit_rows_of(half.t, aha::matrix(ids.data(), 2, 3), 0.7);
  EXPECT_EQ(rows.type, aha::dtype::bfloat16);
  EXPECT_EQ(rows.rank, 3);
  EXPECT_EQ(rows.outer_stride, 12);
  EXPECT_EQ(rows.temperature, 0.7);
  EXPECT_EQ(to_float(rows.row<aha::bfloat16>(1, 2)[3]), 1.0F);
  half.t.dtype.code = 2;
  std::fill(bits.begin(), bits.end(), std::uint16_t(0x3C00));
  EXPECT_EQ(to_float(dlpack::logit_rows_of(half.t, aha::matrix(ids.data(), 2, 3)).row<aha::float16>(0, 1)[2]), 1.0F);
  EXPECT_EQ(dlpack::logit_gradient_of(half.t).type, aha::dtype::float16);
  half.t.dtype.code = 0;
  EXPECT_EQ(error_of([&] { dlpack::logit_gradient_of(half.t); }),
            "aha::dlpack::logit_gradient_of: dlogits: expected float32 or float64 or float16 or bfloat16, got int16");
  std::vector<double> x(24);
  held<> const flat(x.data(), {6, 4});
  EXPECT_EQ(dlpack::logit_gradient_of(flat.t).type, aha::dtype::float64);
  held<> const list(x.data(), {24});
  EXPECT_EQ(error_of([&] { dlpack::logit_gradient_of(list.t); }),
            "aha::dlpack::logit_gradient_of: dlogits: expected 2 or 3 dimensions, got 1");
}

}  // namespace

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_rows.hpp>
#include <aha/interop/dlpack_abi.hpp>
#include <aha/interop/strided.hpp>

AHA_NAMESPACE_BEGIN

/// Functions that look at a DLPack tensor of the host. Nothing is copied and no ownership changes hands: the host keeps its
/// tensor for the time of the call.
namespace dlpack {

/// Code and name of a type of entries.
template <int Code>
struct type_tag {
  static constexpr int code = Code;
  char const* name;
};
inline constexpr type_tag<2> tag_of(float const*) { return {"float32"}; }
inline constexpr type_tag<2> tag_of(double const*) { return {"float64"}; }
inline constexpr type_tag<2> tag_of(float16 const*) { return {"float16"}; }
inline constexpr type_tag<4> tag_of(bfloat16 const*) { return {"bfloat16"}; }
inline constexpr type_tag<0> tag_of(std::int32_t const*) { return {"int32"}; }
inline constexpr type_tag<0> tag_of(std::int64_t const*) { return {"int64"}; }
inline constexpr type_tag<1> tag_of(std::uint8_t const*) { return {"uint8"}; }
inline constexpr type_tag<6> tag_of(bool const*) { return {"bool"}; }

template <class T, class Tensor>
bool holds(Tensor const& t) {
  return t.dtype.code == decltype(tag_of(static_cast<T*>(nullptr)))::code && t.dtype.bits == 8 * sizeof(T) &&
         t.dtype.lanes == 1;
}

/// The tensor with entries of T, from `byte_offset` on; dimensions beyond three are counted, not read.
template <class T, class Tensor>
strided_array<T> array_of(Tensor const& t) {
  strided_array<T> a;
  a.rank = static_cast<int>(t.ndim);
  if (t.data != nullptr) a.data = reinterpret_cast<T*>(static_cast<std::byte*>(t.data) + t.byte_offset);
  std::int64_t dense = 1;
  for (int k = a.rank <= a.max_rank ? a.rank - 1 : -1; k >= 0; --k) {
    a.extent[k] = t.shape[k];
    a.stride[k] = t.strides == nullptr ? dense : t.strides[k];
    dense *= a.extent[k];
  }
  return a;
}

/// The tensor as `Result(array of its own type)`, where that is one of Ts, on the host, with a rank in [low, high].
template <class Result, class... Ts, class Tensor, class Make>
Result read(std::string_view function, std::string_view argument, Tensor const& t, int low, int high, status* why,
            Make const& make) {
  Result result{};
  status s;
  if (static_cast<std::int32_t>(t.device.device_type) != host_device) {
    s = bad_argument(function, argument, "host memory (CPU)", device_name(t.device.device_type, t.device.device_id));
  } else {
    auto const as = [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if (!holds<T>(t)) return false;
      strided_array<T> const a = array_of<T>(t);
      s = check_strided(function, argument, a, low, high);
      if (s.ok()) result = make(a);
      return true;
    };
    if (!(as(static_cast<Ts*>(nullptr)) || ...)) {
      std::string expected;
      ((expected += text(expected.empty() ? "" : " or ", tag_of(static_cast<Ts*>(nullptr)).name)), ...);
      s = bad_argument(function, argument, expected, type_name(t.dtype));
    }
  }
  report(s, why);
  return result;
}

/// Makes a column of an array of one or two dimensions.
struct to_column {
  template <class T>
  column<T> operator()(strided_array<T> const& a) const {
    return a.rank == 1 ? column<T>(view_of_rank<T, 1>::of(a)) : column<T>(view_of_rank<T, 2>::of(a));
  }
};

// Below, `Tensor` is DLTensor of dlpack.h or `dlpack::tensor`. Entries of the last dimension must lie side by side; other
// strides are free, null strides mean C order. `argument` is the name in the error text, for example
// `aha::dlpack::column_of: logp: expected float32, got float64`. Errors throw; with `why`, or without exceptions, they are
// reported there and the view is empty (absent).

/// `[N]` of float or double, writable where T is: rewards and advantages of `advantages`, workspaces.
template <class T, class Tensor>
span<T> span_of(Tensor const& t, std::string_view argument = "tensor", status* why = nullptr) {
  return read<span<T>, std::remove_const_t<T>>("dlpack::span_of", argument, t, 1, 1, why,
                                               [](auto const& a) { return span<T>(a.data, a.extent[0]); });
}

/// `[N]` or `[B, L]` of float or double: a column of a batch (`column_of<float const>`) or an output (`column_of<float>`).
template <class T, class Tensor>
column<T> column_of(Tensor const& t, std::string_view argument = "tensor", status* why = nullptr) {
  return read<column<T>, std::remove_const_t<T>>("dlpack::column_of", argument, t, 1, 2, why,
                                                 [](auto const& a) { return column<T>(to_column{}(a)); });
}

/// `[N]` or `[B, L]` of bool, uint8, int64, float or double.
template <class Tensor>
mask_view<> mask_of(Tensor const& t, std::string_view argument = "mask", status* why = nullptr) {
  return read<mask_view<>, bool, std::uint8_t, std::int64_t, float, double>(
      "dlpack::mask_of", argument, t, 1, 2, why, [](auto const& a) { return mask_view<>(to_column{}(a)); });
}

/// `[N]` or `[B, L]` of int32 or int64: cu_seqlens, lengths, ids, targets.
template <class Tensor>
index_view<> index_of(Tensor const& t, std::string_view argument = "index", status* why = nullptr) {
  return read<index_view<>, std::int32_t, std::int64_t>("dlpack::index_of", argument, t, 1, 2, why,
                                                        [](auto const& a) { return index_view<>(to_column{}(a)); });
}

/// Logits `[T, V]` or `[B, L, V]` of any type that logits may have, with their targets.
template <class Tensor>
logit_rows<> logit_rows_of(Tensor const& t, index_view<> targets, double temperature = 1.0,
                           std::string_view argument = "logits", status* why = nullptr) {
  return read<logit_rows<>, float, double, float16, bfloat16>(
      "dlpack::logit_rows_of", argument, t, 2, 3, why, [&](auto const& a) {
        using T = std::remove_pointer_t<decltype(a.data)>;
        return a.rank == 2 ? logit_rows<>(view_of_rank<T, 2>::of(a), targets, temperature)
                           : logit_rows<>(view_of_rank<T, 3>::of(a), targets, temperature);
      });
}

/// Where the gradient with respect to logits goes.
template <class Tensor>
logit_gradient<> logit_gradient_of(Tensor const& t, std::string_view argument = "dlogits", status* why = nullptr) {
  return read<logit_gradient<>, float, double, float16, bfloat16>(
      "dlpack::logit_gradient_of", argument, t, 2, 3, why, [](auto const& a) {
        using T = std::remove_pointer_t<decltype(a.data)>;
        return a.rank == 2 ? logit_gradient<>(view_of_rank<T, 2>::of(a)) : logit_gradient<>(view_of_rank<T, 3>::of(a));
      });
}

}  // namespace dlpack

AHA_NAMESPACE_END

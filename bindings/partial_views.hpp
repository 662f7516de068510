// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/softmax_partial.hpp>

#include "logits_calls.hpp"

namespace aha_python {

/// Partials `[T, 4]` or `[B, L, 4]`, or `[K, ...]` of them (`extra` 1): float64, the last axis dense.
inline void check_partials(array_view const& a, argument where, int extra) {
  if (a.type != dtype::f64) wrong_type(where, "float64, as softmax_partials gives them", name_of(a));
  bool const ranked = a.rank == 2 + extra || a.rank == 3 + extra;
  if (!ranked || a.shape[a.last()] != 4) {
    wrong_value(where, extra == 0 ? "[T, 4] or [B, L, 4]" : "[K, T, 4] or [K, B, L, 4]", shape_text(a));
  }
  if (!a.unit_inner_stride()) wrong_value(where, "unit stride in the last dimension", "another");
  for (int i = extra; a.size() > 0 && i + 1 < a.rank; ++i) {
    std::size_t const k = static_cast<std::size_t>(i);
    bool const inner = i + 2 == a.rank;
    if (a.shape[k] > 1 && (inner ? a.stride[k] != 4 : a.stride[k] % 4 != 0)) {
      wrong_value(where, "rows of four that lie one behind the other", aha::text("stride ", a.stride[k]));
    }
  }
}
/// The partials from `offset` on (in numbers), without the first `extra` axes.
template <class P>
aha::column<P> partials_of(array_view const& a, int extra, std::int64_t offset) {
  P* const p = reinterpret_cast<P*>(static_cast<double*>(a.data) + offset);
  auto const axis = [&](int i) { return static_cast<std::size_t>(extra + i); };
  if (a.rank == 2 + extra) return aha::span<P>(p, a.shape[axis(0)]);
  std::int64_t const stride = a.shape[axis(0)] > 1 ? a.stride[axis(0)] / 4 : a.shape[axis(1)];
  return aha::matrix<P>(p, a.shape[axis(0)], a.shape[axis(1)], stride);
}

/// The array that `softmax_partials` writes.
inline written_array new_partials(row_arguments const& a) {
  std::array<std::int64_t, array_view::max_rank> shape = a.logits.shape;
  shape[a.logits.last()] = 4;
  return new_array(a.logits, dtype::f64, shape.data(), a.logits.rank, {"softmax_partials", "partials"});
}

/// The arguments of `merge_partials`.
struct merge_arguments {
  array_view all;
  double temperature = 1.0;
  int threads = 0;
  std::vector<aha::column<aha::softmax_partial const>> shards;

  static key const& leading() {
    static key const name{"shards"};
    return name;
  }
  explicit merge_arguments(call_arguments& call) {
    key const& k_shards = leading();
    logits_keys const& k = logits_keys::get();
    all = view_of(call.required(k_shards), call.at(k_shards));
    temperature = number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k_shards, k.temperature, k.threads);
    check_partials(all, call.at(k_shards), 1);
    for (std::int64_t i = 0; i < all.shape[0]; ++i) {
      shards.push_back(partials_of<aha::softmax_partial const>(all, 1, i * all.stride[0]));
    }
  }
};

/// The arguments of `token_logp_from_partials`.
struct finish_arguments {
  array_view partials;
  double temperature = 1.0;
  bool entropy = false;
  bool wide = false;
  int threads = 0;

  static key const& leading() {
    static key const name{"partials"};
    return name;
  }
  explicit finish_arguments(call_arguments& call) {
    key const& k_partials = leading();
    logits_keys const& k = logits_keys::get();
    partials = view_of(call.required(k_partials), call.at(k_partials));
    temperature = number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0);
    entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
    py::handle const type = call.keyword(k.dtype);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k_partials, k.temperature, k.entropy, k.dtype, k.threads);
    check_partials(partials, call.at(k_partials), 0);
    auto const is = [&](char const* text) { return PyUnicode_CompareWithASCIIString(type.ptr(), text) == 0; };
    char const* const legal = "\"float32\" or \"float64\"";
    if (type && !py::isinstance<py::str>(type)) wrong_type(call.at(k.dtype), legal, kind_of_object(type));
    wide = type && is("float64");
    if (type && !wide && !is("float32")) {
      wrong_value(call.at(k.dtype), legal, "\"" + std::string(py::str(type)) + "\"");
    }
  }
};

}  // namespace aha_python

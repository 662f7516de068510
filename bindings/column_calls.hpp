// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/token_batch.hpp>
#include <vector>

#include "advantages_call.hpp"

/// Calls on one column: measure, whiten, to_tokens.
namespace aha_python {

struct column_keys {
  key x{"x"}, mask{"mask"}, threads{"threads"}, method{"method"}, moments{"moments"}, out{"out"}, values{"values"},
      cu_seqlens{"cu_seqlens"}, lens{"lens"}, shape{"shape"};
  static column_keys const& get() {
    static column_keys const keys;
    return keys;
  }
};

/// A column's mask, where it has one.
inline aha::mask_view<> take_mask(call_arguments& call, std::vector<array_view>& owners) {
  key const& k = column_keys::get().mask;
  py::handle const given = call.keyword(k);
  if (!given) return {};
  owners.push_back(view_of(given, call.at(k)));
  return mask_of(owners.back(), call.at(k));
}

/// The arguments of `measure` behind the column.
struct measure_call {
  std::vector<array_view> owners;
  aha::mask_view<> mask;
  int threads = 0;
  explicit measure_call(call_arguments& call) {
    column_keys const& k = column_keys::get();
    mask = take_mask(call, owners);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k.x, k.mask, k.threads);
  }
};

/// The leading arguments of `whiten`, asked for in their order.
struct whiten_head {
  whitening_method method;
  py::handle x;
  explicit whiten_head(call_arguments& call)
      : method(whitening_of_object(call.required(column_keys::get().method), call.at(column_keys::get().method))),
        x(call.required(column_keys::get().x)) {}
};
/// The arguments of `whiten` behind them.
struct whiten_call {
  std::vector<array_view> owners;
  aha::mask_view<> mask;
  std::optional<aha::moments> moments;
  py::handle buffer;
  int threads = 0;
  explicit whiten_call(call_arguments& call) {
    column_keys const& k = column_keys::get();
    mask = take_mask(call, owners);
    moments = moments_of(call.keyword(k.moments), call.at(k.moments));
    buffer = call.keyword(k.out);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k.method, k.x, k.mask, k.moments, k.out, k.threads);
  }
};

/// The column that a call writes: the caller's buffer, or a new array of this shape.
template <class T>
struct written_column {
  written_array to;
  aha::column<T> out;
  written_column(call_arguments const& call, py::handle buffer, array_view const& like, char const* name,
                 std::int64_t const* shape, int rank) {
    argument const where = call.at(column_keys::get().out);
    to = buffer ? buffer_of(buffer, where) : new_array(like, dtype_of<T>(), shape, rank, where);
    out = output_of<T>(to.view, where, name);
  }
  py::object finished() { return handed_over(std::move(to.object)); }
};

/// The arguments of `to_tokens` behind the values: the layout and the shape of the tokens.
struct to_tokens_call {
  std::vector<array_view> owners;
  aha::mask_view<> mask;
  aha::layout<> layout;
  py::handle buffer;
  int threads = 0;
  int rank = 2;
  std::int64_t extents[2] = {0, 0};

  /// tokens_of(cu_seqlens): their number where offsets alone say it, which is their last entry.
  template <class TokensOf>
  to_tokens_call(call_arguments& call, array_view const& values, TokensOf const& tokens_of) {
    column_keys const& k = column_keys::get();
    py::handle const cu = call.keyword(k.cu_seqlens);
    py::handle const lens = call.keyword(k.lens);
    py::handle const shape = call.keyword(k.shape);
    owners.reserve(8);
    mask = take_mask(call, owners);
    buffer = call.keyword(k.out);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k.values, k.cu_seqlens, k.lens, k.mask, k.shape, k.out, k.threads);
    require_rows(values, call.at(k.values), 1);
    if (shape && (mask.present() || cu || buffer)) {
      wrong_value(call.at(k.shape), "None where cu_seqlens, a mask or out say it", "a shape");
    }

    // The shape of the tokens: cu_seqlens' last entry, or that of out, mask or shape.
    if (cu) {
      owners.push_back(view_of(cu, call.at(k.cu_seqlens)));
      aha::index_view<> const index = index_of(owners.back(), call.at(k.cu_seqlens));
      rank = 1;
      extents[0] = index.rank == 1 && index.width > 0 ? tokens_of(index) : 0;
      if (extents[0] < 0) wrong_value(call.at(k.cu_seqlens), "a last entry >= 0", aha::to_text(extents[0]));
    } else if (buffer) {
      owners.push_back(view_of(buffer, call.at(k.out)));
      if (owners.back().rank != 2) wrong_value(call.at(k.out), "[B, L] without cu_seqlens", shape_text(owners.back()));
      extents[0] = owners.back().shape[0];
      extents[1] = owners.back().shape[1];
    } else if (mask.present()) {
      if (mask.rank != 2) wrong_value(call.at(k.mask), "[B, L] without cu_seqlens", "a list");
      extents[0] = mask.rows;
      extents[1] = mask.width;
    } else if (shape) {
      if (!py::isinstance<py::tuple>(shape) || py::len(shape) != 2) {
        wrong_type(call.at(k.shape), "a tuple (B, L)", kind_of_object(shape));
      }
      py::tuple const pair = py::reinterpret_borrow<py::tuple>(shape);
      for (std::size_t d = 0; d < 2; ++d) {
        extents[d] = integer_of(pair[d], call.at(k.shape), 0);
        if (extents[d] < 0) wrong_value(call.at(k.shape), "numbers >= 0", aha::to_text(extents[d]));
      }
    } else {
      wrong_value(call.at(k.shape), "cu_seqlens, a mask, out or shape", "none of them");
    }
    layout = layout_of(call.function(), "out", rank, rank == 1 ? 1 : extents[0], rank == 1 ? extents[0] : extents[1],
                       cu, lens, owners);
  }
};

}  // namespace aha_python

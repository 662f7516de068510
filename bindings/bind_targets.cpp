// SPDX-License-Identifier: MIT
// Counting and shifting: what a host does with layouts before it calls a loss.
#include <aha/loss/count_totals.hpp>
#include <aha/loss/target_shift.hpp>

#include "bind.hpp"
#include "columns.hpp"

namespace aha_python {
namespace {

py::object count_totals(py::args const& args, py::kwargs const& kwargs) {
  static key const k_mask{"mask"};
  static key const k_cu{"cu_seqlens"};
  static key const k_lens{"lens"};
  static key const k_shape{"shape"};
  call_arguments call("count_totals", args, kwargs);
  auto const take = [&](key const& k) {
    py::handle const h = call.optional(k);
    return h && h.is_none() ? py::handle() : h;
  };
  py::handle const mask = take(k_mask);
  py::handle const cu = take(k_cu);
  py::handle const lens = take(k_lens);
  py::handle const shape = take(k_shape);
  call.finish(k_mask, k_cu, k_lens, k_shape);

  std::vector<array_view> owners;
  aha::token_batch<aha::host, float> b;
  if (mask) {
    owners.push_back(view_of(mask, call.at(k_mask)));
    b.mask = mask_of(owners.back(), call.at(k_mask));
  }
  int const rank = b.mask.present() ? b.mask.rank : (cu ? 1 : 2);
  std::int64_t rows = b.mask.rows;
  std::int64_t width = b.mask.width;
  if (!mask && !cu) {
    if (shape) {
      if (!py::isinstance<py::tuple>(shape) || py::len(shape) != 2)
        wrong_type(call.at(k_shape), "a tuple (B, L)", kind_of_object(shape));
      py::tuple const pair = py::reinterpret_borrow<py::tuple>(shape);
      rows = integer_of(pair[0], call.at(k_shape), 0);
      width = integer_of(pair[1], call.at(k_shape), 0);
    } else if (lens) {
      owners.push_back(view_of(lens, call.at(k_lens)));
      aha::index_view<> const lengths = index_of(owners.back(), call.at(k_lens));
      rows = lengths.width;
      for (std::int64_t i = 0; i < rows; ++i) width = std::max(width, lengths[i]);
    } else {
      wrong_value(call.at(k_mask), "a mask, cu_seqlens, lens or shape", "none of them");
    }
  } else if (shape) {
    wrong_value(call.at(k_shape), "None where a mask or cu_seqlens say it", "a shape");
  }
  b.layout = layout_of("count_totals", "mask", rank, rows, width, cu, lens, owners);
  aha::counted_totals n;
  {
    py::gil_scoped_release const unlocked;
    n = aha::count_totals(b.layout, b.mask);
  }
  return totals_object(aha::totals(n.tokens, n.sequences));
}

py::object target_shift(py::args const& args, py::kwargs const& kwargs) {
  static key const k_ids{"ids"};
  static key const k_cu{"cu_seqlens"};
  static key const k_mask{"mask"};
  static key const k_ignore{"ignore_index"};
  call_arguments call("target_shift", args, kwargs);
  py::handle const ids_object = call.required(k_ids);
  py::handle const cu = call.keyword(k_cu);
  py::handle const mask = call.keyword(k_mask);
  std::int64_t const ignore = integer_of(call.keyword(k_ignore), call.at(k_ignore), -100);
  call.finish(k_ids, k_cu, k_mask, k_ignore);

  array_view const like = view_of(ids_object, call.at(k_ids));
  aha::index_view<> const ids = index_of(like, call.at(k_ids));
  std::vector<array_view> owners;
  aha::token_batch<aha::host, float> b;
  if (mask) {
    owners.push_back(view_of(mask, call.at(k_mask)));
    b.mask = mask_of(owners.back(), call.at(k_mask));
  }
  b.layout = layout_of("target_shift", "ids", ids.rank, ids.rows, ids.width, cu, {}, owners);
  argument const at_out{"target_shift", "out"};
  written_array result = new_array(like, dtype::i64, like.shape.data(), like.rank, at_out);
  array_view const& out = result.view;
  auto* const data = static_cast<std::int64_t*>(out.data);
  aha::column<std::int64_t> const to =
      out.rank == 1 ? aha::column<std::int64_t>(aha::span<std::int64_t>(data, out.shape[0]))
                    : aha::column<std::int64_t>(aha::matrix<std::int64_t>(data, out.shape[0], out.shape[1]));
  {
    py::gil_scoped_release const unlocked;
    aha::target_shift(ids, b.layout, b.mask, to, ignore);
  }
  return handed_over(std::move(result.object));
}

}  // namespace

void bind_targets(py::module_& m) {
  m.def("count_totals", &count_totals,
        "count_totals(mask=None, cu_seqlens=None, lens=None, shape=None)\n--\n\n"
        "Counts this shard's tokens, and its sequences with at least one token. Sum the counts over micro-batches and\n"
        "ranks and hand them to the losses of the step as totals.\n\n"
        "mask: [T] with cu_seqlens, or [B, L]; cu_seqlens: [B + 1]; lens: [B]; shape: (B, L) of a batch without "
        "padding.");
  m.def(
      "target_shift", &target_shift,
      "target_shift(ids, *, cu_seqlens=None, mask=None, ignore_index=-100)\n--\n\n"
      "Next-token targets (int64) for logits at the same positions: targets[t] = ids[t + 1]. The last position of "
      "each\n"
      "sequence has none, so targets never cross a packed boundary.\n\n"
      "ids: int32 or int64, [T] with cu_seqlens [B + 1], or [B, L]. mask: shaped like ids, the tokens to be predicted\n"
      "(a loss mask over ids): where mask[t + 1] is 0, targets[t] is ignore_index. In a left-padded batch clear it at "
      "each\n"
      "row's first real token, which nothing precedes.");
}

}  // namespace aha_python

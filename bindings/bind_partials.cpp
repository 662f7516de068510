// SPDX-License-Identifier: MIT
// softmax_partials, merge_partials, token_logp_from_partials: rows whose vocabulary is split over ranks.
#include "bind.hpp"
#include "logits_calls.hpp"

namespace aha_python {
namespace {

/// Partials `[T, 4]` or `[B, L, 4]`, or `[K, ...]` of them (`extra` 1): float64, the last axis dense.
void check_partials(array_view const& a, argument where, int extra) {
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

py::object softmax_partials(py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("softmax_partials", args, kwargs);
  row_arguments a(call, false);
  a.take_shard(call);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  call.finish(k.logits, k.targets, k.vocab_offset, k.vocab_size, k.temperature, k.entropy, k.mask, k.threads);
  argument const where{"softmax_partials", "partials"};
  std::array<std::int64_t, array_view::max_rank> shape = a.logits.shape;
  shape[a.logits.last()] = 4;
  py::object result = new_array(a.logits, dtype::f64, shape.data(), a.logits.rank, where);
  array_view const out = view_of(result, where);
  {
    py::gil_scoped_release const unlocked;
    aha::softmax_partials(a.exec, a.rows, a.mask, entropy, partials_of<aha::softmax_partial>(out, 0, 0));
  }
  return handed_over(std::move(result));
}

py::object merge_partials(py::args const& args, py::kwargs const& kwargs) {
  static key const k_shards{"shards"};
  logits_keys const& k = logits_keys::get();
  call_arguments call("merge_partials", args, kwargs);
  array_view const all = view_of(call.required(k_shards), call.at(k_shards));
  double const temperature = number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0);
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  call.finish(k_shards, k.temperature, k.threads);
  check_partials(all, call.at(k_shards), 1);
  std::vector<aha::column<aha::softmax_partial const>> shards;
  for (std::int64_t i = 0; i < all.shape[0]; ++i) {
    shards.push_back(partials_of<aha::softmax_partial const>(all, 1, i * all.stride[0]));
  }
  argument const where{"merge_partials", "partials"};
  py::object result = new_array(all, dtype::f64, all.shape.data() + 1, all.rank - 1, where);
  array_view const out = view_of(result, where);
  {
    py::gil_scoped_release const unlocked;
    aha::merge_partials(exec, aha::span(shards.data(), all.shape[0]), temperature,
                        partials_of<aha::softmax_partial>(out, 0, 0));
  }
  return handed_over(std::move(result));
}

template <class T>
logp_answer run_from_partials(array_view const& partials, double temperature, bool entropy, aha::exec::cpu exec) {
  logp_arrays<T> made("token_logp_from_partials", partials, entropy);
  {
    py::gil_scoped_release const unlocked;
    aha::token_logp_from_partials(exec, partials_of<aha::softmax_partial const>(partials, 0, 0), temperature, made.out);
  }
  return made.finished();
}

logp_answer token_logp_from_partials(py::args const& args, py::kwargs const& kwargs) {
  static key const k_partials{"partials"};
  logits_keys const& k = logits_keys::get();
  call_arguments call("token_logp_from_partials", args, kwargs);
  array_view const partials = view_of(call.required(k_partials), call.at(k_partials));
  double const temperature = number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  py::handle const type = call.keyword(k.dtype);
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  call.finish(k_partials, k.temperature, k.entropy, k.dtype, k.threads);
  check_partials(partials, call.at(k_partials), 0);
  auto const is = [&](char const* text) { return PyUnicode_CompareWithASCIIString(type.ptr(), text) == 0; };
  char const* const legal = "\"float32\" or \"float64\"";
  if (type && !py::isinstance<py::str>(type)) wrong_type(call.at(k.dtype), legal, kind_of_object(type));
  bool const wide = type && is("float64");
  if (type && !wide && !is("float32")) {
    wrong_value(call.at(k.dtype), legal, "\"" + std::string(py::str(type)) + "\"");
  }
  return wide ? run_from_partials<double>(partials, temperature, entropy, exec)
              : run_from_partials<float>(partials, temperature, entropy, exec);
}

}  // namespace

void bind_partials(py::module_& m) {
  m.def("softmax_partials", &softmax_partials,
        "softmax_partials(logits, targets, *, vocab_offset=0, vocab_size=None, temperature=1.0, entropy=False, "
        "mask=None, threads=0)\n--\n\n"
        "What a shard of the vocabulary contributes to its rows: float64 [T, 4] or [B, L, 4], for rows that are split\n"
        "over ranks (tensor parallel).\n\n"
        "logits: [T, V_k] or [B, L, V_k], the ids [vocab_offset, vocab_offset + V_k) of vocab_size (None: V_k). "
        "targets:\n"
        "ids of the whole vocabulary, the same on every rank; -100 is a mask. Masked rows are not read. Every rank "
        "then\n"
        "gathers, merges in rank order, and has the row's results; the backward needs no communication:\n\n"
        "    mine = aha.softmax_partials(shard, targets, vocab_offset=k * n, vocab_size=V, entropy=True)\n"
        "    every = torch.empty(world, *mine.shape, dtype=mine.dtype)\n"
        "    torch.distributed.all_gather_into_tensor(every, mine)\n"
        "    row = aha.token_logp_from_partials(aha.merge_partials(every), entropy=True)\n"
        "    r = aha.loss(objective, row.logp, entropy=row.entropy, ...)\n"
        "    dshard = aha.logits_gradient(shard, targets, max=row.max, log_sum=row.log_sum, entropy=row.entropy,\n"
        "                                 dlogp=r.dlogp, dentropy=r.dentropy, vocab_offset=k * n, vocab_size=V)\n\n"
        "A torch shard that requires grad is passed as shard.detach(). Equal to unsharded rows within 1e-6 (1e-13 for "
        "float64 logits) of max(1, |x|).");
  m.def("merge_partials", &merge_partials,
        "merge_partials(shards, *, temperature=1.0, threads=0)\n--\n\n"
        "Joins the partials of all shards, [K, T, 4] or [K, B, L, 4], in their order: one order gives one result, bit "
        "for\n"
        "bit. temperature: as of softmax_partials.");
  m.def("token_logp_from_partials", &token_logp_from_partials,
        "token_logp_from_partials(partials, *, temperature=1.0, entropy=False, dtype=\"float32\", threads=0)\n--\n\n"
        "What token_logp returns, from merged partials [T, 4] or [B, L, 4]. entropy needs partials that have it. "
        "dtype:\n"
        "\"float32\", or \"float64\" beside float64 logits. Rows that were masked give 0.");
}

}  // namespace aha_python

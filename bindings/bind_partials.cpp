// SPDX-License-Identifier: MIT
// softmax_partials, merge_partials, token_logp_from_partials: rows whose vocabulary is split over ranks.
#include <aha/cpu/logits.hpp>

#include "bind.hpp"
#include "device_dispatch.hpp"
#include "partial_views.hpp"

namespace aha_python {
namespace {

py::object softmax_partials(py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("softmax_partials", args, kwargs);
  if (is_on_cuda(logits_of(call))) return on_cuda("softmax_partials", false, args, kwargs);
  row_arguments a(call, false);
  a.take_shard(call);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  call.finish(k.logits, k.targets, k.vocab_offset, k.vocab_size, k.temperature, k.entropy, k.mask, k.threads);
  written_array out = new_partials(a);
  {
    py::gil_scoped_release const unlocked;
    aha::softmax_partials(aha::exec::cpu{a.threads}, a.rows, a.mask, entropy,
                          partials_of<aha::softmax_partial>(out.view, 0, 0));
  }
  return handed_over(std::move(out.object));
}

py::object merge_partials(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("merge_partials", args, kwargs);
  if (is_on_cuda(call.first(merge_arguments::leading()))) return on_cuda("merge_partials", false, args, kwargs);
  merge_arguments const a(call);
  written_array out =
      new_array(a.all, dtype::f64, a.all.shape.data() + 1, a.all.rank - 1, {"merge_partials", "partials"});
  {
    py::gil_scoped_release const unlocked;
    aha::merge_partials(aha::exec::cpu{a.threads}, aha::span(a.shards.data(), a.all.shape[0]), a.temperature,
                        partials_of<aha::softmax_partial>(out.view, 0, 0));
  }
  return handed_over(std::move(out.object));
}

template <class T>
logp_answer run_from_partials(finish_arguments const& a) {
  logp_arrays<T> made("token_logp_from_partials", a.partials, a.entropy);
  {
    py::gil_scoped_release const unlocked;
    aha::token_logp_from_partials(aha::exec::cpu{a.threads}, partials_of<aha::softmax_partial const>(a.partials, 0, 0),
                                  a.temperature, made.out);
  }
  return made.finished();
}

py::object token_logp_from_partials(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("token_logp_from_partials", args, kwargs);
  if (is_on_cuda(call.first(finish_arguments::leading())))
    return on_cuda("token_logp_from_partials", false, args, kwargs);
  finish_arguments const a(call);
  return a.wide ? py::cast(run_from_partials<double>(a)) : py::cast(run_from_partials<float>(a));
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

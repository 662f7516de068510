// SPDX-License-Identifier: MIT
// loss_from_logits(...): a loss straight from logits, with the gradient by them.
#include <aha/cpu/loss_from_logits.hpp>
#include <aha/loss/dynamic.hpp>
#include <memory>

#include "answers.hpp"
#include "bind.hpp"
#include "columns.hpp"
#include "logits_views.hpp"

namespace aha_python {
namespace {

struct logits_loss_keys {
  key objective{"objective"}, logits{"logits"}, targets{"targets"}, temperature{"temperature"}, dlogits{"dlogits"};
  static logits_loss_keys const& get() {
    static logits_loss_keys const keys;
    return keys;
  }
};

template <class T>
logits_loss_answer run(call_arguments& call, aha::dynamic_objective const& objective, array_view const& logits) {
  batch_keys const& k = batch_keys::get();
  logits_loss_keys const& n = logits_loss_keys::get();
  std::vector<array_view> owners;
  owners.reserve(16);
  owners.push_back(view_of(call.required(n.targets), call.at(n.targets)));
  aha::index_view<> const targets = index_of(owners.back(), call.at(n.targets));
  aha::logit_rows<> const rows =
      rows_of(logits, call.at(n.logits), targets, number_of(call.keyword(n.temperature), call.at(n.temperature), 1.0));
  aha::token_batch<aha::host, T> b;
  fill_columns(b, call, "the log-probabilities of these logits", owners);
  b.layout = layout_of(call.function(), "logits", rows.rank - 1, rows.outer, rows.rows, call.keyword(k.cu_seqlens),
                       call.keyword(k.lens), owners);
  unsigned const observed = observers_of(call.keyword(k.observe), call.at(k.observe));
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  py::handle const wanted = call.keyword(n.dlogits);
  call.finish(n.objective, n.logits, n.targets, n.temperature, n.dlogits, k.old_logp, k.ref_logp, k.adv, k.weight,
              k.keep, k.mask, k.cu_seqlens, k.lens, k.length, k.prompt_tokens, k.totals, k.scale, k.observe, k.threads);

  logits_loss_answer answer;
  aha::logit_gradient<> to;
  if (wanted && wanted.ptr() != Py_False) {
    answer.dlogits = wanted.ptr() == Py_True
                         ? new_array(logits, logits.type, logits.shape.data(), logits.rank, call.at(n.dlogits))
                         : py::reinterpret_borrow<py::object>(wanted);
    owners.push_back(view_of(answer.dlogits, call.at(n.dlogits)));
    to = gradient_of(owners.back(), call.at(n.dlogits));
    if (owners.back().type != logits.type) {
      wrong_type(call.at(n.dlogits), name_of(logits) + " like logits", name_of(owners.back()));
    }
  }
  {
    py::gil_scoped_release const unlocked;
    std::int64_t const bytes = aha::workspace_bytes(exec, objective, rows, observed);
    std::unique_ptr<std::byte[]> const memory(new std::byte[static_cast<std::size_t>(bytes)]);
    aha::span<std::byte> const workspace(memory.get(), bytes);
    aha::loss_result const r = aha::loss_from_logits(exec, objective, rows, b, to, workspace, observed);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  return answer;
}

logits_loss_answer loss_from_logits(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_loss_keys const& n = logits_loss_keys::get();
  call_arguments call("loss_from_logits", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(n.objective), call.at(n.objective));
  array_view const logits = view_of(call.required(n.logits), call.at(n.logits), autograd);
  return column_dtype(logits) == dtype::f64 ? run<double>(call, objective, logits)
                                            : run<float>(call, objective, logits);
}

}  // namespace

void bind_logits_loss(py::module_& m) {
  char const* const doc =
      "loss_from_logits(objective, logits, targets, *, temperature=1.0, old_logp=None, ref_logp=None, adv=None, "
      "weight=None, "
      "keep=None, mask=None, cu_seqlens=None, lens=None, length=None, prompt_tokens=None, totals=None, scale=1.0, "
      "observe=\"default\", "
      "dlogits=None, threads=0)\n--\n\n"
      "Loss of an objective straight from logits, and its gradient by them: token_logp, loss, logits_gradient in one "
      "call.\n\n"
      "logits: [T, V] with cu_seqlens, or [B, L, V]; float32, float64 or bfloat16 (torch), any strides but unit in V.\n"
      "targets: int32 or int64 [T] or [B, L]; -100 is a mask, in denominators and statistics too. Columns as for loss, "
      "without\n"
      "logp and entropy, which are computed here: float64 beside float64 logits, else float32.\n"
      "dlogits: None computes the loss alone, True a new array, or a buffer shaped and typed like logits, apart from "
      "them.\n"
      "Returns loss (float), dlogits, stats.";
  m.def(
      "loss_from_logits", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(false, a, k); }, doc);
  m.def(
      "_loss_from_logits_autograd", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(true, a, k); },
      "loss_from_logits for autograd functions: logits may require grad.");
}

}  // namespace aha_python

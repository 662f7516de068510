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
  key objective{"objective"}, logits{"logits"}, targets{"targets"}, temperature{"temperature"}, dlogits{"dlogits"},
      inplace{"inplace"};
  static logits_loss_keys const& get() {
    static logits_loss_keys const keys;
    return keys;
  }
};

template <class T>
logits_loss_answer run(call_arguments& call, aha::dynamic_objective const& objective, array_view const& logits,
                       py::handle object, bool autograd) {
  batch_keys const& k = batch_keys::get();
  logits_loss_keys const& n = logits_loss_keys::get();
  std::vector<array_view> owners;
  owners.reserve(32);
  owners.push_back(view_of(call.required(n.targets), call.at(n.targets)));
  aha::index_view<> const targets = index_of(owners.back(), call.at(n.targets));
  aha::logit_rows<> const rows =
      rows_of(logits, call.at(n.logits), targets, number_of(call.keyword(n.temperature), call.at(n.temperature), 1.0));
  aha::token_batch<aha::host, T> b;
  fill_columns(b, call, "the log-probabilities of these logits", owners);
  py::handle const cu_seqlens = call.keyword(k.cu_seqlens);
  bool const batch_of_one = cu_seqlens && rows.rank == 3 && rows.outer == 1;  // [1, T, V] of packed tokens
  b.layout = layout_of(call.function(), "logits", batch_of_one ? 1 : rows.rank - 1, rows.outer, rows.rows, cu_seqlens,
                       call.keyword(k.lens), owners);
  unsigned const observed = observers_of(call.keyword(k.observe), call.at(k.observe));
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  py::handle const wanted = call.keyword(n.dlogits);
  bool const inplace = flag_of(call.keyword(n.inplace), call.at(n.inplace), false);
  key const* const keys[] = {&k.value, &k.old_value, &k.returns, &k.given};
  aha::column<T const>* const columns[] = {&b.value, &b.old_value, &b.returns, &b.given};
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    argument const where = call.at(*keys[i]);
    if (py::handle const value = call.keyword(*keys[i])) {
      // The critic's prediction and the host's loss may require grad under autograd.
      owners.push_back(view_of(value, where, autograd && (i == 0 || i == 3)));
      *columns[i] = column_of<T>(owners.back(), where, "the log-probabilities of these logits");
    }
  }
  output_request asked;
  if (py::handle const outputs = call.keyword(k.outputs)) {
    asked = outputs_of(outputs, call.at(k.outputs));
  }
  call.finish(n.objective, n.logits, n.targets, n.temperature, n.dlogits, n.inplace, k.old_logp, k.ref_logp, k.value,
              k.old_value, k.returns, k.given, k.adv, k.weight, k.keep, k.mask, k.cu_seqlens, k.lens, k.length,
              k.prompt_tokens, k.totals, k.scale, k.observe, k.outputs, k.threads);

  logits_loss_answer answer;
  gradient_target const to = gradient_target_of(wanted, inplace, logits, object, call.at(n.dlogits), false);
  answer.dlogits = to.object;
  array_view beside = logits;  // the shape of the batch's columns
  beside.rank = batch_of_one ? 1 : logits.rank - 1;
  if (batch_of_one) beside.shape[0] = rows.rows;
  aha::outputs<T> out;
  std::size_t at = 0;
  aha::outputs<T>::each(out, [&](std::string_view name, aha::column<T>& view) {
    answer.outputs[at] = output_for<T>(asked.each[at], {call.function(), name.data()}, beside, "logits", view, owners);
    ++at;
  });
  {
    py::gil_scoped_release const unlocked;
    std::int64_t const bytes = aha::workspace_bytes(exec, objective, rows, observed);
    std::unique_ptr<std::byte[]> const memory(new std::byte[static_cast<std::size_t>(bytes)]);
    aha::span<std::byte> const workspace(memory.get(), bytes);
    aha::loss_result const r = aha::loss_from_logits(exec, objective, rows, b, to.view, workspace, observed, out);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  answer.dlogits = handed_over(std::move(answer.dlogits));
  for (py::object& x : answer.outputs) x = handed_over(std::move(x));
  if (inplace) mark_written(logits);
  return answer;
}

logits_loss_answer loss_from_logits(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_loss_keys const& n = logits_loss_keys::get();
  call_arguments call("loss_from_logits", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(n.objective), call.at(n.objective));
  py::handle const object = call.required(n.logits);
  array_view const logits = view_of(object, call.at(n.logits), autograd);
  return column_dtype(logits) == dtype::f64 ? run<double>(call, objective, logits, object, autograd)
                                            : run<float>(call, objective, logits, object, autograd);
}

}  // namespace

void bind_logits_loss(py::module_& m) {
  char const* const doc =
      "loss_from_logits(objective, logits, targets, *, temperature=1.0, old_logp=None, ref_logp=None, value=None, "
      "old_value=None, returns=None, given=None, adv=None, weight=None, keep=None, mask=None, cu_seqlens=None, "
      "lens=None, length=None, prompt_tokens=None, totals=None, scale=1.0, observe=\"default\", outputs=None, "
      "dlogits=None, inplace=False, threads=0)\n--\n\n"
      "Loss of an objective straight from logits, and its gradient by them: token_logp, loss, logits_gradient in one "
      "call.\n\n"
      "logits: [T, V] or [1, T, V] with cu_seqlens, or [B, L, V]; float64, float32, float16 or bfloat16 (torch), any\n"
      "strides but unit in V.\n"
      "targets: int32 or int64 [T] or [B, L]; -100 is a mask, in denominators and statistics too. Columns as for loss, "
      "without\n"
      "logp, entropy and lse, which are computed here: float64 beside float64 logits, else float32.\n"
      "dlogits: None computes the loss alone, True a new array, or a buffer shaped and typed like logits, apart from "
      "them.\n"
      "inplace=True: the gradient overwrites the logits, with the same bits and without memory of its own.\n"
      "outputs: dvalue, dgiven and token_loss of aha.outputs(...), where they are wanted. Returns loss (float), "
      "dlogits,\n"
      "dvalue, dgiven, token_loss, stats.";
  m.def(
      "loss_from_logits", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(false, a, k); }, doc);
  m.def(
      "_loss_from_logits_autograd", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(true, a, k); },
      "loss_from_logits for autograd functions: logits, value and given may require grad.");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// loss_from_logits(...): a loss straight from logits, with the gradient by them.
#include <aha/cpu/loss_from_logits.hpp>
#include <memory>

#include "answers.hpp"
#include "bind.hpp"
#include "device_dispatch.hpp"
#include "logits_loss_call.hpp"

namespace aha_python {
namespace {

template <class T>
py::object run(call_arguments& call, aha::dynamic_objective const& objective, array_view const& logits,
               py::handle object, bool autograd) {
  logits_loss_call<T> a(call, logits, object, autograd);
  logits_loss_answer answer;
  {
    py::gil_scoped_release const unlocked;
    aha::exec::cpu const exec{a.threads};
    std::int64_t const bytes = aha::workspace_bytes(exec, objective, a.rows, a.observed);
    std::unique_ptr<std::byte[]> const memory(new std::byte[static_cast<std::size_t>(bytes)]);
    aha::span<std::byte> const workspace(memory.get(), bytes);
    aha::loss_result const r =
        aha::loss_from_logits(exec, objective, a.rows, a.batch, a.to.view, workspace, a.observed, a.out);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  answer.dlogits = a.finished(logits);
  answer.outputs = std::move(a.made);
  if (!autograd) return py::cast(std::move(answer));
  return autograd_answer(scalar_tensor(answer.loss, dtype_of<T>()), py::cast(answer.stats), answer.outputs,
                         std::move(answer.dlogits));
}

py::object loss_from_logits(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_loss_keys const& n = logits_loss_keys::get();
  call_arguments call("loss_from_logits", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(n.objective), call.at(n.objective));
  py::handle const object = call.required(n.logits);
  if (is_on_cuda(object)) return on_cuda("loss_from_logits", autograd, args, kwargs);
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
      "loss_from_logits for autograd functions: logits, value and given may require grad. A tuple: the loss as a "
      "tensor, "
      "the\nstatistics (a device's record), the outputs, dlogits.");
}

}  // namespace aha_python

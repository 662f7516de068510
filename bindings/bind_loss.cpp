// SPDX-License-Identifier: MIT
// loss(...): from log-probabilities to a number, gradients and statistics.
#include <aha/cpu/loss.hpp>

#include "answers.hpp"
#include "bind.hpp"
#include "device_dispatch.hpp"
#include "loss_call.hpp"

namespace aha_python {
namespace {

template <class T>
py::object run(call_arguments& call, key const& name, array_view const& first, aha::dynamic_objective const& objective,
               bool autograd) {
  loss_call<T> a(call, name, first, objective, autograd);
  loss_answer answer;
  {
    py::gil_scoped_release const unlocked;
    aha::loss_result const r = aha::loss(aha::exec::cpu{a.threads}, objective, a.batch, a.out, a.observed);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  answer.outputs = a.finished();
  if (!autograd) return py::cast(std::move(answer));
  return autograd_answer(scalar_tensor(answer.loss, dtype_of<T>()), py::cast(answer.stats), answer.outputs, py::none());
}

py::object loss(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  loss_keys const& own = loss_keys::get();
  call_arguments call("loss", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(own.objective), call.at(own.objective));
  leading_argument const leading = leading_of(call);
  if (leading.name == nullptr) no_column(call, objective);
  if (is_on_cuda(leading.value)) return on_cuda("loss", autograd, args, kwargs);
  array_view const first = view_of(leading.value, call.at(*leading.name), autograd);
  if (first.type == dtype::f64) return run<double>(call, *leading.name, first, objective, autograd);
  if (first.type != dtype::f32) wrong_type(call.at(*leading.name), "float32 or float64", name_of(first));
  return run<float>(call, *leading.name, first, objective, autograd);
}

}  // namespace

void bind_loss(py::module_& m) {
  char const* const doc =
      "loss(objective, logp=None, *, old_logp=None, ref_logp=None, entropy=None, lse=None, value=None, old_value=None, "
      "returns=None, given=None, adv=None, weight=None, keep=None, mask=None, cu_seqlens=None, lens=None, length=None, "
      "prompt_tokens=None, totals=None, scale=1.0, observe=\"default\", outputs=None, threads=0)\n--\n\n"
      "Loss, exact gradient and statistics of an objective from log-probabilities, in one pass.\n\n"
      "logp is [T] with cu_seqlens [B + 1] (packed), or [B, L] with a mask [B, L], lens [B] or neither (padded). It "
      "may be\n"
      "None where the objective does not read it: value, old_value, returns are the critic's columns, given is a "
      "token\n"
      "loss of the host's own, entropy and lse belong to the tokens' rows of logits. All columns are float32 or all\n"
      "float64, NumPy or torch on the CPU, read in place. old_logp may be aha.on_policy.\n"
      "adv, weight, keep: aha.per_sequence(a) or aha.per_token(a). mask enters denominators; keep only the numerator.\n"
      "length [B]: a sequence's own token count where it is split over ranks. prompt_tokens [B]: the tokens of its "
      "prompt\n"
      "group over the whole step, for prompt_mean. totals: aha.totals(...) of the whole step.\n"
      "scale multiplies loss and gradient. observe: \"default\", \"none\", or names of clip, old_kl, ref_kl, ratio, "
      "entropy,\n"
      "parts, ess, chi_square. outputs: None computes dlogp where logp is there, and the gradient by every other "
      "column\n"
      "that the objective is differentiated by: dentropy, dlse, dvalue, dgiven.\n"
      "Masked positions may hold anything. A column that nothing reads raises (logp, which has the shape, may be "
      "there);\n"
      "one that is read and missing raises.\n"
      "Returns loss (float), dlogp, dentropy, dlse, dvalue, dgiven, token_loss (None where not asked for), stats.";
  m.def(
      "loss", [](py::args const& a, py::kwargs const& k) { return loss(false, a, k); }, doc);
  m.def(
      "_loss_autograd", [](py::args const& a, py::kwargs const& k) { return loss(true, a, k); },
      "loss for autograd functions: logp, entropy, lse, value and given may require grad. A tuple: the loss as a "
      "tensor, "
      "the\nstatistics (a device's record), the outputs, None.");
}

}  // namespace aha_python

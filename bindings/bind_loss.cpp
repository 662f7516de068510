// SPDX-License-Identifier: MIT
// loss(...): from log-probabilities to a number, gradients and statistics.
#include <aha/cpu/loss.hpp>
#include <aha/loss/dynamic.hpp>

#include "answers.hpp"
#include "bind.hpp"
#include "columns.hpp"

namespace aha_python {
namespace {

template <class T>
loss_answer run(call_arguments& call, array_view const& logp, aha::dynamic_objective const& objective, bool autograd) {
  batch_keys const& k = batch_keys::get();
  std::vector<array_view> owners;
  owners.reserve(16);
  aha::token_batch<aha::host, T> b;
  argument const at_logp{call.function(), "logp"};
  b.logp = column_of<T>(logp, at_logp, nullptr);
  fill_columns(b, call, "logp", owners);
  if (py::handle const entropy = call.keyword(k.entropy)) {
    owners.push_back(view_of(entropy, call.at(k.entropy), autograd));
    b.entropy = column_of<T>(owners.back(), call.at(k.entropy), "logp");
  }
  b.layout = layout_of(call.function(), "logp", logp.rank, b.logp.rows, b.logp.width, call.keyword(k.cu_seqlens),
                       call.keyword(k.lens), owners);
  unsigned const observed = observers_of(call.keyword(k.observe), call.at(k.observe));
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};

  py::handle const wanted = call.keyword(k.outputs);
  if (wanted && !py::isinstance<output_request>(wanted)) {
    wrong_type(call.at(k.outputs), "aha.outputs(...)", kind_of_object(wanted));
  }
  call.finish(k.old_logp, k.ref_logp, k.entropy, k.adv, k.weight, k.keep, k.mask, k.cu_seqlens, k.lens, k.length,
              k.totals, k.scale, k.observe, k.outputs, k.threads);
  output_request asked;
  if (wanted) {
    asked = wanted.cast<output_request const&>();
  } else {
    asked.dlogp = py::bool_(true);
    asked.dentropy = py::bool_((aha::needs_of_objective(objective).active & aha::reads::entropy) != 0);
  }
  // New arrays are made last: what is wrong with the call is known by then.
  aha::outputs<T> out;
  loss_answer answer;
  answer.dlogp = output_for<T>(asked.dlogp, {call.function(), "dlogp"}, logp, "logp", out.dlogp, owners);
  answer.dentropy = output_for<T>(asked.dentropy, {call.function(), "dentropy"}, logp, "logp", out.dentropy, owners);
  answer.token_loss =
      output_for<T>(asked.token_loss, {call.function(), "token_loss"}, logp, "logp", out.token_loss, owners);
  {
    py::gil_scoped_release const unlocked;
    aha::loss_result const r = aha::loss(exec, objective, b, out, observed);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  return answer;
}

loss_answer loss(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  static key const k_objective{"objective"};
  static key const k_logp{"logp"};
  call_arguments call("loss", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(k_objective), call.at(k_objective));
  array_view const logp = view_of(call.required(k_logp), call.at(k_logp), autograd);
  if (logp.type == dtype::f64) return run<double>(call, logp, objective, autograd);
  if (logp.type != dtype::f32) wrong_type(call.at(k_logp), "float32 or float64", name_of(logp));
  return run<float>(call, logp, objective, autograd);
}

}  // namespace

void bind_loss(py::module_& m) {
  char const* const doc =
      "loss(objective, logp, *, old_logp=None, ref_logp=None, entropy=None, adv=None, weight=None, keep=None, "
      "mask=None, "
      "cu_seqlens=None, lens=None, length=None, totals=None, scale=1.0, observe=\"default\", outputs=None, "
      "threads=0)\n--\n\n"
      "Loss, exact gradient and statistics of an objective from log-probabilities, in one pass.\n\n"
      "logp is [T] with cu_seqlens [B + 1] (packed), or [B, L] with a mask [B, L], lens [B] or neither (padded). All "
      "columns\n"
      "are float32 or all float64, NumPy or torch on the CPU, read in place. old_logp may be aha.on_policy.\n"
      "adv, weight, keep: aha.per_sequence(a) or aha.per_token(a). mask enters denominators; keep only the numerator.\n"
      "length [B]: a sequence's own token count where it is split over ranks. totals: aha.totals(...) of the whole "
      "step.\n"
      "scale multiplies loss and gradient. observe: \"default\", \"none\", or names of clip, old_kl, ref_kl, ratio, "
      "entropy,\n"
      "parts, ess, chi_square. outputs: None computes dlogp, and dentropy where the objective reads entropy.\n"
      "Masked positions may hold anything. A column that nothing reads raises; one that is read and missing raises.\n"
      "Returns loss (float), dlogp, dentropy, token_loss (None where not asked for), stats.";
  m.def(
      "loss", [](py::args const& a, py::kwargs const& k) { return loss(false, a, k); }, doc);
  m.def(
      "_loss_autograd", [](py::args const& a, py::kwargs const& k) { return loss(true, a, k); },
      "loss for autograd functions: logp and entropy may require grad.");
}

}  // namespace aha_python

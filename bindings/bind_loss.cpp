// SPDX-License-Identifier: MIT
// loss(...): from log-probabilities to a number, gradients and statistics.
#include <aha/cpu/loss.hpp>
#include <aha/loss/dynamic.hpp>

#include "answers.hpp"
#include "bind.hpp"
#include "columns.hpp"

namespace aha_python {
namespace {

struct loss_keys {
  key objective{"objective"}, logp{"logp"};
  static loss_keys const& get() {
    static loss_keys const keys;
    return keys;
  }
};

/// The first column with one entry a token that is there: it has the shape and the type of the others.
struct leading_column {
  char const* name;
  array_view view;
};

template <class T>
loss_answer run(call_arguments& call, leading_column const& first, aha::dynamic_objective const& objective,
                bool autograd) {
  batch_keys const& k = batch_keys::get();
  std::vector<array_view> owners;
  owners.reserve(32);
  aha::token_batch<aha::host, T> b;
  fill_columns(b, call, first.name, owners);
  aha::column<T const> shape;
  key const* const keys[] = {nullptr,  nullptr,      nullptr,    &k.entropy, &k.lse,
                             &k.value, &k.old_value, &k.returns, &k.given};
  int i = 0;
  aha::token_batch<aha::host, T>::columns(b, [&](std::string_view name, unsigned flag, aha::column<T const>& to) {
    key const* const at = keys[i++];
    bool const leads = name == first.name;
    if (leads) {
      to = column_of<T>(first.view, {call.function(), first.name}, nullptr);
      shape = to;
    }
    if (at == nullptr) return;
    py::handle const value = call.keyword(*at);
    if (!value || leads) return;
    // What the objective is differentiated by may require grad under autograd; what it takes as it is may not.
    owners.push_back(view_of(value, call.at(*at), autograd && flag == aha::reads_of(aha::active_input_of(flag))));
    to = column_of<T>(owners.back(), call.at(*at), first.name);
  });
  b.layout = layout_of(call.function(), first.name, first.view.rank, shape.rows, shape.width,
                       call.keyword(k.cu_seqlens), call.keyword(k.lens), owners);
  unsigned const observed = observers_of(call.keyword(k.observe), call.at(k.observe));
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};

  py::handle const wanted = call.keyword(k.outputs);
  output_request asked;
  if (wanted) asked = outputs_of(wanted, call.at(k.outputs));
  call.finish(k.old_logp, k.ref_logp, k.entropy, k.lse, k.value, k.old_value, k.returns, k.given, k.adv, k.weight,
              k.keep, k.mask, k.cu_seqlens, k.lens, k.length, k.prompt_tokens, k.totals, k.scale, k.observe, k.outputs,
              k.threads, loss_keys::get().objective, loss_keys::get().logp);
  if (!wanted) {
    unsigned const active = aha::needs_of_objective(objective).active;
    for_each_output([&](std::string_view, aha::active_input const* input, std::size_t at) {
      bool const read = input != nullptr && (active & aha::reads_of(*input)) != 0;
      asked.each[at] = py::bool_(read || (at == 0 && b.logp.present()));
    });
  }
  // New arrays are made last: what is wrong with the call is known by then.
  aha::outputs<T> out;
  loss_answer answer;
  std::size_t at = 0;
  aha::outputs<T>::each(out, [&](std::string_view name, aha::column<T>& to) {
    answer.outputs[at] =
        output_for<T>(asked.each[at], {call.function(), name.data()}, first.view, first.name, to, owners);
    ++at;
  });
  {
    py::gil_scoped_release const unlocked;
    aha::loss_result const r = aha::loss(exec, objective, b, out, observed);
    answer.loss = r.loss;
    answer.stats = r.stats;
  }
  for (py::object& x : answer.outputs) x = handed_over(std::move(x));
  return answer;
}

loss_answer loss(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  loss_keys const& own = loss_keys::get();
  batch_keys const& k = batch_keys::get();
  call_arguments call("loss", args, kwargs);
  aha::dynamic_objective const& objective = objective_of(call.required(own.objective), call.at(own.objective));
  py::handle value = call.optional(own.logp);
  key const* leading = &own.logp;
  for (key const* other : {&k.entropy, &k.lse, &k.value, &k.given}) {
    if (value && !value.is_none()) break;
    leading = other;
    value = call.peek(*other);
  }
  if (!value || value.is_none()) {
    aha::active_input const read = aha::active_input_of(aha::needs_of_objective(objective).named);
    key const* const keys[] = {&own.logp, &k.entropy, &k.lse, &k.value, &k.given};
    wrong_type(call.at(*keys[static_cast<int>(read)]), "a column", "none");
  }
  leading_column const first{leading->text, view_of(value, call.at(*leading), autograd)};
  if (first.view.type == dtype::f64) return run<double>(call, first, objective, autograd);
  if (first.view.type != dtype::f32) wrong_type(call.at(*leading), "float32 or float64", name_of(first.view));
  return run<float>(call, first, objective, autograd);
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
      "loss for autograd functions: logp, entropy, lse, value and given may require grad.");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// token_logp(...) and logits_gradient(...): the two halves of a loss from logits.
#include <aha/cpu/logits.hpp>

#include "bind.hpp"
#include "device_dispatch.hpp"
#include "logits_calls.hpp"

namespace aha_python {
namespace {

template <class T>
py::object run_token_logp(row_arguments& a, bool entropy, bool autograd) {
  logp_arrays<T> made("token_logp", a.logits, entropy);
  {
    py::gil_scoped_release const unlocked;
    aha::token_logp(aha::exec::cpu{a.threads}, a.rows, a.mask, made.out);
  }
  return autograd ? py::object(columns_of(made.finished())) : py::cast(made.finished());
}

py::object token_logp(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("token_logp", args, kwargs);
  if (is_on_cuda(logits_of(call))) return on_cuda("token_logp", autograd, args, kwargs);
  row_arguments a(call, autograd);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  call.finish(k.logits, k.targets, k.temperature, k.entropy, k.mask, k.threads);
  return column_dtype(a.logits) == dtype::f64 ? run_token_logp<double>(a, entropy, autograd)
                                              : run_token_logp<float>(a, entropy, autograd);
}

template <class T>
py::object run_gradient(call_arguments& call, row_arguments& a) {
  gradient_arguments<T> g(call, a);
  {
    py::gil_scoped_release const unlocked;
    aha::logits_gradient(aha::exec::cpu{a.threads}, a.rows, a.mask, g.softmax, g.by, g.to.view);
  }
  return g.finished(a);
}

py::object logits_gradient(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("logits_gradient", args, kwargs);
  if (is_on_cuda(logits_of(call))) return on_cuda("logits_gradient", autograd, args, kwargs);
  row_arguments a(call, autograd);
  return column_dtype(a.logits) == dtype::f64 ? run_gradient<double>(call, a) : run_gradient<float>(call, a);
}

}  // namespace

void bind_logits(py::module_& m) {
  py::class_<logp_answer>(m, "logp_result", "What token_logp(...) returns; columns [T] or [B, L], 0 where masked.")
      .def_readonly("logp", &logp_answer::logp, "log p(target), never above 0.")
      .def_readonly("lse", &logp_answer::lse, "log sum exp of logits / temperature.")
      .def_readonly("entropy", &logp_answer::entropy, "Entropy in nats, or None.")
      .def_readonly("max", &logp_answer::max, "The largest logit: kept apart from log_sum for the backward.")
      .def_readonly("log_sum", &logp_answer::log_sum, "log sum exp of (logits - max) / temperature.")
      .def("__repr__", [](logp_answer const& r) { return "logp_result(logp=" + std::string(py::repr(r.logp)) + ")"; })
      .def(py::pickle([](logp_answer const& r) { return py::make_tuple(r.logp, r.lse, r.entropy, r.max, r.log_sum); },
                      [](py::tuple const& t) {
                        return logp_answer{t[0], t[1], t[2], t[3], t[4]};
                      }));

  char const* const logp_doc =
      "token_logp(logits, targets, *, temperature=1.0, entropy=False, mask=None, threads=0)\n--\n\n"
      "Log-probability of each row's target, log-sum-exp and, on request, entropy, in one read of each row.\n\n"
      "logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16 (torch), any strides but unit in V. "
      "targets:\n"
      "int32 or int64 [T] or [B, L]; -100 is a mask, any other id outside [0, V) raises. mask: [T] or [B, L]. Masked "
      "rows are "
      "not\n"
      "read and give 0. Results are float64 for float64 logits, else float32; nats.";
  m.def(
      "token_logp", [](py::args const& a, py::kwargs const& k) { return token_logp(false, a, k); }, logp_doc);
  m.def(
      "_token_logp_autograd", [](py::args const& a, py::kwargs const& k) { return token_logp(true, a, k); },
      "token_logp for autograd functions: logits may require grad. A tuple: logp, lse, entropy, max, log_sum.");

  char const* const gradient_doc =
      "logits_gradient(logits, targets, *, max, log_sum, entropy=None, dlogp=None, dentropy=None, dlse=None, "
      "temperature=1.0, mask=None, vocab_offset=0, vocab_size=None, dlogits=None, inplace=False, threads=0)\n--\n\n"
      "Gradient with respect to logits from up to three coefficients a row, d loss / d logp, d entropy and d lse; "
      "max,\n"
      "log_sum and (with dentropy) entropy are token_logp's. Formed in float32 (float64 for float64) and rounded once "
      "to\n"
      "the logits' dtype. dlogits: a buffer shaped and typed like logits, apart from them; None makes a new array;\n"
      "inplace=True overwrites the logits instead. vocab_offset, vocab_size: where the logits are a shard of the\n"
      "vocabulary, as of softmax_partials. Returns dlogits.";
  m.def(
      "logits_gradient", [](py::args const& a, py::kwargs const& k) { return logits_gradient(false, a, k); },
      gradient_doc);
  m.def(
      "_logits_gradient_autograd", [](py::args const& a, py::kwargs const& k) { return logits_gradient(true, a, k); },
      "logits_gradient for autograd functions: logits may require grad.");
}

}  // namespace aha_python

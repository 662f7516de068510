// SPDX-License-Identifier: MIT
// token_logp(...) and logits_gradient(...): the two halves of a loss from logits.
#include <aha/cpu/logits.hpp>
#include <vector>

#include "bind.hpp"
#include "logits_views.hpp"

namespace aha_python {
namespace {

struct logp_answer {
  py::object logp = py::none();
  py::object lse = py::none();
  py::object entropy = py::none();
  py::object max = py::none();
  py::object log_sum = py::none();
};

struct logits_keys {
  key logits{"logits"}, targets{"targets"}, temperature{"temperature"}, entropy{"entropy"}, mask{"mask"},
      threads{"threads"}, max{"max"}, log_sum{"log_sum"}, dlogp{"dlogp"}, dentropy{"dentropy"}, dlogits{"dlogits"};
  static logits_keys const& get() {
    static logits_keys const keys;
    return keys;
  }
};

/// The arguments that both functions share, as views.
struct row_arguments {
  array_view logits;
  aha::logit_rows<> rows;
  aha::mask_view<> mask;
  aha::exec::cpu exec;
  std::vector<array_view> owners;

  row_arguments(call_arguments& call, bool autograd) {
    logits_keys const& k = logits_keys::get();
    logits = view_of(call.required(k.logits), call.at(k.logits), autograd);
    owners.push_back(view_of(call.required(k.targets), call.at(k.targets)));
    aha::index_view<> const targets = index_of(owners.back(), call.at(k.targets));
    rows = rows_of(logits, call.at(k.logits), targets,
                   number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0));
    if (py::handle const given = call.keyword(k.mask)) {
      owners.push_back(view_of(given, call.at(k.mask)));
      mask = mask_of(owners.back(), call.at(k.mask));
    }
    exec.threads = threads_of(call.keyword(k.threads), call.at(k.threads));
  }
};

template <class T>
logp_answer run_token_logp(row_arguments& a, bool entropy) {
  logp_answer answer;
  aha::logp_outputs<T> out;
  std::vector<array_view> made;
  auto const make = [&](char const* name, py::object& to, aha::column<T>& view) {
    argument const where{"token_logp", name};
    to = new_array(a.logits, dtype_of<T>(), a.logits.shape.data(), a.logits.rank - 1, where);
    made.push_back(view_of(to, where));
    view = output_of<T>(made.back(), where, nullptr);
  };
  make("logp", answer.logp, out.logp);
  make("lse", answer.lse, out.lse);
  if (entropy) make("entropy", answer.entropy, out.entropy);
  make("max", answer.max, out.max);
  make("log_sum", answer.log_sum, out.log_sum);
  {
    py::gil_scoped_release const unlocked;
    aha::token_logp(a.exec, a.rows, a.mask, out);
  }
  for (py::object* const x : {&answer.logp, &answer.lse, &answer.entropy, &answer.max, &answer.log_sum}) {
    *x = handed_over(std::move(*x));
  }
  return answer;
}

logp_answer token_logp(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("token_logp", args, kwargs);
  row_arguments a(call, autograd);
  py::handle const entropy = call.keyword(k.entropy);
  if (entropy && !py::isinstance<py::bool_>(entropy))
    wrong_type(call.at(k.entropy), "True or False", kind_of_object(entropy));
  call.finish(k.logits, k.targets, k.temperature, k.entropy, k.mask, k.threads);
  bool const with_entropy = entropy.ptr() == Py_True;
  return column_dtype(a.logits) == dtype::f64 ? run_token_logp<double>(a, with_entropy)
                                              : run_token_logp<float>(a, with_entropy);
}

template <class T>
py::object run_gradient(call_arguments& call, row_arguments& a) {
  logits_keys const& k = logits_keys::get();
  auto const column = [&](key const& name, aha::column<T const>& to) {
    if (py::handle const given = call.keyword(name)) {
      a.owners.push_back(view_of(given, call.at(name)));
      to = column_of<T>(a.owners.back(), call.at(name), "the columns beside these logits");
    }
  };
  aha::softmax_columns<T> softmax;
  aha::logit_coefficients<T> by;
  column(k.max, softmax.max);
  column(k.log_sum, softmax.log_sum);
  column(k.entropy, softmax.entropy);
  column(k.dlogp, by.dlogp);
  column(k.dentropy, by.dentropy);
  py::handle const given = call.keyword(k.dlogits);
  call.finish(k.logits, k.targets, k.max, k.log_sum, k.entropy, k.dlogp, k.dentropy, k.temperature, k.mask, k.dlogits,
              k.threads);
  py::object result = given && given.ptr() != Py_True ? py::reinterpret_borrow<py::object>(given)
                                                      : new_array(a.logits, a.logits.type, a.logits.shape.data(),
                                                                  a.logits.rank, call.at(k.dlogits));
  array_view const out = view_of(result, call.at(k.dlogits));
  aha::logit_gradient<> const to = gradient_of(out, call.at(k.dlogits));
  if (out.type != a.logits.type) wrong_type(call.at(k.dlogits), name_of(a.logits) + " like logits", name_of(out));
  {
    py::gil_scoped_release const unlocked;
    aha::logits_gradient(a.exec, a.rows, a.mask, softmax, by, to);
  }
  return handed_over(std::move(result));
}

py::object logits_gradient(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("logits_gradient", args, kwargs);
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
      "logits: [T, V] or [B, L, V], float32, float64 or bfloat16 (torch), any strides but unit in V. targets: int32 "
      "or\n"
      "int64 [T] or [B, L]; -100 is a mask, any other id outside [0, V) raises. mask: [T] or [B, L]. Masked rows are "
      "not\n"
      "read and give 0. Results are float64 for float64 logits, else float32; nats.";
  m.def(
      "token_logp", [](py::args const& a, py::kwargs const& k) { return token_logp(false, a, k); }, logp_doc);
  m.def(
      "_token_logp_autograd", [](py::args const& a, py::kwargs const& k) { return token_logp(true, a, k); },
      "token_logp for autograd functions: logits may require grad.");

  char const* const gradient_doc =
      "logits_gradient(logits, targets, *, max, log_sum, entropy=None, dlogp=None, dentropy=None, temperature=1.0, "
      "mask=None, "
      "dlogits=None, threads=0)\n--\n\n"
      "Gradient with respect to logits from two coefficients a row, d loss / d logp and d loss / d entropy; max, "
      "log_sum and\n"
      "(with dentropy) entropy are token_logp's. Formed in float32 (float64 for float64) and rounded once to the "
      "logits'\n"
      "dtype. dlogits: a buffer shaped and typed like logits, apart from them; None makes a new array. Returns "
      "dlogits.";
  m.def(
      "logits_gradient", [](py::args const& a, py::kwargs const& k) { return logits_gradient(false, a, k); },
      gradient_doc);
  m.def(
      "_logits_gradient_autograd", [](py::args const& a, py::kwargs const& k) { return logits_gradient(true, a, k); },
      "logits_gradient for autograd functions: logits may require grad.");
}

}  // namespace aha_python

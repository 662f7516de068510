// SPDX-License-Identifier: MIT
// token_logp, logits_gradient, vocabulary shards and scale_gradient on a device.
#include "../logits_calls.hpp"
#include "../partial_views.hpp"
#include "device_views.hpp"
#include "engine.hpp"
#include "objectives.hpp"
#include "record.hpp"

namespace aha_python {
namespace {

py::handle leading_logits(call_arguments const& call) {
  logits_keys const& k = logits_keys::get();
  py::handle const logits = logits_of(call);
  if (!logits) wrong_type(call.at(k.logits), "an argument", "none");
  return logits;
}
argument at_logits(call_arguments const& call) { return call.at(logits_keys::get().logits); }

py::tuple token_logp(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("token_logp", args, kwargs);
  device_call device(leading_logits(call), at_logits(call));
  row_arguments a(call, autograd);
  refuse_wide(a.logits, at_logits(call));
  refuse_threads(call, a.threads);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  call.finish(k.logits, k.targets, k.temperature, k.entropy, k.mask, k.threads);
  logp_arrays<float> made("token_logp", a.logits, entropy);
  device_memory memory = device.scratch(sizeof(std::int64_t));
  {
    py::gil_scoped_release const unlocked;
    require(cudaMemsetAsync(memory.data, 0, sizeof(std::int64_t), device.stream()), "token_logp");
    engine::token_logp(device.stream(), on_device(a.rows), on_device(a.mask), on_device(made.out),
                       static_cast<std::int64_t*>(memory.data));
  }
  device.finish();
  py::tuple columns = columns_of(made.finished());
  if (autograd) return columns;
  return py::make_tuple(py::cast(device_record(std::move(memory), device)), std::move(columns));
}

py::object logits_gradient(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("logits_gradient", args, kwargs);
  device_call device(leading_logits(call), at_logits(call));
  row_arguments a(call, autograd);
  refuse_wide(a.logits, at_logits(call));
  refuse_threads(call, a.threads);
  gradient_arguments<float> g(call, a);
  device.enter();
  {
    py::gil_scoped_release const unlocked;
    engine::logits_gradient(device.stream(), on_device(a.rows), on_device(a.mask),
                            {on_device(g.softmax.max), on_device(g.softmax.log_sum), on_device(g.softmax.entropy)},
                            {on_device(g.by.dlogp), on_device(g.by.dentropy), on_device(g.by.dlse)},
                            on_device(g.to.view));
  }
  device.finish();
  return g.finished(a);
}

py::object softmax_partials(py::args const& args, py::kwargs const& kwargs) {
  logits_keys const& k = logits_keys::get();
  call_arguments call("softmax_partials", args, kwargs);
  device_call device(leading_logits(call), at_logits(call));
  row_arguments a(call, false);
  refuse_wide(a.logits, at_logits(call));
  refuse_threads(call, a.threads);
  a.take_shard(call);
  bool const entropy = flag_of(call.keyword(k.entropy), call.at(k.entropy), false);
  call.finish(k.logits, k.targets, k.vocab_offset, k.vocab_size, k.temperature, k.entropy, k.mask, k.threads);
  written_array out = new_partials(a);
  device.enter();
  {
    py::gil_scoped_release const unlocked;
    engine::softmax_partials(device.stream(), on_device(a.rows), on_device(a.mask), entropy,
                             on_device(partials_of<aha::softmax_partial>(out.view, 0, 0)));
  }
  device.finish();
  return handed_over(std::move(out.object));
}

py::object merge_partials(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("merge_partials", args, kwargs);
  key const& leading = merge_arguments::leading();
  if (!call.first(leading)) wrong_type(call.at(leading), "an argument", "none");
  device_call device(call.first(leading), call.at(leading));
  merge_arguments const a(call);
  refuse_threads(call, a.threads);
  written_array out =
      new_array(a.all, dtype::f64, a.all.shape.data() + 1, a.all.rank - 1, {"merge_partials", "partials"});
  std::vector<engine::given_partials> shards;
  for (auto const& shard : a.shards) shards.push_back(on_device(shard));
  device.enter();
  {
    py::gil_scoped_release const unlocked;
    engine::merge_partials(device.stream(), shards, a.temperature,
                           on_device(partials_of<aha::softmax_partial>(out.view, 0, 0)));
  }
  device.finish();
  return handed_over(std::move(out.object));
}

template <class T>
py::tuple run_from_partials(device_call& device, finish_arguments const& a) {
  logp_arrays<T> made("token_logp_from_partials", a.partials, a.entropy);
  device.enter();
  {
    py::gil_scoped_release const unlocked;
    engine::token_logp_from_partials<T>(device.stream(),
                                        on_device(partials_of<aha::softmax_partial const>(a.partials, 0, 0)),
                                        a.temperature, on_device(made.out));
  }
  device.finish();
  return py::make_tuple(py::none(), columns_of(made.finished()));
}

py::tuple token_logp_from_partials(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("token_logp_from_partials", args, kwargs);
  key const& leading = finish_arguments::leading();
  if (!call.first(leading)) wrong_type(call.at(leading), "an argument", "none");
  device_call device(call.first(leading), call.at(leading));
  finish_arguments const a(call);
  refuse_threads(call, a.threads);
  return a.wide ? run_from_partials<double>(device, a) : run_from_partials<float>(device, a);
}

/// to = factor x gradient; without `to` in place. Arrays of up to three dimensions, dense in the last.
void scale_gradient(py::handle gradient, py::handle factor, py::handle to) {
  argument const where{"scale_gradient", "gradient"};
  device_call device(gradient, where);
  auto const at_least_a_matrix = [](array_view a) {
    // [N] is one row, [] one of one entry.
    while (a.rank < 2) {
      for (int i = a.rank; i > 0; --i) {
        a.shape[static_cast<std::size_t>(i)] = a.shape[static_cast<std::size_t>(i - 1)];
        a.stride[static_cast<std::size_t>(i)] = a.stride[static_cast<std::size_t>(i - 1)];
      }
      a.shape[0] = 1;
      a.stride[0] = a.rank == 0 ? 1 : a.shape[1];
      ++a.rank;
    }
    return a;
  };
  array_view const from = at_least_a_matrix(view_of(gradient, where));
  array_view const by = view_of(factor, {"scale_gradient", "factor"});
  if (by.type != column_dtype(from) || by.size() != 1) {
    wrong_type({"scale_gradient", "factor"}, "one number of " + name_of(column_dtype(from)),
               name_of(by) + " " + shape_text(by));
  }
  bool const inplace = to.is_none();
  array_view const target = inplace ? from : at_least_a_matrix(view_of(to, {"scale_gradient", "to"}));
  aha::logit_rows<> const rows = rows_of(from, where, {}, 1.0);
  aha::logit_gradient<> out = gradient_of(target, {"scale_gradient", "to"});
  out.inplace = inplace;
  device.enter();
  {
    py::gil_scoped_release const unlocked;
    engine::scale_gradient(device.stream(), on_device(rows), by.data, on_device(out));
  }
  device.finish();
}

}  // namespace

void bind_device_rows(py::module_& m) {
  m.def(
      "token_logp", [](py::args const& a, py::kwargs const& k) { return token_logp(false, a, k); },
      "(record, columns).");
  m.def(
      "_token_logp_autograd", [](py::args const& a, py::kwargs const& k) { return token_logp(true, a, k); },
      "The columns.");
  m.def(
      "logits_gradient", [](py::args const& a, py::kwargs const& k) { return logits_gradient(false, a, k); },
      "The gradient.");
  m.def(
      "_logits_gradient_autograd", [](py::args const& a, py::kwargs const& k) { return logits_gradient(true, a, k); },
      "The gradient.");
  m.def("softmax_partials", &softmax_partials, "The partials.");
  m.def("merge_partials", &merge_partials, "The partials.");
  m.def("token_logp_from_partials", &token_logp_from_partials, "(None, columns).");
  m.def("scale_gradient", &scale_gradient, py::arg("gradient"), py::arg("factor"), py::arg("to") = py::none(),
        "A gradient times a number on the device, into `to` or in place. In place nothing is touched where it is 1.");
}

}  // namespace aha_python

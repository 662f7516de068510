// SPDX-License-Identifier: MIT
// loss(...) and loss_from_logits(...) on a device.
#include "../logits_loss_call.hpp"
#include "../loss_call.hpp"
#include "device_views.hpp"
#include "engine.hpp"
#include "objectives.hpp"
#include "record.hpp"

namespace aha_python {
namespace {

/// What a call is for. autograd: the twin for autograd functions, whose loss is a tensor of its own: one that shares
/// the memory that the record begins would keep all of it. zeroed: somebody will look at the record as bytes.
struct purpose {
  bool autograd = false;
  bool zeroed = false;
};

purpose purpose_of(call_arguments& call, bool autograd) {
  static key const zeroed{"zeroed"};
  return {autograd, autograd && flag_of(call.keyword(zeroed), call.at(zeroed), false)};
}

/// Record, workspace and loss of a call.
struct enqueued {
  device_record record;
  py::object loss;  // where autograd asks for it
};
template <class Engine>
enqueued enqueue(device_call& call, std::int64_t bytes, purpose why, dtype type, Engine const& engine) {
  device_memory memory = call.scratch(record_bytes + bytes);
  written_array loss = why.autograd ? call.number(type) : written_array();
  {
    py::gil_scoped_release const unlocked;
    auto* const record = static_cast<aha::loss_record*>(memory.data);
    if (why.zeroed) require(cudaMemsetAsync(memory.data, 0, sizeof(aha::loss_record), call.stream()), "record");
    engine(call.stream(), record, memory.bytes_from(record_bytes, bytes));
    if (why.autograd) engine::store_loss(call.stream(), record, loss.view.data, type == dtype::f64);
  }
  return {device_record(std::move(memory), call), std::move(loss.object)};
}

py::tuple answer_of(enqueued done, purpose why, py::object dlogits, output_objects& outputs) {
  py::object record = py::cast(std::move(done.record));
  if (why.autograd) return autograd_answer(std::move(done.loss), std::move(record), outputs, std::move(dlogits));
  py::tuple t(outputs.size() + 2);
  t[0] = std::move(record);
  t[1] = std::move(dlogits);
  for (std::size_t i = 0; i < outputs.size(); ++i) t[i + 2] = std::move(outputs[i]);
  return t;
}

template <class T>
py::tuple run(device_call& device, call_arguments& call, key const& name, array_view const& first,
              aha::dynamic_objective const& objective, purpose why) {
  loss_call<T> a(call, name, first, objective, why.autograd);
  refuse_threads(call, a.threads);
  aha::token_batch<aha::device, T> const batch = on_device(a.batch);
  aha::outputs<T, aha::device> const out = on_device(a.out);
  std::int64_t const bytes = engine::loss_bytes<T>(objective, batch, a.observed);
  enqueued done = enqueue(device, bytes, why, dtype_of<T>(), [&](auto stream, aha::loss_record* r, auto workspace) {
    engine::loss<T>(stream, objective, batch, out, r, workspace, a.observed);
  });
  device.finish();
  output_objects outputs = a.finished();
  return answer_of(std::move(done), why, py::none(), outputs);
}

py::tuple loss(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  loss_keys const& own = loss_keys::get();
  call_arguments call("loss", args, kwargs);
  purpose const why = purpose_of(call, autograd);
  parsed_objective const parsed = objective_of(call.required(own.objective), call.at(own.objective));
  aha::dynamic_objective const& objective = *parsed;
  leading_argument const leading = leading_of(call);
  if (leading.name == nullptr) no_column(call, objective);
  device_call device(leading.value, call.at(*leading.name));
  array_view const first = view_of(leading.value, call.at(*leading.name), why.autograd);
  if (first.type == dtype::f64) return run<double>(device, call, *leading.name, first, objective, why);
  if (first.type != dtype::f32) wrong_type(call.at(*leading.name), "float32 or float64", name_of(first));
  return run<float>(device, call, *leading.name, first, objective, why);
}

py::tuple loss_from_logits(bool autograd, py::args const& args, py::kwargs const& kwargs) {
  logits_loss_keys const& n = logits_loss_keys::get();
  call_arguments call("loss_from_logits", args, kwargs);
  purpose const why = purpose_of(call, autograd);
  parsed_objective const parsed = objective_of(call.required(n.objective), call.at(n.objective));
  aha::dynamic_objective const& objective = *parsed;
  py::handle const object = call.required(n.logits);
  device_call device(object, call.at(n.logits));
  array_view const logits = view_of(object, call.at(n.logits), why.autograd);
  refuse_wide(logits, call.at(n.logits));
  logits_loss_call<float> a(call, logits, object, why.autograd);
  refuse_threads(call, a.threads);
  auto const rows = on_device(a.rows);
  auto const batch = on_device(a.batch);
  auto const out = on_device(a.out);
  auto const dlogits = on_device(a.to.view);
  std::int64_t const bytes = engine::loss_from_logits_bytes(objective, rows, batch, a.observed);
  enqueued done = enqueue(device, bytes, why, dtype::f32, [&](auto stream, aha::loss_record* r, auto workspace) {
    engine::loss_from_logits(stream, objective, rows, batch, dlogits, r, workspace, a.observed, out);
  });
  device.finish();
  py::object gradient = a.finished(logits);
  return answer_of(std::move(done), why, std::move(gradient), a.made);
}

}  // namespace

void bind_device_losses(py::module_& m) {
  char const* const doc = "(record, dlogits, the outputs in their order).";
  char const* const twin =
      "(the loss as a tensor, record, the outputs in their order, dlogits). zeroed=True: the record has no byte of "
      "chance.";
  m.def(
      "loss", [](py::args const& a, py::kwargs const& k) { return loss(false, a, k); }, doc);
  m.def(
      "_loss_autograd", [](py::args const& a, py::kwargs const& k) { return loss(true, a, k); }, twin);
  m.def(
      "loss_from_logits", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(false, a, k); }, doc);
  m.def(
      "_loss_from_logits_autograd", [](py::args const& a, py::kwargs const& k) { return loss_from_logits(true, a, k); },
      twin);
}

}  // namespace aha_python

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

/// Record and workspace of a call, zeroed where somebody will look at the record as bytes.
template <class Engine>
device_record enqueue(device_call& call, std::int64_t bytes, bool zeroed, Engine const& engine) {
  device_memory memory = call.scratch(record_bytes + bytes);
  {
    py::gil_scoped_release const unlocked;
    if (zeroed) require(cudaMemsetAsync(memory.data, 0, sizeof(aha::loss_record), call.stream()), "record");
    engine(call.stream(), static_cast<aha::loss_record*>(memory.data), memory.bytes_from(record_bytes, bytes));
  }
  return device_record(std::move(memory), call);
}

py::tuple answer_of(device_record record, py::object dlogits, output_objects& outputs) {
  py::tuple t(outputs.size() + 2);
  t[0] = py::cast(std::move(record));
  t[1] = std::move(dlogits);
  for (std::size_t i = 0; i < outputs.size(); ++i) t[i + 2] = std::move(outputs[i]);
  return t;
}

template <class T>
py::tuple run(device_call& device, call_arguments& call, key const& name, array_view const& first,
              aha::dynamic_objective const& objective, bool autograd, bool zeroed) {
  loss_call<T> a(call, name, first, objective, autograd);
  refuse_threads(call, a.threads);
  aha::token_batch<aha::device, T> const batch = on_device(a.batch);
  aha::outputs<T, aha::device> const out = on_device(a.out);
  std::int64_t const bytes = engine::loss_bytes<T>(objective, batch, a.observed);
  device_record record = enqueue(device, bytes, zeroed, [&](auto stream, aha::loss_record* r, auto workspace) {
    engine::loss<T>(stream, objective, batch, out, r, workspace, a.observed);
  });
  device.finish();
  output_objects outputs = a.finished();
  return answer_of(std::move(record), py::none(), outputs);
}

py::tuple loss(bool autograd, bool zeroed, py::args const& args, py::kwargs const& kwargs) {
  loss_keys const& own = loss_keys::get();
  call_arguments call("loss", args, kwargs);
  parsed_objective const parsed = objective_of(call.required(own.objective), call.at(own.objective));
  aha::dynamic_objective const& objective = *parsed;
  leading_argument const leading = leading_of(call);
  if (leading.name == nullptr) no_column(call, objective);
  device_call device(leading.value, call.at(*leading.name));
  array_view const first = view_of(leading.value, call.at(*leading.name), autograd);
  if (first.type == dtype::f64) return run<double>(device, call, *leading.name, first, objective, autograd, zeroed);
  if (first.type != dtype::f32) wrong_type(call.at(*leading.name), "float32 or float64", name_of(first));
  return run<float>(device, call, *leading.name, first, objective, autograd, zeroed);
}

py::tuple loss_from_logits(bool autograd, bool zeroed, py::args const& args, py::kwargs const& kwargs) {
  logits_loss_keys const& n = logits_loss_keys::get();
  call_arguments call("loss_from_logits", args, kwargs);
  parsed_objective const parsed = objective_of(call.required(n.objective), call.at(n.objective));
  aha::dynamic_objective const& objective = *parsed;
  py::handle const object = call.required(n.logits);
  device_call device(object, call.at(n.logits));
  array_view const logits = view_of(object, call.at(n.logits), autograd);
  refuse_wide(logits, call.at(n.logits));
  logits_loss_call<float> a(call, logits, object, autograd);
  refuse_threads(call, a.threads);
  auto const rows = on_device(a.rows);
  auto const batch = on_device(a.batch);
  auto const out = on_device(a.out);
  auto const dlogits = on_device(a.to.view);
  std::int64_t const bytes = engine::loss_from_logits_bytes(objective, rows, batch, a.observed);
  device_record record = enqueue(device, bytes, zeroed, [&](auto stream, aha::loss_record* r, auto workspace) {
    engine::loss_from_logits(stream, objective, rows, batch, dlogits, r, workspace, a.observed, out);
  });
  device.finish();
  py::object gradient = a.finished(logits);
  return answer_of(std::move(record), std::move(gradient), a.made);
}

}  // namespace

void bind_device_losses(py::module_& m) {
  char const* const doc = "(record, dlogits, the outputs in their order). zeroed: the record has no byte of chance.";
  m.def(
      "loss",
      [](bool autograd, bool zeroed, py::args const& a, py::kwargs const& k) { return loss(autograd, zeroed, a, k); },
      doc);
  m.def(
      "loss_from_logits",
      [](bool autograd, bool zeroed, py::args const& a, py::kwargs const& k) {
        return loss_from_logits(autograd, zeroed, a, k);
      },
      doc);
}

}  // namespace aha_python

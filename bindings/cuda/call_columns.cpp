// SPDX-License-Identifier: MIT
// advantages, whiten, measure and to_tokens on a device.
#include "../advantages_call.hpp"
#include "../column_calls.hpp"
#include "device_views.hpp"
#include "engine.hpp"
#include "objectives.hpp"
#include "record.hpp"

namespace aha_python {
namespace {

/// Scratch memory that a record begins, and the engine's call with both.
template <class Record, class Engine>
device_record enqueue(device_call& call, std::int64_t bytes, Engine const& engine) {
  device_memory memory = call.scratch(record_bytes + bytes);
  {
    py::gil_scoped_release const unlocked;
    engine(call.stream(), static_cast<Record*>(memory.data), memory.bytes_from(record_bytes, bytes));
  }
  device_record record(std::move(memory), call);
  call.finish();
  return record;
}

py::tuple advantages(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("advantages", args, kwargs);
  argument const where = call.at(advantages_keys::get().reward);
  advantages_head const head(call);
  device_call device(head.reward, where);
  array_view const reward = view_of(head.reward, where);
  return with_type(reward, where, [&](auto zero) {
    using T = decltype(zero);
    advantages_call<T> a(call, reward);
    refuse_threads(call, a.threads);
    auto const by = on_device(a.by);
    std::int64_t const bytes = engine::advantages_bytes(head.method, by, a.batch.has_value());
    device_record record = enqueue<aha::advantage_record>(device, bytes, [&](auto stream, auto* r, auto workspace) {
      engine::advantages<T>(stream, head.method, on_device(a.reward), by, on_device(a.adv), r, workspace,
                            on_device(a.valid), a.batch);
    });
    return py::make_tuple(py::cast(std::move(record)), a.finished());
  });
}

device_record measure(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("measure", args, kwargs);
  key const& name = column_keys::get().x;
  py::handle const object = call.required(name);
  device_call device(object, call.at(name));
  array_view const x = view_of(object, call.at(name));
  measure_call const a(call);
  refuse_threads(call, a.threads);
  return with_type(x, call.at(name), [&](auto zero) {
    using T = decltype(zero);
    auto const column = on_device(column_of<T>(x, call.at(name), nullptr));
    return enqueue<aha::column_record>(device, engine::column_bytes(), [&](auto stream, auto* r, auto workspace) {
      engine::measure<T>(stream, column, r, workspace, on_device(a.mask));
    });
  });
}

py::tuple whiten(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("whiten", args, kwargs);
  argument const where = call.at(column_keys::get().x);
  whiten_head const head(call);
  device_call device(head.x, where);
  array_view const x = view_of(head.x, where);
  whiten_call const a(call);
  refuse_threads(call, a.threads);
  return with_type(x, where, [&](auto zero) {
    using T = decltype(zero);
    auto const column = on_device(column_of<T>(x, where, nullptr));
    written_column<T> to(call, a.buffer, x, "x", x.shape.data(), x.rank);
    auto const out = on_device(to.out);
    device_record record =
        enqueue<aha::column_record>(device, engine::column_bytes(), [&](auto stream, auto* r, auto workspace) {
          engine::whiten<T>(stream, head.method, column, out, r, workspace, on_device(a.mask), a.moments);
        });
    return py::make_tuple(py::cast(std::move(record)), to.finished());
  });
}

/// The last offset, which says how many tokens there are: waits for the device.
std::int64_t tokens_of(device_call& device, aha::index_view<> const& cu) {
  device.enter();
  std::int64_t last = 0;
  std::int64_t const size = cu.wide ? 8 : 4;
  char const* const at = static_cast<char const*>(cu.data) + (cu.width - 1) * size;
  py::gil_scoped_release const unlocked;
  std::int32_t narrow = 0;
  void* const to = cu.wide ? static_cast<void*>(&last) : static_cast<void*>(&narrow);
  auto const bytes = static_cast<std::size_t>(size);
  require(cudaMemcpyAsync(to, at, bytes, cudaMemcpyDeviceToHost, device.stream()), "to_tokens");
  require(cudaStreamSynchronize(device.stream()), "to_tokens");
  return cu.wide ? last : narrow;
}

py::object to_tokens(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("to_tokens", args, kwargs);
  column_keys const& k = column_keys::get();
  argument const where = call.at(k.values);
  py::handle const object = call.required(k.values);
  device_call device(object, where);
  array_view const values = view_of(object, where);
  py::handle const out = call.peek(k.out);
  to_tokens_call const a(call, values, [&](aha::index_view<> const& cu) {
    // A buffer says it too, without waiting.
    if (out && !out.is_none()) return view_of(out, call.at(k.out)).size();
    return tokens_of(device, cu);
  });
  refuse_threads(call, a.threads);
  return with_type(values, where, [&](auto zero) {
    using T = decltype(zero);
    written_column<T> to(call, a.buffer, values, "values", a.extents, a.rank);
    auto const from = on_device(column_of<T>(values, where, nullptr));
    device.enter();
    {
      py::gil_scoped_release const unlocked;
      engine::to_tokens<T>(device.stream(), from, on_device(a.layout), on_device(to.out), on_device(a.mask));
    }
    device.finish();
    return to.finished();
  });
}

}  // namespace

void bind_device_columns(py::module_& m) {
  m.def("advantages", &advantages, "(record, adv).");
  m.def("measure", &measure, "The record.");
  m.def("whiten", &whiten, "(record, out).");
  m.def("to_tokens", &to_tokens, "The tokens.");
}

}  // namespace aha_python

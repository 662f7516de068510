// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/token_batch.hpp>
#include <array>
#include <vector>

#include "arguments.hpp"

namespace aha_python {

// The classes that a caller fills live in aha/_columns.py; this is how they are read.

/// The class (or object) of that name in aha/_columns.py, kept for the life of the process.
py::handle column_class(char const* name);

/// `per_sequence(values)` or `per_token(values)`.
struct scoped_array {
  aha::scope scope = aha::scope::none;
  py::object values;
};

/// One Python object for each output of a loss, in the order of `aha::outputs`.
using output_objects = std::array<py::object, aha::active_inputs + 1>;
/// Calls f(name, active input, i) for every output; `token_loss`, the last, has none.
template <class F>
void for_each_output(F&& f) {
  std::size_t i = 0;
  aha::outputs<> const none;
  aha::outputs<>::gradients(none, [&](aha::active_input input, std::string_view name, auto const&) {
    f(name, &input, i);
    ++i;
  });
  f(std::string_view("token_loss"), static_cast<aha::active_input const*>(nullptr), i);
}

/// `outputs(dlogp=..., ...)`: None not computed, True a new array, else a buffer to write to.
struct output_request {
  output_objects each;
  output_request() { each.fill(py::none()); }
};

/// Views that a call keeps without growing: memory for as many as there could be is beyond what malloc hands out quickly.
/// Nobody holds a reference into the list.
inline constexpr std::size_t usual_views = 6;

/// The names of a batch's columns, in the order of the documentation.
struct batch_keys {
  key old_logp{"old_logp"}, ref_logp{"ref_logp"}, entropy{"entropy"}, lse{"lse"}, value{"value"},
      old_value{"old_value"}, returns{"returns"}, given{"given"}, adv{"adv"}, weight{"weight"}, keep{"keep"},
      mask{"mask"}, cu_seqlens{"cu_seqlens"}, lens{"lens"}, length{"length"}, prompt_tokens{"prompt_tokens"},
      totals{"totals"}, scale{"scale"}, observe{"observe"}, outputs{"outputs"}, threads{"threads"};
  static batch_keys const& get() {
    static batch_keys const keys;
    return keys;
  }
};

/// Layout from `cu_seqlens`, `lens` and the shape of a token column of `rank` 1 or 2 (rows x width).
/// `column` is the argument that has the shape.
aha::layout<> layout_of(char const* function, char const* column, int rank, std::int64_t rows, std::int64_t width,
                        py::handle cu_seqlens, py::handle lens, std::vector<array_view>& owners);

/// Flags of `observe=`: "default", "none" or a list of names.
unsigned observers_of(py::handle value, argument where);
aha::totals totals_of(py::handle value, argument where);
/// An `aha.totals` with these counts.
py::object totals_object(aha::totals const& t);
scoped_array scoped_of(py::handle value, argument where);
output_request outputs_of(py::handle value, argument where);
bool is_on_policy(py::handle value);

/// Every column that is passive whatever the objective, with views into the caller's memory. `owners` keeps that memory.
template <class T>
void fill_columns(aha::token_batch<aha::host, T>& b, call_arguments& call, char const* like,
                  std::vector<array_view>& owners) {
  batch_keys const& k = batch_keys::get();
  auto const view = [&](py::handle value, argument where) -> array_view const& {
    owners.push_back(view_of(value, where));
    return owners.back();
  };
  auto const column = [&](py::handle value, key const& name, auto& to) {
    if (value) to = column_of<T>(view(value, call.at(name)), call.at(name), like);
  };
  auto const scoped = [&](key const& name, auto& to, auto const& convert) {
    py::handle const value = call.keyword(name);
    if (!value) return;
    scoped_array const s = scoped_of(value, call.at(name));
    to.scope = s.scope;
    to.values = convert(view(s.values, call.at(name)), call.at(name));
  };
  auto const numbers = [&](array_view const& a, argument where) { return column_of<T>(a, where, like); };
  auto const flags = [](array_view const& a, argument where) { return mask_of(a, where); };

  py::handle const old = call.keyword(k.old_logp);
  if (old && is_on_policy(old)) {
    b.old_logp = aha::on_policy;
  } else {
    column(old, k.old_logp, b.old_logp);
  }
  column(call.keyword(k.ref_logp), k.ref_logp, b.ref_logp);
  scoped(k.adv, b.adv, numbers);
  scoped(k.weight, b.weight, numbers);
  scoped(k.keep, b.keep, flags);
  if (py::handle const mask = call.keyword(k.mask)) b.mask = mask_of(view(mask, call.at(k.mask)), call.at(k.mask));
  auto const counts = [&](key const& name, aha::index_view<>& to) {
    if (py::handle const value = call.keyword(name)) to = index_of(view(value, call.at(name)), call.at(name));
  };
  counts(k.length, b.length);
  counts(k.prompt_tokens, b.prompt_tokens);
  b.totals = totals_of(call.keyword(k.totals), call.at(k.totals));
  b.scale = number_of(call.keyword(k.scale), call.at(k.scale), 1.0);
}

/// One requested output: absent, a new array like `like`, or the caller's buffer. Sets `view`; gives the Python object.
template <class T>
py::object output_for(py::handle request, argument where, array_view const& like, char const* name,
                      aha::column<T>& view, std::vector<array_view>& owners) {
  if (!request || request.is_none() || request.ptr() == Py_False) return py::none();
  written_array to = request.ptr() == Py_True ? new_array(like, dtype_of<T>(), like.shape.data(), like.rank, where)
                                              : buffer_of(request, where);
  owners.push_back(std::move(to.view));
  view = output_of<T>(owners.back(), where, name);
  return std::move(to.object);
}

/// What the twins of the losses for autograd functions give back, from every engine: the loss as a tensor, what was
/// observed (host: the statistics; a device: the record), every output in its order, the gradient by the logits. A tuple:
/// each attribute of a class of ours costs the caller a fifth of a microsecond.
inline py::tuple autograd_answer(py::object loss, py::object observed, output_objects& outputs, py::object dlogits) {
  py::tuple t(outputs.size() + 3);
  t[0] = std::move(loss);
  t[1] = std::move(observed);
  for (std::size_t i = 0; i < outputs.size(); ++i) t[i + 2] = std::move(outputs[i]);
  t[outputs.size() + 2] = std::move(dlogits);
  return t;
}

}  // namespace aha_python

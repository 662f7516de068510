// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>

#include "columns.hpp"

namespace aha_python {

struct loss_keys {
  key objective{"objective"}, logp{"logp"};
  static loss_keys const& get() {
    static loss_keys const keys;
    return keys;
  }
};

/// The first column with one entry a token that is there: it has the shape and the type of the others. `name` null: none.
struct leading_argument {
  key const* name = nullptr;
  py::handle value;
};
inline leading_argument leading_of(call_arguments& call) {
  batch_keys const& k = batch_keys::get();
  leading_argument first{&loss_keys::get().logp, call.optional(loss_keys::get().logp)};
  for (key const* other : {&k.entropy, &k.lse, &k.value, &k.given}) {
    if (first.value && !first.value.is_none()) return first;
    first = {other, call.peek(*other)};
  }
  return first.value && !first.value.is_none() ? first : leading_argument{};
}
/// Says which column is missing where there is none.
[[noreturn]] inline void no_column(call_arguments const& call, aha::dynamic_objective const& objective) {
  batch_keys const& k = batch_keys::get();
  aha::active_input const read = aha::active_input_of(aha::needs_of_objective(objective).named);
  key const* const keys[] = {&loss_keys::get().logp, &k.entropy, &k.lse, &k.value, &k.given};
  wrong_type(call.at(*keys[static_cast<int>(read)]), "a column", "none");
}

/// A call to `loss` as views into the caller's arrays, for every engine. New arrays are made last: what is wrong with the
/// arguments is known by then.
template <class T>
struct loss_call {
  aha::token_batch<aha::host, T> batch;
  aha::outputs<T> out;
  output_objects made;
  unsigned observed = 0;
  int threads = 0;
  std::vector<array_view> owners;

  loss_call(call_arguments& call, key const& name, array_view const& first, aha::dynamic_objective const& objective,
            bool autograd) {
    batch_keys const& k = batch_keys::get();
    owners.reserve(usual_views);
    fill_columns(batch, call, name.text, owners);
    aha::column<T const> shape;
    key const* const keys[] = {nullptr,  nullptr,      nullptr,    &k.entropy, &k.lse,
                               &k.value, &k.old_value, &k.returns, &k.given};
    int i = 0;
    aha::token_batch<aha::host, T>::columns(
        batch, [&](std::string_view column, unsigned flag, aha::column<T const>& to) {
          key const* const at = keys[i++];
          bool const leads = column == name.text;
          if (leads) {
            to = column_of<T>(first, call.at(name), nullptr);
            shape = to;
          }
          if (at == nullptr) return;
          py::handle const value = call.keyword(*at);
          if (!value || leads) return;
          // What the objective is differentiated by may require grad under autograd; what it takes as it is may not.
          owners.push_back(view_of(value, call.at(*at), autograd && flag == aha::reads_of(aha::active_input_of(flag))));
          to = column_of<T>(owners.back(), call.at(*at), name.text);
        });
    batch.layout = layout_of(call.function(), name.text, first.rank, shape.rows, shape.width,
                             call.keyword(k.cu_seqlens), call.keyword(k.lens), owners);
    observed = observers_of(call.keyword(k.observe), call.at(k.observe));
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));

    py::handle const wanted = call.keyword(k.outputs);
    output_request asked;
    if (wanted) asked = outputs_of(wanted, call.at(k.outputs));
    call.finish(k.old_logp, k.ref_logp, k.entropy, k.lse, k.value, k.old_value, k.returns, k.given, k.adv, k.weight,
                k.keep, k.mask, k.cu_seqlens, k.lens, k.length, k.prompt_tokens, k.totals, k.scale, k.observe,
                k.outputs, k.threads, loss_keys::get().objective, loss_keys::get().logp);
    if (!wanted) {
      unsigned const active = aha::needs_of_objective(objective).active;
      for_each_output([&](std::string_view, aha::active_input const* input, std::size_t at) {
        bool const read = input != nullptr && (active & aha::reads_of(*input)) != 0;
        asked.each[at] = py::bool_(read || (at == 0 && batch.logp.present()));
      });
    }
    std::size_t at = 0;
    aha::outputs<T>::each(out, [&](std::string_view output, aha::column<T>& to) {
      made[at] = output_for<T>(asked.each[at], {call.function(), output.data()}, first, name.text, to, owners);
      ++at;
    });
  }

  /// The outputs, once they are written.
  output_objects finished() {
    for (py::object& x : made) x = handed_over(std::move(x));
    return std::move(made);
  }
};

}  // namespace aha_python

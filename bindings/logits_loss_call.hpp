// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>

#include "columns.hpp"
#include "logits_views.hpp"

namespace aha_python {

struct logits_loss_keys {
  key objective{"objective"}, logits{"logits"}, targets{"targets"}, temperature{"temperature"}, dlogits{"dlogits"},
      inplace{"inplace"};
  static logits_loss_keys const& get() {
    static logits_loss_keys const keys;
    return keys;
  }
};

/// A call to `loss_from_logits` as views into the caller's arrays, for every engine.
template <class T>
struct logits_loss_call {
  aha::logit_rows<> rows;
  aha::token_batch<aha::host, T> batch;
  aha::outputs<T> out;
  output_objects made;
  gradient_target to;
  unsigned observed = 0;
  int threads = 0;
  bool inplace = false;
  std::vector<array_view> owners;

  logits_loss_call(call_arguments& call, array_view const& logits, py::handle object, bool autograd) {
    batch_keys const& k = batch_keys::get();
    logits_loss_keys const& n = logits_loss_keys::get();
    char const* const like = "the log-probabilities of these logits";
    owners.reserve(usual_views);
    owners.push_back(view_of(call.required(n.targets), call.at(n.targets)));
    aha::index_view<> const targets = index_of(owners.back(), call.at(n.targets));
    rows = rows_of(logits, call.at(n.logits), targets,
                   number_of(call.keyword(n.temperature), call.at(n.temperature), 1.0));
    fill_columns(batch, call, like, owners);
    py::handle const cu_seqlens = call.keyword(k.cu_seqlens);
    bool const batch_of_one = cu_seqlens && rows.rank == 3 && rows.outer == 1;  // [1, T, V] of packed tokens
    batch.layout = layout_of(call.function(), "logits", batch_of_one ? 1 : rows.rank - 1, rows.outer, rows.rows,
                             cu_seqlens, call.keyword(k.lens), owners);
    observed = observers_of(call.keyword(k.observe), call.at(k.observe));
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    py::handle const wanted = call.keyword(n.dlogits);
    inplace = flag_of(call.keyword(n.inplace), call.at(n.inplace), false);
    key const* const keys[] = {&k.value, &k.old_value, &k.returns, &k.given};
    aha::column<T const>* const columns[] = {&batch.value, &batch.old_value, &batch.returns, &batch.given};
    for (std::size_t i = 0; i < std::size(keys); ++i) {
      argument const where = call.at(*keys[i]);
      if (py::handle const value = call.keyword(*keys[i])) {
        // The critic's prediction and the host's loss may require grad under autograd.
        owners.push_back(view_of(value, where, autograd && (i == 0 || i == 3)));
        *columns[i] = column_of<T>(owners.back(), where, like);
      }
    }
    output_request asked;
    if (py::handle const outputs = call.keyword(k.outputs)) {
      asked = outputs_of(outputs, call.at(k.outputs));
    }
    call.finish(n.objective, n.logits, n.targets, n.temperature, n.dlogits, n.inplace, k.old_logp, k.ref_logp, k.value,
                k.old_value, k.returns, k.given, k.adv, k.weight, k.keep, k.mask, k.cu_seqlens, k.lens, k.length,
                k.prompt_tokens, k.totals, k.scale, k.observe, k.outputs, k.threads);

    to = gradient_target_of(wanted, inplace, logits, object, call.at(n.dlogits), false);
    array_view beside = logits;  // the shape of the batch's columns
    beside.rank = batch_of_one ? 1 : logits.rank - 1;
    if (batch_of_one) beside.shape[0] = rows.rows;
    beside.type = dtype::other;  // which no array there is has: `new_array` takes `like` for its owner otherwise
    std::size_t at = 0;
    aha::outputs<T>::each(out, [&](std::string_view name, aha::column<T>& view) {
      made[at] = output_for<T>(asked.each[at], {call.function(), name.data()}, beside, "logits", view, owners);
      ++at;
    });
  }

  /// The gradient and the other outputs, once they are written.
  py::object finished(array_view const& logits) {
    for (py::object& x : made) x = handed_over(std::move(x));
    if (inplace) mark_written(logits);
    return handed_over(std::move(to.object));
  }
};

}  // namespace aha_python

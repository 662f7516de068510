// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_columns.hpp>
#include <vector>

#include "logits_views.hpp"

namespace aha_python {

/// What `token_logp` and `token_logp_from_partials` return.
struct logp_answer {
  py::object logp = py::none();
  py::object lse = py::none();
  py::object entropy = py::none();
  py::object max = py::none();
  py::object log_sum = py::none();
};

/// The columns of an answer as a tuple, for autograd functions and for other modules.
inline py::tuple columns_of(logp_answer a) {
  return py::make_tuple(std::move(a.logp), std::move(a.lse), std::move(a.entropy), std::move(a.max),
                        std::move(a.log_sum));
}

struct logits_keys {
  key logits{"logits"}, targets{"targets"}, temperature{"temperature"}, entropy{"entropy"}, mask{"mask"},
      threads{"threads"}, max{"max"}, log_sum{"log_sum"}, dlogp{"dlogp"}, dentropy{"dentropy"}, dlse{"dlse"},
      dlogits{"dlogits"}, inplace{"inplace"}, vocab_offset{"vocab_offset"}, vocab_size{"vocab_size"}, dtype{"dtype"};
  static logits_keys const& get() {
    static logits_keys const keys;
    return keys;
  }
};

/// The logits of a call without asking for them: what decides which engine has the call. Null where there are none.
inline py::handle logits_of(call_arguments const& call) { return call.first(logits_keys::get().logits); }

/// The arguments that functions of logits share, as views.
struct row_arguments {
  py::handle object;  // the logits
  array_view logits;
  aha::logit_rows<> rows;
  aha::mask_view<> mask;
  int threads = 0;
  std::vector<array_view> owners;

  row_arguments(call_arguments& call, bool autograd) {
    logits_keys const& k = logits_keys::get();
    object = call.required(k.logits);
    logits = view_of(object, call.at(k.logits), autograd);
    owners.push_back(view_of(call.required(k.targets), call.at(k.targets)));
    aha::index_view<> const targets = index_of(owners.back(), call.at(k.targets));
    rows = rows_of(logits, call.at(k.logits), targets,
                   number_of(call.keyword(k.temperature), call.at(k.temperature), 1.0));
    if (py::handle const given = call.keyword(k.mask)) {
      owners.push_back(view_of(given, call.at(k.mask)));
      mask = mask_of(owners.back(), call.at(k.mask));
    }
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
  }
  /// Which ids the rows hold, where they are a shard of the vocabulary.
  void take_shard(call_arguments& call) {
    logits_keys const& k = logits_keys::get();
    rows.vocab_offset = integer_of(call.keyword(k.vocab_offset), call.at(k.vocab_offset), 0);
    if (py::handle const given = call.keyword(k.vocab_size)) {
      rows.vocab_size = integer_of(given, call.at(k.vocab_size), 0);
      if (rows.vocab_size < 1) wrong_value(call.at(k.vocab_size), "an integer >= 1", aha::text(rows.vocab_size));
    }
  }
};

/// New columns beside `like`, whose last axis they do not have.
template <class T>
struct logp_arrays {
  logp_answer answer;
  aha::logp_outputs<T> out;
  std::vector<array_view> made;

  logp_arrays(char const* function, array_view const& like, bool entropy) {
    auto const make = [&](char const* name, py::object& to, aha::column<T>& view) {
      argument const where{function, name};
      // torch makes the second and the later ones faster from the first.
      array_view const& model = made.empty() || like.from != origin::torch ? like : made.back();
      written_array column = new_array(model, dtype_of<T>(), like.shape.data(), like.rank - 1, where);
      to = std::move(column.object);
      made.push_back(std::move(column.view));
      view = output_of<T>(made.back(), where, nullptr);
    };
    made.reserve(5);
    make("logp", answer.logp, out.logp);
    make("lse", answer.lse, out.lse);
    if (entropy) make("entropy", answer.entropy, out.entropy);
    make("max", answer.max, out.max);
    make("log_sum", answer.log_sum, out.log_sum);
  }
  /// The answer, once the columns are written.
  logp_answer finished() {
    for (py::object* const x : {&answer.logp, &answer.lse, &answer.entropy, &answer.max, &answer.log_sum}) {
      *x = handed_over(std::move(*x));
    }
    return std::move(answer);
  }
};

/// The arguments of `logits_gradient` beside those.
template <class T>
struct gradient_arguments {
  aha::softmax_columns<T> softmax;
  aha::logit_coefficients<T> by;
  gradient_target to;
  bool inplace = false;

  gradient_arguments(call_arguments& call, row_arguments& a) {
    logits_keys const& k = logits_keys::get();
    auto const column = [&](key const& name, aha::column<T const>& view) {
      if (py::handle const given = call.keyword(name)) {
        a.owners.push_back(view_of(given, call.at(name)));
        view = column_of<T>(a.owners.back(), call.at(name), "the columns beside these logits");
      }
    };
    column(k.max, softmax.max);
    column(k.log_sum, softmax.log_sum);
    column(k.entropy, softmax.entropy);
    column(k.dlogp, by.dlogp);
    column(k.dentropy, by.dentropy);
    column(k.dlse, by.dlse);
    a.take_shard(call);
    py::handle const given = call.keyword(k.dlogits);
    inplace = flag_of(call.keyword(k.inplace), call.at(k.inplace), false);
    call.finish(k.logits, k.targets, k.max, k.log_sum, k.entropy, k.dlogp, k.dentropy, k.dlse, k.temperature, k.mask,
                k.vocab_offset, k.vocab_size, k.dlogits, k.inplace, k.threads);
    to = gradient_target_of(given, inplace, a.logits, a.object, call.at(k.dlogits), true);
  }
  /// The gradient, once it is written.
  py::object finished(row_arguments const& a) {
    if (inplace) mark_written(a.logits);
    return handed_over(std::move(to.object));
  }
};

}  // namespace aha_python

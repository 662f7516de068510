// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/groups.hpp>
#include <vector>

#include "advantage_methods.hpp"
#include "columns.hpp"

namespace aha_python {

struct advantages_keys {
  key method{"method"}, reward{"reward"}, groups{"groups"}, valid{"valid"}, batch{"batch"}, adv{"adv"},
      threads{"threads"};
  static advantages_keys const& get() {
    static advantages_keys const keys;
    return keys;
  }
};

/// The leading arguments of `advantages`, asked for in their order; what is there decides which engine has the call.
struct advantages_head {
  advantage::dynamic_group method;
  py::handle reward;
  explicit advantages_head(call_arguments& call)
      : method(group_method_of(call.required(advantages_keys::get().method), call.at(advantages_keys::get().method))),
        reward(call.required(advantages_keys::get().reward)) {}
};

/// A call to `advantages` as views into the caller's arrays, for every engine.
template <class T>
struct advantages_call {
  std::vector<array_view> owners;
  aha::groups<> by;
  aha::mask_view<> valid;
  std::optional<aha::moments> batch;
  int threads = 0;
  aha::span<T const> reward;
  aha::span<T> adv;
  py::object result;

  advantages_call(call_arguments& call, array_view const& rewards) {
    advantages_keys const& k = advantages_keys::get();
    owners.reserve(4);
    group_array const groups = groups_of(call.required(k.groups), call.at(k.groups));
    argument const at_index{call.function(), groups.by_offsets ? "offsets" : "ids"};
    owners.push_back(view_of(groups.values, at_index));
    aha::index_view<> const index = index_of(owners.back(), at_index);
    by = groups.by_offsets ? aha::groups<>::by_offsets(index) : aha::groups<>::by_id(index);
    if (py::handle const given = call.keyword(k.valid)) {
      owners.push_back(view_of(given, call.at(k.valid)));
      valid = mask_of(owners.back(), call.at(k.valid));
    }
    batch = moments_of(call.keyword(k.batch), call.at(k.batch));
    py::handle const buffer = call.keyword(k.adv);
    threads = threads_of(call.keyword(k.threads), call.at(k.threads));
    call.finish(k.valid, k.batch, k.adv, k.threads, k.method, k.reward, k.groups);
    require_rows(rewards, call.at(k.reward), 1);
    written_array to = buffer ? buffer_of(buffer, call.at(k.adv))
                              : new_array(rewards, dtype_of<T>(), rewards.shape.data(), 1, call.at(k.adv));
    require_rows(to.view, call.at(k.adv), 1);
    aha::column<T> const out = output_of<T>(to.view, call.at(k.adv), "reward");
    reward = {static_cast<T const*>(rewards.data), rewards.shape[0]};
    adv = {out.data, out.width};
    result = std::move(to.object);
    owners.push_back(std::move(to.view));
  }
  /// The advantages, once they are written.
  py::object finished() { return handed_over(std::move(result)); }
};

/// Calls f with a zero of the column's type.
template <class F>
auto with_type(array_view const& x, argument where, F const& f) {
  if (x.type == dtype::f64) return f(double{});
  if (x.type != dtype::f32) wrong_type(where, "float32 or float64", name_of(x));
  return f(float{});
}

}  // namespace aha_python

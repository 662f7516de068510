// SPDX-License-Identifier: MIT
// Statistics of a masked column, whitening, and sequence values as token columns.
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/whiten.hpp>

#include "bind.hpp"
#include "column_calls.hpp"
#include "device_dispatch.hpp"
#include "stats_record.hpp"

namespace aha_python {
namespace {

struct whiten_answer {
  py::object out;
  aha::column_stats stats;
};

py::object measure(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("measure", args, kwargs);
  key const& name = column_keys::get().x;
  py::handle const object = call.required(name);
  if (is_on_cuda(object)) return on_cuda("measure", false, args, kwargs);
  array_view const x = view_of(object, call.at(name));
  measure_call const a(call);
  return py::cast(with_type(x, call.at(name), [&](auto zero) {
    auto const column = column_of<decltype(zero)>(x, call.at(name), nullptr);
    py::gil_scoped_release const unlocked;
    return aha::measure(aha::exec::cpu{a.threads}, column, a.mask);
  }));
}

py::object whiten(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("whiten", args, kwargs);
  argument const where = call.at(column_keys::get().x);
  whiten_head const head(call);
  if (is_on_cuda(head.x)) return on_cuda("whiten", false, args, kwargs);
  array_view const x = view_of(head.x, where);
  whiten_call const a(call);
  return py::cast(with_type(x, where, [&](auto zero) {
    using T = decltype(zero);
    auto const column = column_of<T>(x, where, nullptr);
    written_column<T> to(call, a.buffer, x, "x", x.shape.data(), x.rank);
    whiten_answer answer;
    {
      py::gil_scoped_release const unlocked;
      aha::exec::cpu const exec{a.threads};
      answer.stats = std::visit([&](auto const& w) { return aha::whiten(exec, w, column, to.out, a.mask, a.moments); },
                                head.method.choice);
    }
    answer.out = to.finished();
    return answer;
  }));
}

py::object to_tokens(py::args const& args, py::kwargs const& kwargs) {
  call_arguments call("to_tokens", args, kwargs);
  argument const where = call.at(column_keys::get().values);
  py::handle const object = call.required(column_keys::get().values);
  if (is_on_cuda(object)) return on_cuda("to_tokens", false, args, kwargs);
  array_view const values = view_of(object, where);
  to_tokens_call const a(call, values, [](aha::index_view<> const& cu) { return cu[cu.width - 1]; });
  return with_type(values, where, [&](auto zero) {
    using T = decltype(zero);
    written_column<T> to(call, a.buffer, values, "values", a.extents, a.rank);
    auto const from = column_of<T>(values, where, nullptr);
    {
      py::gil_scoped_release const unlocked;
      aha::to_tokens(aha::exec::cpu{a.threads}, from, a.layout, to.out, a.mask);
    }
    return to.finished();
  });
}

}  // namespace

whitening_method whitening_of_object(py::handle value, argument where) {
  if (!py::isinstance<whitening_method>(value)) wrong_type(where, whitening_text, kind_of_object(value));
  return value.cast<whitening_method const&>();
}

void bind_whiten(py::module_& m) {
  py::class_<whitening_method>(
      m, "advantage_whitening",

      "Whitening (x - mean) / s of a masked column. The defaults are verl's and TRL's masked_whiten.\n\n"
      "scale: \"std\", or \"none\" (only the mean is taken off). eps, ddof, eps_at: s is sqrt(var + eps) "
      "(\"variance\"),\n"
      "sqrt(var) + eps (\"std\"), or sqrt(max(var, eps)) (\"floor\").\n"
      "shift_mean: False adds the mean back. singleton: what fewer than two entries get, \"zero\" or \"keep_reward\".\n"
      "zero_spread: what an entry gets that given moments without spread do not know, \"zero\" or \"unscaled\"; the\n"
      "entries of a column of equal numbers are exactly 0 (or the mean) either way.\n"
      "clip: ends of the results, (low, high) with low <= 0 <= high, or one number for both sides.")
      .def(py::init(&make_whitening),
           "__init__(self, *, scale=\"std\", eps=1e-08, ddof=1, eps_at=\"variance\", shift_mean=True, "
           "singleton=\"zero\", zero_spread=\"zero\", clip=None)\n--\n\n")
      .def("__repr__", &whitening_repr)
      .def(
          "__eq__",
          [](whitening_method const& a, whitening_method const& b) { return whitening_repr(a) == whitening_repr(b); },
          py::is_operator())
      .def("__hash__", [](whitening_method const& a) { return py::hash(py::str(whitening_repr(a))); })
      .def(py::pickle(&whitening_repr, [](std::string const& text) { return make_whitening({}, keywords_of(text)); }));

  py::class_<aha::column_stats> stats(m, "column_stats",
                                      "What measure and whiten saw of a column; mergeable over shards.");
  def_record(stats, "column_stats");
  stats.def("__repr__",
            [](py::object const& s) { return "column_stats(" + std::string(py::repr(s.attr("to_dict")())) + ")"; });
  stats.def_readonly("entries", &aha::column_stats::entries, "Entries, masked and invalid ones included.")
      .def_readonly("masked", &aha::column_stats::masked, "Entries whose mask is 0.")
      .def_readonly("invalid", &aha::column_stats::invalid, "NaN where the mask is set.")
      .def_readonly("clipped", &aha::column_stats::clipped, "Results that the clip changed.")
      .def_readonly("moments", &aha::column_stats::moments, "Moments of the other entries.")
      .def_readonly("low", &aha::column_stats::low, "The smallest of them.")
      .def_readonly("high", &aha::column_stats::high, "The largest of them.")
      .def(
          "to_dict",
          [](aha::column_stats const& s) {
            using namespace py::literals;
            return py::dict("entries"_a = s.entries, "masked"_a = s.masked, "invalid"_a = s.invalid,
                            "clipped"_a = s.clipped, "count"_a = s.moments.count, "mean"_a = s.moments.mean,
                            "std"_a = s.moments.standard_deviation(1), "low"_a = s.low, "high"_a = s.high);
          },
          "to_dict($self)\n--\n\nAll of it by name.");

  py::class_<whiten_answer>(m, "whiten_result", "What whiten(...) returns.")
      .def_readonly("out", &whiten_answer::out, "The whitened column, shaped like x.")
      .def_readonly("stats", &whiten_answer::stats, "What was seen of x.")
      .def(py::pickle([](whiten_answer const& r) { return py::make_tuple(r.out, r.stats); },
                      [](py::tuple const& t) {
                        return whiten_answer{t[0], t[1].cast<aha::column_stats>()};
                      }));

  m.def(
      "measure", &measure,
      "measure(x, *, mask=None, threads=0)\n--\n\n"
      "Moments, smallest and largest entry of a column x ([T], [B] or [B, L], float32 or float64) where mask is not "
      "0:\n"
      "what a shard contributes to whitening over a step. NaN is counted as invalid, infinity raises. In double; the\n"
      "order of entries and threads change no bit.");
  m.def(
      "whiten", &whiten,
      "whiten(method, x, *, mask=None, moments=None, out=None, threads=0)\n--\n\n"
      "The column x, whitened by method, an aha.advantage.whitening(...); exactly 0 where mask is 0 (never read) or x "
      "is NaN.\n\n"
      "x: [T], [B] or [B, L], float32 or float64. mask: shaped like x. moments: those of the whole step, merged over\n"
      "its shards (measure(...).moments); absent where this call has the whole column. out: a buffer to write to.");
  m.def(
      "to_tokens", &to_tokens,
      "to_tokens(values, *, cu_seqlens=None, lens=None, mask=None, shape=None, out=None, threads=0)\n--\n\n"
      "A value a sequence [B] written at each of its tokens, 0 where masked: [T] with cu_seqlens, else [B, L] as mask, "
      "out\n"
      "or shape=(B, L) say. Losses take per_sequence(values) and need no token column.");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Statistics of a masked column, whitening, and sequence values as token columns.
#include <aha/advantage/registry.hpp>
#include <aha/cpu/to_tokens.hpp>
#include <aha/cpu/whiten.hpp>
#include <variant>
#include <vector>

#include "bind.hpp"
#include "columns.hpp"
#include "options.hpp"
#include "stats_record.hpp"

namespace aha_python {
namespace {

namespace adv = aha::advantage;

/// `advantage.whitening(...)`: one of the list's scales.
template <class List>
struct whitening_of;
template <class... Scales>
struct whitening_of<aha::type_list<Scales...>> {
  using type = std::variant<adv::whitening<Scales>...>;
};
struct whitening_method {
  whitening_of<adv::whitening_scales>::type choice;
};

struct whiten_answer {
  py::object out;
  aha::column_stats stats;
};

whitening_method make_whitening(py::args const& args, py::kwargs const& kwargs) {
  static option_keys const keys{"scale", "eps", "ddof", "eps_at", "shift_mean", "singleton", "zero_spread", "clip"};
  call_arguments call("advantage.whitening", args, kwargs);
  py::handle const given = call.given(keys["scale"]);
  std::string const scale = given ? choice_of(given, call.at(keys["scale"]), names_in(adv::whitening_scales{}))
                                  : std::string(adv::standard_deviation::name);
  whitening_method m;
  aha::for_each_type(adv::whitening_scales{}, [&](auto tag) {
    using Scale = typename decltype(tag)::type;
    if (scale != Scale::name) return;
    adv::whitening<Scale> w;
    set_members(w.scale, call, keys);
    refuse_members_of_others<Scale>(adv::whitening_scales{}, call, keys, "scale");
    set_members(w, call, keys);
    aha::status const s = validate(w, "advantage.whitening");
    if (!s.ok()) throw py::value_error(s.message());
    m.choice = w;
  });
  call.finish(keys.all());
  return m;
}

std::string whitening_repr(whitening_method const& m) {
  return std::visit(
      [](auto const& w) {
        return "advantage.whitening(scale=" + quoted(std::decay_t<decltype(w.scale)>::name) + members_repr(w.scale) +
               members_repr(w) + ")";
      },
      m.choice);
}

/// Calls f with a zero of the column's type.
template <class F>
auto with_type(array_view const& x, argument where, F const& f) {
  if (x.type == dtype::f64) return f(double{});
  if (x.type != dtype::f32) wrong_type(where, "float32 or float64", name_of(x));
  return f(float{});
}

/// What `measure` and `whiten` share: the column, its mask, the threads.
struct column_arguments {
  key x{"x"}, mask{"mask"}, threads{"threads"};
  static column_arguments const& get() {
    static column_arguments const keys;
    return keys;
  }
};

aha::mask_view<> take_mask(call_arguments& call, key const& k, std::vector<array_view>& owners) {
  py::handle const given = call.keyword(k);
  if (!given) return {};
  owners.push_back(view_of(given, call.at(k)));
  return mask_of(owners.back(), call.at(k));
}

aha::column_stats measure(py::args const& args, py::kwargs const& kwargs) {
  column_arguments const& k = column_arguments::get();
  call_arguments call("measure", args, kwargs);
  array_view const x = view_of(call.required(k.x), call.at(k.x));
  std::vector<array_view> owners;
  aha::mask_view<> const mask = take_mask(call, k.mask, owners);
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  call.finish(k.x, k.mask, k.threads);
  return with_type(x, call.at(k.x), [&](auto zero) {
    auto const column = column_of<decltype(zero)>(x, call.at(k.x), nullptr);
    py::gil_scoped_release const unlocked;
    return aha::measure(exec, column, mask);
  });
}

whiten_answer whiten(py::args const& args, py::kwargs const& kwargs) {
  static key const k_method{"method"};
  static key const k_moments{"moments"};
  static key const k_out{"out"};
  column_arguments const& k = column_arguments::get();
  call_arguments call("whiten", args, kwargs);
  py::handle const method = call.required(k_method);
  if (!py::isinstance<whitening_method>(method)) {
    wrong_type(call.at(k_method), "aha.advantage.whitening(...)", kind_of_object(method));
  }
  array_view const x = view_of(call.required(k.x), call.at(k.x));
  std::vector<array_view> owners;
  aha::mask_view<> const mask = take_mask(call, k.mask, owners);
  std::optional<aha::moments> const given = moments_of(call.keyword(k_moments), call.at(k_moments));
  py::handle const buffer = call.keyword(k_out);
  aha::exec::cpu const exec{threads_of(call.keyword(k.threads), call.at(k.threads))};
  call.finish(k_method, k.x, k.mask, k_moments, k_out, k.threads);
  return with_type(x, call.at(k.x), [&](auto zero) {
    using T = decltype(zero);
    auto const column = column_of<T>(x, call.at(k.x), nullptr);
    whiten_answer answer;
    answer.out = buffer ? py::reinterpret_borrow<py::object>(buffer)
                        : new_array(x, dtype_of<T>(), x.shape.data(), x.rank, call.at(k_out));
    array_view const to = view_of(answer.out, call.at(k_out));
    aha::column<T> const out = output_of<T>(to, call.at(k_out), "x");
    whitening_method const& m = method.cast<whitening_method const&>();
    {
      py::gil_scoped_release const unlocked;
      answer.stats =
          std::visit([&](auto const& w) { return aha::whiten(exec, w, column, out, mask, given); }, m.choice);
    }
    answer.out = handed_over(std::move(answer.out));
    return answer;
  });
}

py::object to_tokens(py::args const& args, py::kwargs const& kwargs) {
  static key const k_values{"values"};
  static key const k_cu{"cu_seqlens"};
  static key const k_lens{"lens"};
  static key const k_mask{"mask"};
  static key const k_shape{"shape"};
  static key const k_out{"out"};
  static key const k_threads{"threads"};
  call_arguments call("to_tokens", args, kwargs);
  array_view const values = view_of(call.required(k_values), call.at(k_values));
  py::handle const cu = call.keyword(k_cu);
  py::handle const lens = call.keyword(k_lens);
  py::handle const shape = call.keyword(k_shape);
  std::vector<array_view> owners;
  owners.reserve(8);
  aha::mask_view<> const mask = take_mask(call, k_mask, owners);
  py::handle const buffer = call.keyword(k_out);
  aha::exec::cpu const exec{threads_of(call.keyword(k_threads), call.at(k_threads))};
  call.finish(k_values, k_cu, k_lens, k_mask, k_shape, k_out, k_threads);
  require_rows(values, call.at(k_values), 1);
  if (shape && (mask.present() || cu || buffer)) {
    wrong_value(call.at(k_shape), "None where cu_seqlens, a mask or out say it", "a shape");
  }

  // The shape of the tokens: cu_seqlens' last entry, or that of out, mask or shape.
  std::int64_t extents[2] = {0, 0};
  int rank = 2;
  if (cu) {
    owners.push_back(view_of(cu, call.at(k_cu)));
    aha::index_view<> const index = index_of(owners.back(), call.at(k_cu));
    rank = 1;
    extents[0] = index.rank == 1 && index.width > 0 ? index[index.width - 1] : 0;
    if (extents[0] < 0) wrong_value(call.at(k_cu), "a last entry >= 0", aha::to_text(extents[0]));
  } else if (buffer) {
    owners.push_back(view_of(buffer, call.at(k_out)));
    if (owners.back().rank != 2) wrong_value(call.at(k_out), "[B, L] without cu_seqlens", shape_text(owners.back()));
    extents[0] = owners.back().shape[0];
    extents[1] = owners.back().shape[1];
  } else if (mask.present()) {
    if (mask.rank != 2) wrong_value(call.at(k_mask), "[B, L] without cu_seqlens", "a list");
    extents[0] = mask.rows;
    extents[1] = mask.width;
  } else if (shape) {
    if (!py::isinstance<py::tuple>(shape) || py::len(shape) != 2) {
      wrong_type(call.at(k_shape), "a tuple (B, L)", kind_of_object(shape));
    }
    py::tuple const pair = py::reinterpret_borrow<py::tuple>(shape);
    for (std::size_t d = 0; d < 2; ++d) {
      extents[d] = integer_of(pair[d], call.at(k_shape), 0);
      if (extents[d] < 0) wrong_value(call.at(k_shape), "numbers >= 0", aha::to_text(extents[d]));
    }
  } else {
    wrong_value(call.at(k_shape), "cu_seqlens, a mask, out or shape", "none of them");
  }
  aha::layout<> const layout = layout_of("to_tokens", "out", rank, rank == 1 ? 1 : extents[0],
                                         rank == 1 ? extents[0] : extents[1], cu, lens, owners);
  return with_type(values, call.at(k_values), [&](auto zero) {
    using T = decltype(zero);
    py::object result = buffer ? py::reinterpret_borrow<py::object>(buffer)
                               : new_array(values, dtype_of<T>(), extents, rank, call.at(k_out));
    array_view const to = view_of(result, call.at(k_out));
    aha::column<T> const out = output_of<T>(to, call.at(k_out), "values");
    auto const from = column_of<T>(values, call.at(k_values), nullptr);
    {
      py::gil_scoped_release const unlocked;
      aha::to_tokens(exec, from, layout, out, mask);
    }
    return handed_over(std::move(result));
  });
}

}  // namespace

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

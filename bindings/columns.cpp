// SPDX-License-Identifier: MIT
#include "columns.hpp"

#include <aha/loss/observe.hpp>
#include <cmath>

#include "bind.hpp"

namespace aha_python {

aha::layout<> layout_of(char const* function, char const* column, int rank, std::int64_t rows, std::int64_t width,
                        py::handle cu_seqlens, py::handle lens, std::vector<array_view>& owners) {
  argument const offsets{function, "cu_seqlens"};
  argument const lengths{function, "lens"};
  if (rank == 1) {
    if (!cu_seqlens)
      wrong_value(offsets, aha::text("offsets [B + 1], as ", column, " has no sequence dimension"), "None");
    if (lens) wrong_value(lengths, "None where cu_seqlens are given", "lengths");
    owners.push_back(view_of(cu_seqlens, offsets));
    return aha::packed<aha::host>(index_of(owners.back(), offsets));
  }
  if (cu_seqlens) wrong_value(offsets, aha::text("None, as ", column, " is padded [B, L]"), "offsets");
  aha::padded<aha::host> p(rows, width);
  if (lens) {
    owners.push_back(view_of(lens, lengths));
    p.lens = index_of(owners.back(), lengths);
  }
  return p;
}

unsigned observers_of(py::handle value, argument where) {
  struct named_observer {
    char const* name;
    unsigned flag;
  };
  static constexpr named_observer names[] = {
      {"clip", aha::observe::clip},   {"old_kl", aha::observe::old_kl},         {"ref_kl", aha::observe::ref_kl},
      {"ratio", aha::observe::ratio}, {"entropy", aha::observe::entropy},       {"parts", aha::observe::parts},
      {"ess", aha::observe::ess},     {"chi_square", aha::observe::chi_square}, {"default", aha::observe::defaults}};
  char const* const expected =
      "\"default\", \"none\" or a list of clip, old_kl, ref_kl, ratio, entropy, parts, ess, chi_square";
  if (!value) return aha::observe::defaults;
  auto const is = [](py::handle x, char const* text) { return PyUnicode_CompareWithASCIIString(x.ptr(), text) == 0; };
  if (py::isinstance<py::str>(value)) {
    if (is(value, "default")) return aha::observe::defaults;
    if (is(value, "none")) return aha::observe::none;
    wrong_value(where, expected, "\"" + std::string(py::str(value)) + "\"");
  }
  if (!py::isinstance<py::list>(value) && !py::isinstance<py::tuple>(value))
    wrong_type(where, expected, kind_of_object(value));
  unsigned flags = 0;
  for (py::handle const item : value) {
    unsigned flag = 0;
    if (!py::isinstance<py::str>(item)) wrong_type(where, expected, "a list with " + kind_of_object(item));
    for (named_observer const& known : names) {
      if (is(item, known.name)) flag = known.flag;
    }
    if (flag == 0) wrong_value(where, expected, "\"" + std::string(py::str(item)) + "\"");
    flags |= flag;
  }
  return flags;
}

py::handle column_class(char const* name) {
  return py::object(py::module_::import("aha._columns").attr(name)).release();
}

namespace {

/// Looks at `value` if it is one of these, or says what was expected.
void require(py::handle value, py::handle type, argument where, char const* expected) {
  int const is = PyObject_IsInstance(value.ptr(), type.ptr());
  if (is < 0) throw py::error_already_set();
  if (is == 0) wrong_type(where, expected, kind_of_object(value));
}

/// A count as Python shows it: None, an int where it is whole, else a float.
py::object count_object(double x) {
  if (x != x) return py::none();
  if (std::floor(x) == x && std::abs(x) < 9e15) return py::int_(static_cast<std::int64_t>(x));
  return py::float_(x);
}

}  // namespace

aha::totals totals_of(py::handle value, argument where) {
  aha::totals t;
  if (!value) return t;
  static py::handle const type = column_class("totals");
  require(value, type, where, "aha.totals(...)");
  static std::vector<key> const keys = [] {
    std::vector<key> all;
    aha::totals::members([&](std::string_view name, auto, auto) { all.emplace_back(name.data()); });
    return all;
  }();
  auto name = keys.begin();
  aha::totals::members([&](std::string_view, double aha::totals::*member, char const*) {
    argument const at{"totals", name->text};
    py::object const count = value.attr((name++)->object);
    if (count.is_none()) return;
    double const x = number_of(count, at, 0);
    if (!(x >= 0) || std::isinf(x)) wrong_value(at, "a number >= 0", aha::to_text(x));
    t.*member = x;
  });
  return t;
}

py::object totals_object(aha::totals const& t) {
  static py::handle const type = column_class("totals");
  py::dict counts;
  aha::totals::members([&](std::string_view name, double aha::totals::*member, char const*) {
    counts[name.data()] = count_object(t.*member);
  });
  return type(**counts);
}

scoped_array scoped_of(py::handle value, argument where) {
  static py::handle const type = column_class("scoped_array");
  require(value, type, where, "aha.per_sequence(...) or aha.per_token(...)");
  static key const scope{"scope"};
  static key const values{"values"};
  py::object const said = value.attr(scope.object);
  bool const sequence =
      PyUnicode_Check(said.ptr()) != 0 && PyUnicode_CompareWithASCIIString(said.ptr(), "sequence") == 0;
  return {sequence ? aha::scope::sequence : aha::scope::token, value.attr(values.object)};
}

output_request outputs_of(py::handle value, argument where) {
  static py::handle const type = column_class("outputs");
  require(value, type, where, "aha.outputs(...)");
  static std::vector<key> const names = [] {
    std::vector<key> all;
    for_each_output([&](std::string_view name, auto const*, std::size_t) { all.emplace_back(name.data()); });
    return all;
  }();
  output_request r;
  for (std::size_t i = 0; i < names.size(); ++i) r.each[i] = value.attr(names[i].object);
  return r;
}

bool is_on_policy(py::handle value) {
  static py::handle const one = column_class("on_policy");
  return value.is(one);
}

void bind_columns(py::module_& m) {
  m.def(
      "_names",
      [] {
        py::list totals;
        py::list outputs;
        py::list columns;
        aha::totals::members([&](std::string_view name, auto, auto) { totals.append(name); });
        for_each_output([&](std::string_view name, auto const*, std::size_t) { outputs.append(name); });
        aha::token_batch<> const none;
        aha::token_batch<>::columns(none, [&](std::string_view name, unsigned, auto const&) { columns.append(name); });
        py::dict names;
        names["totals"] = totals;
        names["outputs"] = outputs;
        names["columns"] = columns;
        return names;
      },
      "What the headers call the totals, the outputs and the columns with one entry a token.");
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#include "columns.hpp"

#include <aha/loss/observe.hpp>

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

aha::totals totals_of(py::handle value, argument where) {
  if (!value) return {};
  if (!py::isinstance<aha::totals>(value)) wrong_type(where, "aha.totals(...)", kind_of_object(value));
  return value.cast<aha::totals const&>();
}

scoped_array const& scoped_of(py::handle value, argument where) {
  if (!py::isinstance<scoped_array>(value)) {
    wrong_type(where, "aha.per_sequence(...) or aha.per_token(...)", kind_of_object(value));
  }
  return value.cast<scoped_array const&>();
}

}  // namespace aha_python

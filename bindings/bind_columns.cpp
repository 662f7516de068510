// SPDX-License-Identifier: MIT
// The small Python classes that say what an array means.
#include <cmath>

#include "bind.hpp"
#include "columns.hpp"

namespace aha_python {
namespace {

/// A count as Python shows it: None, an int where it is whole, else a float.
py::object count_object(double x) {
  if (x != x) return py::none();
  if (std::floor(x) == x && std::abs(x) < 9e15) return py::int_(static_cast<std::int64_t>(x));
  return py::float_(x);
}

aha::totals make_totals(py::args const& args, py::kwargs const& kwargs) {
  static key const tokens{"tokens"};
  static key const sequences{"sequences"};
  call_arguments call("totals", args, kwargs);
  aha::totals t;
  for (auto const& [name, member] :
       {std::pair{&tokens, &aha::totals::tokens}, std::pair{&sequences, &aha::totals::sequences}}) {
    py::handle const value = call.optional(*name);
    if (!value || value.is_none()) continue;
    double const x = number_of(value, call.at(*name), 0);
    if (!(x >= 0) || std::isinf(x)) wrong_value(call.at(*name), "a number >= 0", aha::to_text(x));
    t.*member = x;
  }
  call.finish(tokens, sequences);
  return t;
}

output_request make_outputs(py::args const& args, py::kwargs const& kwargs) {
  static key const dlogp{"dlogp"};
  static key const dentropy{"dentropy"};
  static key const token_loss{"token_loss"};
  call_arguments call("outputs", args, kwargs);
  auto const take = [&](py::handle h) { return h ? py::reinterpret_borrow<py::object>(h) : py::object(py::none()); };
  output_request r;
  r.dlogp = take(call.keyword(dlogp));
  r.dentropy = take(call.keyword(dentropy));
  r.token_loss = take(call.keyword(token_loss));
  call.finish(dlogp, dentropy, token_loss);
  return r;
}

}  // namespace

void bind_columns(py::module_& m) {
  py::class_<scoped_array>(m, "scoped_array",
                           "An array and what its entries belong to; made by per_sequence and per_token.")
      .def_property_readonly(
          "scope", [](scoped_array const& s) { return s.scope == aha::scope::sequence ? "sequence" : "token"; },
          "\"sequence\" or \"token\".")
      .def_readonly("values", &scoped_array::values, "The array itself.")
      .def("__repr__", [](scoped_array const& s) {
        return (s.scope == aha::scope::sequence ? "per_sequence(" : "per_token(") + std::string(py::repr(s.values)) +
               ")";
      });
  m.def(
      "per_sequence",
      [](py::object values) {
        return scoped_array{aha::scope::sequence, std::move(values)};
      },
      py::arg("values"),
      "per_sequence(values)\n--\n\nSays that an array [B] has one entry a sequence. Nothing is guessed from a length.");
  m.def(
      "per_token",
      [](py::object values) {
        return scoped_array{aha::scope::token, std::move(values)};
      },
      py::arg("values"),
      "per_token(values)\n--\n\nSays that an array has one entry a token: [T] packed, [B, L] padded.");

  py::class_<aha::totals>(
      m, "totals",

      "Counts of the whole optimiser step, over all ranks and micro-batches: what aggregates divide by.\n"
      "They are an input, never derived from the batch at hand; count_totals(...) counts one shard.\n"
      "Numbers >= 0; a count of 0 gives a loss of 0.")
      .def(py::init(&make_totals), "__init__(self, tokens=None, sequences=None)\n--\n\n")
      .def_property_readonly(
          "tokens", [](aha::totals const& t) { return count_object(t.tokens); }, "Tokens, or None.")
      .def_property_readonly(
          "sequences", [](aha::totals const& t) { return count_object(t.sequences); }, "Sequences, or None.")
      .def(
          "__add__",
          [](aha::totals const& a, aha::totals const& b) {
            return aha::totals(a.tokens + b.tokens, a.sequences + b.sequences);
          },
          py::is_operator(), "Totals of two shards; None where either is.")
      .def(
          "__eq__",
          [](aha::totals const& a, aha::totals const& b) {
            auto const same = [](double x, double y) { return x == y || (x != x && y != y); };
            return same(a.tokens, b.tokens) && same(a.sequences, b.sequences);
          },
          py::is_operator())
      .def("__repr__",
           [](aha::totals const& t) {
             return "totals(tokens=" + std::string(py::repr(count_object(t.tokens))) +
                    ", sequences=" + std::string(py::repr(count_object(t.sequences))) + ")";
           })
      .attr("__hash__") = py::none();

  py::class_<output_request>(
      m, "outputs",

      "What loss(...) computes besides the loss. Each is None (not computed), True (a new array) or a\n"
      "buffer shaped like logp that is written in place.\n"
      "dlogp is d loss / d logp; dentropy is d loss / d entropy; token_loss sums to the loss.")
      .def(py::init(&make_outputs), "__init__(self, *, dlogp=None, dentropy=None, token_loss=None)\n--\n\n")
      .def_readonly("dlogp", &output_request::dlogp, "None, True or a buffer.")
      .def_readonly("dentropy", &output_request::dentropy, "None, True or a buffer.")
      .def_readonly("token_loss", &output_request::token_loss, "None, True or a buffer.");

  py::class_<on_policy_mark>(m, "on_policy_mark", "The type of on_policy.").def("__repr__", [](on_policy_mark) {
    return "on_policy";
  });
  m.attr("on_policy") = on_policy_mark{};
}

}  // namespace aha_python

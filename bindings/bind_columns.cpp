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
  static key const prompts{"prompts"};
  static key const positives{"positives"};
  call_arguments call("totals", args, kwargs);
  aha::totals t;
  key const* const names[] = {&tokens, &sequences, &prompts, &positives};
  int i = 0;
  aha::totals::members([&](std::string_view, double aha::totals::*member, char const*) {
    key const& name = *names[i++];
    py::handle const value = call.optional(name);
    if (!value || value.is_none()) return;
    double const x = number_of(value, call.at(name), 0);
    if (!(x >= 0) || std::isinf(x)) wrong_value(call.at(name), "a number >= 0", aha::to_text(x));
    t.*member = x;
  });
  call.finish(tokens, sequences, prompts, positives);
  return t;
}

output_request make_outputs(py::args const& args, py::kwargs const& kwargs) {
  static key const k[] = {{"dlogp"}, {"dentropy"}, {"dlse"}, {"dvalue"}, {"dgiven"}, {"token_loss"}};
  static_assert(std::size(k) == std::tuple_size_v<output_objects>);
  call_arguments call("outputs", args, kwargs);
  output_request r;
  for (std::size_t i = 0; i < std::size(k); ++i) {
    if (py::handle const h = call.keyword(k[i])) r.each[i] = py::reinterpret_borrow<py::object>(h);
  }
  call.finish(k[0], k[1], k[2], k[3], k[4], k[5]);
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

  py::class_<aha::totals> totals(
      m, "totals",

      "Counts of the whole optimiser step, over all ranks and micro-batches: what aggregates divide by.\n"
      "They are an input, never derived from the batch at hand; count_totals(...) counts one shard.\n"
      "tokens; sequences; prompts (for prompt_mean); positives: tokens of positive examples (for positive_mean).\n"
      "Numbers >= 0; a count of 0 gives a loss of 0.");
  totals
      .def(py::init(&make_totals), "__init__(self, tokens=None, sequences=None, prompts=None, positives=None)\n--\n\n")
      .def(
          "__add__",
          [](aha::totals const& a, aha::totals const& b) {
            aha::totals sum;
            aha::totals::members([&](auto, auto member, auto) { sum.*member = a.*member + b.*member; });
            return sum;
          },
          py::is_operator(), "Totals of two shards; None where either is.")
      .def(
          "__eq__",
          [](aha::totals const& a, aha::totals const& b) {
            bool same = true;
            aha::totals::members([&](auto, auto member, auto) {
              double const x = a.*member;
              double const y = b.*member;
              same = same && (x == y || (x != x && y != y));
            });
            return same;
          },
          py::is_operator())
      .def("__repr__", [](aha::totals const& t) {
        std::string text;
        aha::totals::members([&](std::string_view name, auto member, auto) {
          text.append(text.empty() ? "totals(" : ", ").append(name).append("=");
          text += std::string(py::repr(count_object(t.*member)));
        });
        return text + ")";
      });
  aha::totals::members([&](std::string_view name, auto member, char const* doc) {
    totals.def_property_readonly(
        std::string(name).c_str(), [member](aha::totals const& t) { return count_object(t.*member); }, doc);
  });
  totals.attr("__hash__") = py::none();

  py::class_<output_request> outputs(
      m, "outputs",

      "What loss(...) computes besides the loss. Each is None (not computed), True (a new array) or a\n"
      "buffer shaped like logp that is written in place.\n"
      "dlogp is d loss / d logp, and dentropy, dlse, dvalue, dgiven likewise; token_loss sums to the loss.");
  outputs.def(py::init(&make_outputs),
              "__init__(self, *, dlogp=None, dentropy=None, dlse=None, dvalue=None, dgiven=None, token_loss=None)\n"
              "--\n\n");
  for_each_output([&](std::string_view name, auto const*, std::size_t i) {
    outputs.def_property_readonly(
        std::string(name).c_str(), [i](output_request const& r) { return r.each[i]; }, "None, True or a buffer.");
  });

  py::class_<on_policy_mark>(m, "on_policy_mark", "The type of on_policy.").def("__repr__", [](on_policy_mark) {
    return "on_policy";
  });
  m.attr("on_policy") = on_policy_mark{};
}

}  // namespace aha_python

// SPDX-License-Identifier: MIT
// Results as Python sees them.
#include "answers.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"
#include "stats_record.hpp"

namespace aha_python {
namespace {

py::dict dict_of(aha::loss_stats const& s) {
  py::dict d;
  s.for_each([&](char const* name, double value) {
    bool const count = std::string_view(name) == "tokens" || std::string_view(name) == "sequences";
    d[name] = count ? py::object(py::int_(static_cast<std::int64_t>(value))) : py::object(py::float_(value));
  });
  return d;
}

}  // namespace

aha::dynamic_objective const& objective_of(py::handle value, argument where) {
  if (!py::isinstance<aha::dynamic_objective>(value)) {
    bool const bare = py::isinstance<aha::dynamic_expression>(value);
    wrong_type(where, "an objective such as token_mean(clip(0.2, 0.2))",
               bare ? "an expression without an aggregate" : kind_of_object(value));
  }
  return value.cast<aha::dynamic_objective const&>();
}

void bind_answers(py::module_& m) {
  py::class_<aha::loss_stats> stats(
      m, "loss_stats",
      "What a call observed over its unmasked tokens: sums and counts, mergeable over micro-batches\n"
      "and ranks.");
  def_record(stats, "loss_stats");
  stats.def(py::init<>(), "__init__(self)\n--\n\n")
      .def_property_readonly(
          "tokens", [](aha::loss_stats const& s) { return s.tokens; }, "Unmasked tokens.")
      .def_property_readonly(
          "sequences", [](aha::loss_stats const& s) { return s.sequences; },
          "Sequences with at least one unmasked token.")
      .def("to_dict", &dict_of,
           "to_dict($self)\n--\n\nMeans and fractions by name: tokens, sequences, clip/low, clip/high, clip/region, "
           "old_kl/k1, k2, k3,\n"
           "ref_kl/k1, k2, k3, ratio/min, mean, max, entropy, ess, chi_square, loss/0, loss/1, ...: those that were "
           "observed.")
      .def("__repr__",
           [](aha::loss_stats const& s) { return "loss_stats(" + std::string(py::repr(dict_of(s))) + ")"; });

  py::class_<loss_answer> loss_result(m, "loss_result", "What loss(...) returns.");
  for_each_output([&](std::string_view name, aha::active_input const* input, std::size_t i) {
    std::string const doc = input != nullptr
                                ? "d loss / d " + std::string(name.substr(1)) + ", shaped like it, or None."
                                : "Each token's share, which sums to the loss, or None.";
    loss_result.def_property_readonly(
        std::string(name).c_str(), [i](loss_answer const& r) { return r.outputs[i]; }, doc.c_str());
  });
  loss_result.def_readonly("loss", &loss_answer::loss, "The loss, a float.")
      .def_readonly("stats", &loss_answer::stats, "What was observed.")
      .def("__repr__",
           [](loss_answer const& r) { return "loss_result(loss=" + std::string(py::repr(py::float_(r.loss))) + ")"; })
      .def(py::pickle(
          [](loss_answer const& r) { return py::make_tuple(r.loss, r.outputs, r.stats); },
          [](py::tuple const& t) {
            return loss_answer{t[0].cast<double>(), t[1].cast<output_objects>(), t[2].cast<aha::loss_stats>()};
          }));

  py::class_<logits_loss_answer> from_logits(m, "logits_loss_result", "What loss_from_logits(...) returns.");
  for_each_output([&](std::string_view name, aha::active_input const* input, std::size_t i) {
    // Gradients by what the logits determine have gone on into dlogits.
    if (input != nullptr && *input != aha::active_input::value && *input != aha::active_input::given) return;
    std::string const doc = input != nullptr
                                ? "d loss / d " + std::string(name.substr(1)) + ", shaped like it, or None."
                                : "Each token's share, which sums to the loss, or None.";
    from_logits.def_property_readonly(
        std::string(name).c_str(), [i](logits_loss_answer const& r) { return r.outputs[i]; }, doc.c_str());
  });
  from_logits.def_readonly("loss", &logits_loss_answer::loss, "The loss, a float.")
      .def_readonly("dlogits", &logits_loss_answer::dlogits,
                    "d loss / d logits, shaped and typed like logits, or None.")
      .def_readonly("stats", &logits_loss_answer::stats, "What was observed.")
      .def("__repr__",
           [](logits_loss_answer const& r) {
             return "logits_loss_result(loss=" + std::string(py::repr(py::float_(r.loss))) + ")";
           })
      .def(py::pickle([](logits_loss_answer const& r) { return py::make_tuple(r.loss, r.dlogits, r.outputs, r.stats); },
                      [](py::tuple const& t) {
                        return logits_loss_answer{t[0].cast<double>(), t[1], t[2].cast<output_objects>(),
                                                  t[3].cast<aha::loss_stats>()};
                      }));
}

}  // namespace aha_python

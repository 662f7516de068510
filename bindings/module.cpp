// SPDX-License-Identifier: MIT
#include <aha/version.hpp>

#include "bind.hpp"

namespace {

/// Types are registered once a process, whatever the level: a second module would half work. `aha` has loaded its own
/// by the time that anybody can ask for another one.
void refuse_second_level() {
  pybind11::dict const modules = pybind11::module_::import("sys").attr("modules");
  if (!modules.contains("aha._aha") || !pybind11::hasattr(modules["aha._aha"], "_level")) return;
  std::string const loaded = pybind11::str(modules["aha._aha"].attr("_level"));
  if (loaded == AHA_PYTHON_LEVEL) return;
  throw pybind11::import_error("aha::import: " AHA_TEXT(AHA_PYTHON_MODULE) ": expected one level a process, got \"" +
                               loaded + "\" loaded already (AHA_CPU chooses)");
}

}  // namespace

PYBIND11_MODULE(AHA_PYTHON_MODULE, m) {
  refuse_second_level();
  // Of every level the same, because classes and hence pickles take it from here.
  m.attr("__name__") = "aha._aha";
  m.attr("_level") = AHA_PYTHON_LEVEL;
  m.doc() = "The compiled part of aha; import aha.";
  m.attr("__version__") = AHA_TEXT(AHA_VERSION_MAJOR) "." AHA_TEXT(AHA_VERSION_MINOR) "." AHA_TEXT(AHA_VERSION_PATCH);
  // Signatures stand in the texts themselves, in a form that inspect.signature reads.
  pybind11::options options;
  options.disable_function_signatures();
  aha_python::bind_owned_array(m);
  aha_python::bind_columns(m);
  aha_python::bind_objective(m);
  aha_python::bind_terms(m);
  aha_python::bind_answers(m);
  aha_python::bind_loss(m);
  aha_python::bind_targets(m);
  aha_python::bind_logits(m);
  aha_python::bind_partials(m);
  aha_python::bind_logits_loss(m);
  aha_python::bind_moments(m);
  aha_python::bind_advantage(m);
  aha_python::bind_config(m);
  aha_python::bind_whiten(m);
}

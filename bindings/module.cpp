// SPDX-License-Identifier: MIT
#include <aha/version.hpp>

#include "bind.hpp"

#define AHA_TEXT_OF(x) #x
#define AHA_TEXT(x) AHA_TEXT_OF(x)

PYBIND11_MODULE(_aha, m) {
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

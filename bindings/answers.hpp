// SPDX-License-Identifier: MIT
#pragma once

#include <aha/loss/dynamic.hpp>
#include <aha/loss/observe.hpp>

#include "columns.hpp"

namespace aha_python {

/// What `loss` and `loss_from_logits` give back; outputs that were not asked for are None.
struct loss_answer {
  double loss = 0;
  output_objects outputs;
  aha::loss_stats stats;
};
struct logits_loss_answer {
  double loss = 0;
  py::object dlogits = py::none();
  output_objects outputs;
  aha::loss_stats stats;
};

aha::dynamic_objective const& objective_of(py::handle value, argument where);

}  // namespace aha_python

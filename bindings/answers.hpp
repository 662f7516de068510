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

/// What the twins of the losses for autograd functions give back, from every engine: the loss as a tensor, what was
/// observed (host: the statistics; a device: the record), every output in its order, the gradient by the logits. A tuple:
/// each attribute of a class of ours costs the caller a fifth of a microsecond.
inline py::tuple autograd_answer(py::object loss, py::object observed, output_objects& outputs, py::object dlogits) {
  py::tuple t(outputs.size() + 3);
  t[0] = std::move(loss);
  t[1] = std::move(observed);
  for (std::size_t i = 0; i < outputs.size(); ++i) t[i + 2] = std::move(outputs[i]);
  t[outputs.size() + 2] = std::move(dlogits);
  return t;
}

aha::dynamic_objective const& objective_of(py::handle value, argument where);

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/loss_from_logits.cuh>

#include "engine.hpp"

/// The kernels that form loss and gradient of rows of one storage type: a unit of its own each, half a minute of nvcc.
#define AHA_ROW_KERNELS(Stored)                                                                \
  template void aha::launch_stored_row_losses<Stored>(aha::launcher&, aha::row_problem const&, \
                                                      aha::objective_source<aha::device_objective> const&)

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/loss.cuh>

#include "engine.hpp"

namespace aha_python::engine {

template <class T>
std::int64_t loss_bytes(aha::dynamic_objective const& objective, device_batch<T> const& batch, unsigned observed) {
  return aha::workspace_bytes(aha::exec::cuda{}, objective, batch, observed);
}
template <class T>
void loss(cudaStream_t stream, aha::dynamic_objective const& objective, device_batch<T> const& batch,
          aha::outputs<T, aha::device> const& out, aha::loss_record* record, workspace w, unsigned observed) {
  (void)aha::loss(aha::exec::cuda{stream}, objective, batch, out, record, w, observed);
}

}  // namespace aha_python::engine

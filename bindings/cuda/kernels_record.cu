// SPDX-License-Identifier: MIT
// The loss of a record as a number of its own.
#include <aha/cuda/exec.cuh>

#include "engine.hpp"

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

template <class T>
AHA_KERNEL void store_loss_kernel(loss_record const* record, T* to) {
  *to = static_cast<T>(record->loss);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

namespace aha_python::engine {

void store_loss(cudaStream_t stream, aha::loss_record const* record, void* to, bool wide) {
  aha::launcher launch(aha::exec::cuda{stream}, "loss");
  if (wide) {
    launch(aha::store_loss_kernel<double>, 1, 1, 0, record, static_cast<double*>(to));
  } else {
    launch(aha::store_loss_kernel<float>, 1, 1, 0, record, static_cast<float*>(to));
  }
  (void)launch.result();
}

}  // namespace aha_python::engine

// SPDX-License-Identifier: MIT
// The token engine for objectives chosen at run time, in float.
#include "token_kernels.hpp"

extern template bool aha::launch_known_loss(aha::launcher&, aha::device_objective const&,
                                            aha::token_problem<float> const&, bool);

namespace aha_python::engine {
template std::int64_t loss_bytes(aha::dynamic_objective const&, device_batch<float> const&, unsigned);
template void loss(cudaStream_t, aha::dynamic_objective const&, device_batch<float> const&,
                   aha::outputs<float, aha::device> const&, aha::loss_record*, workspace, unsigned);
}  // namespace aha_python::engine

// For kernels_row_loss.cu, which ends in the same kernels.
template void aha::launch_token_loss(aha::launcher&, aha::device_objective const&, aha::token_problem<float> const&,
                                     bool);

// SPDX-License-Identifier: MIT
// The token engine for objectives chosen at run time, in double.
#include "token_kernels.hpp"

namespace aha_python::engine {
template std::int64_t loss_bytes(aha::dynamic_objective const&, device_batch<double> const&, unsigned);
template void loss(cudaStream_t, aha::dynamic_objective const&, device_batch<double> const&,
                   aha::outputs<double, aha::device> const&, aha::loss_record*, workspace, unsigned);
}  // namespace aha_python::engine

// SPDX-License-Identifier: MIT
// The token engine for objectives chosen at run time, in double: the whole type list in its kernels.
#include <aha/cuda/loss.cuh>

template aha::launch_result aha::loss(aha::exec::cuda const&, aha::dynamic_objective const&,
                                      aha::token_batch<aha::device, double> const&,
                                      aha::outputs<double, aha::device> const&, aha::loss_record*,
                                      aha::span<std::byte, aha::device>, unsigned);
int main() {}

// SPDX-License-Identifier: MIT
// Advantages on a device; one set of kernels serves every method.
#include <aha/cuda/advantages.cuh>

template aha::launch_result aha::advantages(aha::exec::cuda const&, aha::advantage::dynamic_group const&,
                                            aha::span<float const, aha::device>, aha::groups<aha::device> const&,
                                            aha::span<float, aha::device>, aha::advantage_record*,
                                            aha::span<std::byte, aha::device>, aha::mask_view<aha::device> const&,
                                            aha::merged_moments const&);
int main() {}

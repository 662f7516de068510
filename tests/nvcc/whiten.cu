// SPDX-License-Identifier: MIT
// Whitening and column statistics on a device.
#include <aha/cuda/whiten.cuh>

template aha::launch_result aha::whiten(aha::exec::cuda const&, aha::advantage::whitening<> const&,
                                        aha::column<float const, aha::device> const&,
                                        aha::column<float, aha::device> const&, aha::column_record*,
                                        aha::span<std::byte, aha::device>, aha::mask_view<aha::device> const&,
                                        aha::merged_moments const&);
template aha::launch_result aha::measure(aha::exec::cuda const&, aha::column<double const, aha::device> const&,
                                         aha::column_record*, aha::span<std::byte, aha::device>,
                                         aha::mask_view<aha::device> const&);
int main() {}

// SPDX-License-Identifier: MIT
// The token engine for an objective of types, which goes to its kernels as it is.
#include <aha/cuda/loss.cuh>

auto const two_terms = aha::sequence_mean(aha::clip{0.2, 0.28} + 0.04 * aha::kl(aha::k3));
template aha::launch_result aha::loss(aha::exec::cuda const&, std::remove_const_t<decltype(two_terms)> const&,
                                      aha::token_batch<aha::device, float> const&,
                                      aha::outputs<float, aha::device> const&, aha::loss_record*,
                                      aha::span<std::byte, aha::device>, unsigned);
int main() {}

// SPDX-License-Identifier: MIT
// Loss and gradient from logits for an objective of types.
#include <aha/cuda/loss_from_logits.cuh>

auto const two_terms = aha::sequence_mean(aha::clip{0.2, 0.28} + 0.04 * aha::kl(aha::k3));
template aha::launch_result aha::loss_from_logits(
    aha::exec::cuda const&, std::remove_const_t<decltype(two_terms)> const&, aha::logit_rows<aha::device> const&,
    aha::token_batch<aha::device, float> const&, aha::logit_gradient<aha::device> const&, aha::loss_record*,
    aha::span<std::byte, aha::device>, unsigned, aha::outputs<float, aha::device> const&);
int main() {}

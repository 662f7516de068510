// SPDX-License-Identifier: MIT
// Loss and gradient from logits for an objective chosen at run time.
#include <aha/cuda/loss_from_logits.cuh>

template aha::launch_result aha::loss_from_logits(aha::exec::cuda const&, aha::dynamic_objective const&,
                                                  aha::logit_rows<aha::device> const&,
                                                  aha::token_batch<aha::device, float> const&,
                                                  aha::logit_gradient<aha::device> const&, aha::loss_record*,
                                                  aha::span<std::byte, aha::device>, unsigned,
                                                  aha::outputs<float, aha::device> const&);
int main() {}

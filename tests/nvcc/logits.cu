// SPDX-License-Identifier: MIT
// The kernels over rows of logits that know no objective: log-probabilities, gradients, shards.
#include <aha/cuda/logits_gradient.cuh>
#include <aha/cuda/vocab_shards.cuh>

template aha::launch_result aha::token_logp_from_partials(aha::exec::cuda const&,
                                                          aha::column<aha::softmax_partial const, aha::device> const&,
                                                          double, aha::logp_outputs<float, aha::device> const&);
int main() {}

// SPDX-License-Identifier: MIT
// Log-probabilities, gradients and vocabulary shards of rows of logits.
#include <aha/cuda/logits_gradient.cuh>
#include <aha/cuda/scale_gradient.cuh>
#include <aha/cuda/vocab_shards.cuh>

#include "engine.hpp"

namespace aha_python::engine {

void token_logp(cudaStream_t stream, aha::logit_rows<aha::device> const& rows, aha::mask_view<aha::device> const& mask,
                aha::logp_outputs<float, aha::device> const& out, std::int64_t* bad_targets) {
  (void)aha::token_logp(aha::exec::cuda{stream}, rows, mask, out, bad_targets);
}
void logits_gradient(cudaStream_t stream, aha::logit_rows<aha::device> const& rows,
                     aha::mask_view<aha::device> const& mask, aha::softmax_columns<float, aha::device> const& softmax,
                     aha::logit_coefficients<float, aha::device> const& by,
                     aha::logit_gradient<aha::device> const& dlogits) {
  (void)aha::logits_gradient(aha::exec::cuda{stream}, rows, mask, softmax, by, dlogits);
}
void softmax_partials(cudaStream_t stream, aha::logit_rows<aha::device> const& rows,
                      aha::mask_view<aha::device> const& mask, bool entropy, partials const& out) {
  (void)aha::softmax_partials(aha::exec::cuda{stream}, rows, mask, entropy, out);
}
void merge_partials(cudaStream_t stream, std::vector<given_partials> const& shards, double temperature,
                    partials const& out) {
  aha::span<given_partials const> const list(shards.data(), static_cast<std::int64_t>(shards.size()));
  (void)aha::merge_partials(aha::exec::cuda{stream}, list, temperature, out);
}
template <class T>
void token_logp_from_partials(cudaStream_t stream, given_partials const& from, double temperature,
                              aha::logp_outputs<T, aha::device> const& out) {
  (void)aha::token_logp_from_partials(aha::exec::cuda{stream}, from, temperature, out);
}
template void token_logp_from_partials(cudaStream_t, given_partials const&, double,
                                       aha::logp_outputs<float, aha::device> const&);
template void token_logp_from_partials(cudaStream_t, given_partials const&, double,
                                       aha::logp_outputs<double, aha::device> const&);
void scale_gradient(cudaStream_t stream, aha::logit_rows<aha::device> const& from, void const* factor,
                    aha::logit_gradient<aha::device> const& to) {
  (void)aha::scale_gradient(aha::exec::cuda{stream}, from, factor, to);
}

}  // namespace aha_python::engine

// For kernels_row_loss.cu.
template void aha::launch_row_softmax(aha::launcher&, aha::row_problem const&, bool, aha::logp_sink const&);
template void aha::launch_row_gradients(aha::launcher&, aha::row_problem const&, bool, aha::column_source const&);

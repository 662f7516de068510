// SPDX-License-Identifier: MIT
// Loss and gradient from logits, for objectives chosen at run time. The kernels of rows are compiled by storage type in
// kernels_row_loss_*.cu, those of the two-pass form in kernels_rows.cu, those that end a call in kernels_token_float.cu.
#include "row_kernels.hpp"

extern template void aha::launch_token_loss(aha::launcher&, aha::device_objective const&,
                                            aha::token_problem<float> const&, bool);
extern template void aha::launch_row_softmax(aha::launcher&, aha::row_problem const&, bool, aha::logp_sink const&);
extern template void aha::launch_row_gradients(aha::launcher&, aha::row_problem const&, bool,
                                               aha::column_source const&);
extern AHA_ROW_KERNELS(float);
extern AHA_ROW_KERNELS(aha::bfloat16);
extern AHA_ROW_KERNELS(aha::float16);

namespace aha_python::engine {

std::int64_t loss_from_logits_bytes(aha::dynamic_objective const& objective, aha::logit_rows<aha::device> const& rows,
                                    device_batch<float> const& batch, unsigned observed) {
  return aha::workspace_bytes(aha::exec::cuda{}, objective, rows, batch, observed);
}
void loss_from_logits(cudaStream_t stream, aha::dynamic_objective const& objective,
                      aha::logit_rows<aha::device> const& rows, device_batch<float> const& batch,
                      aha::logit_gradient<aha::device> const& dlogits, aha::loss_record* record, workspace w,
                      unsigned observed, aha::outputs<float, aha::device> const& out) {
  (void)aha::loss_from_logits(aha::exec::cuda{stream}, objective, rows, batch, dlogits, record, w, observed, out);
}

}  // namespace aha_python::engine

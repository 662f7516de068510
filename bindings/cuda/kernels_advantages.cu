// SPDX-License-Identifier: MIT
// Advantages by groups, for methods chosen at run time.
#include <aha/cuda/advantages.cuh>

#include "engine.hpp"

namespace aha_python::engine {

std::int64_t advantages_bytes(aha::advantage::dynamic_group const& method, device_groups const& by, bool batch) {
  return aha::workspace_bytes(aha::exec::cuda{}, method, by, batch);
}
template <class T>
void advantages(cudaStream_t stream, aha::advantage::dynamic_group const& method,
                aha::span<T const, aha::device> reward, device_groups const& by, aha::span<T, aha::device> adv,
                aha::advantage_record* record, workspace w, device_mask const& valid, given_moments const& batch) {
  aha::merged_moments const merged = batch ? aha::merged_moments(*batch) : aha::merged_moments();
  (void)aha::advantages(aha::exec::cuda{stream}, method, reward, by, adv, record, w, valid, merged);
}
#define AHA_ADVANTAGES(T)                                                                                       \
  template void advantages(cudaStream_t, aha::advantage::dynamic_group const&, aha::span<T const, aha::device>, \
                           device_groups const&, aha::span<T, aha::device>, aha::advantage_record*, workspace,  \
                           device_mask const&, given_moments const&)
AHA_ADVANTAGES(float);
AHA_ADVANTAGES(double);

}  // namespace aha_python::engine

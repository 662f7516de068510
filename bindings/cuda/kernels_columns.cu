// SPDX-License-Identifier: MIT
// Statistics of columns, whitening, and values of sequences as token columns.
#include <aha/cuda/to_tokens.cuh>
#include <aha/cuda/whiten.cuh>
#include <variant>

#include "engine.hpp"

namespace aha_python::engine {

std::int64_t column_bytes() { return aha::whiten_workspace_bytes(aha::exec::cuda{}); }

template <class T>
void measure(cudaStream_t stream, aha::column<T const, aha::device> const& x, aha::column_record* record, workspace w,
             device_mask const& mask) {
  (void)aha::measure(aha::exec::cuda{stream}, x, record, w, mask);
}
template <class T>
void whiten(cudaStream_t stream, whitening_method const& method, aha::column<T const, aha::device> const& x,
            aha::column<T, aha::device> const& out, aha::column_record* record, workspace w, device_mask const& mask,
            given_moments const& moments) {
  aha::merged_moments const merged = moments ? aha::merged_moments(*moments) : aha::merged_moments();
  std::visit([&](auto const& m) { (void)aha::whiten(aha::exec::cuda{stream}, m, x, out, record, w, mask, merged); },
             method.choice);
}
template <class T>
void to_tokens(cudaStream_t stream, aha::column<T const, aha::device> const& values,
               aha::layout<aha::device> const& layout, aha::column<T, aha::device> const& out,
               device_mask const& mask) {
  (void)aha::to_tokens(aha::exec::cuda{stream}, values, layout, out, mask);
}
#define AHA_COLUMNS(T)                                                                                             \
  template void measure(cudaStream_t, aha::column<T const, aha::device> const&, aha::column_record*, workspace,    \
                        device_mask const&);                                                                       \
  template void whiten(cudaStream_t, whitening_method const&, aha::column<T const, aha::device> const&,            \
                       aha::column<T, aha::device> const&, aha::column_record*, workspace, device_mask const&,     \
                       given_moments const&);                                                                      \
  template void to_tokens(cudaStream_t, aha::column<T const, aha::device> const&, aha::layout<aha::device> const&, \
                          aha::column<T, aha::device> const&, device_mask const&)
AHA_COLUMNS(float);
AHA_COLUMNS(double);

}  // namespace aha_python::engine

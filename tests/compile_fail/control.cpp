// SPDX-License-Identifier: MIT
// The neighbours' misuses, used rightly.
// compiles
#include <aha/core/layout.hpp>
#include <vector>

int main() {
  std::vector<float> logp(8);
  std::vector<std::int64_t> cu{0, 3, 8};
  std::vector<std::int64_t> keep(8);
  aha::span<float const> const view = logp;
  aha::mask_view<> const mask = keep;
  aha::column<float> const column = logp;
  aha::packed const layout(cu);
  auto const adv = aha::per_sequence(logp);
  return view.size() == 8 && mask.present() && column.present() && layout.cu_seqlens.present() && adv.present() ? 0 : 1;
}

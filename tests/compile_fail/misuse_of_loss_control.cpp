// SPDX-License-Identifier: MIT
// The misuses of `loss` beside it, used rightly.
// compiles
#include <aha/aha.hpp>
#include <vector>

int main() {
  aha::token_batch<> batch;
  aha::token_batch<aha::host, double> doubles;
  auto const objective = aha::token_mean(aha::clip{0.2, 0.2} + 0.04 * aha::kl(aha::k3));
  std::vector<bool> const no_view{};
  std::vector<double> const mask(6);
  aha::padded<> const layout(2, 3, mask);
  double const x = aha::math::exp(1.0);
  return aha::loss(aha::exec::cpu{}, objective, batch).status.ok() &&
                 aha::loss(aha::exec::scalar{}, objective, doubles).loss < x && layout.mask.rank == 1 && no_view.empty()
             ? 0
             : 1;
}

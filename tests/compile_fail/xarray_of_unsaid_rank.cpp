// SPDX-License-Identifier: MIT
// expect: aha: say how many dimensions this xtensor array has: view<1>(x), view<2>(x) or view<3>(x)
#include <aha/interop/xtensor.hpp>
#include <xtensor/xarray.hpp>

int main() {
  xt::xarray<float> const logp;
  aha::view(logp);
  return 0;
}

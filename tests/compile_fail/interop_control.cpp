// SPDX-License-Identifier: MIT
// The misuses of executors and of other libraries' arrays beside it, used rightly.
// compiles
#include <aha/cpu/exec.hpp>
#include <aha/interop/dlpack.hpp>
#include <aha/interop/eigen.hpp>
#include <aha/interop/xtensor.hpp>
#include <xtensor/xarray.hpp>

int main() {
  auto const loop = [](std::int64_t n, aha::loop_body f) {
    for (std::int64_t i = 0; i < n; ++i) f(i);
  };
  aha::run_parallel(aha::exec::on(loop), 3, [](std::int64_t) {});
  Eigen::Matrix3f const square;
  Eigen::VectorXf const a(3), sum = a + a;
  xt::xarray<float> const unknown;
  aha::column<float const> const logp = aha::view(square.transpose());
  return aha::view(sum).size() == 3 && aha::view<2>(unknown).extent(0) == 0 && logp.present() ? 0 : 1;
}

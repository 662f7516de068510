// SPDX-License-Identifier: MIT
// expect: aha: this Eigen expression has no memory to look at: store it in a matrix first
#include <aha/interop/eigen.hpp>

int main() {
  Eigen::VectorXf const a(3);
  aha::view(a + a);
  return 0;
}

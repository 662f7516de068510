// SPDX-License-Identifier: MIT
// expect: aha: a temporary Eigen matrix would be gone before its view: name it
#include <aha/interop/eigen.hpp>

Eigen::VectorXf rewards();
int main() {
  aha::view(rewards());
  return 0;
}

// SPDX-License-Identifier: MIT
// expect: aha: the entries of a row must lie side by side: pass the transpose of a column-major matrix
#include <aha/interop/eigen.hpp>

int main() {
  Eigen::Matrix3f const logp;
  aha::view(logp);
  return 0;
}

// SPDX-License-Identifier: MIT
// expect: aha: an array with strides is given as view(array)
#include <aha/core/column.hpp>

/// What Eigen's and xtensor's arrays have: `data()` and `size()` alone would read the wrong entries.
struct slice {
  float* data() const;
  long size() const;
  long innerStride() const;
};

int main() {
  slice s;
  aha::column<float const> const logp = s;
  return logp.present() ? 0 : 1;
}

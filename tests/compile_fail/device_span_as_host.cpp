// SPDX-License-Identifier: MIT
// expect: aha::span<float, aha::
// expect: device
// expect: host
#include <aha/core/span.hpp>

int main() {
  aha::span<float, aha::device> const on_device(nullptr, 8);
  aha::span<float, aha::host> const view = on_device;
  return static_cast<int>(view.size());
}

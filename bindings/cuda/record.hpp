// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/record.cuh>

#include "device_place.hpp"

namespace aha_python {

/// What a call left on the device, at the start of its scratch memory: the record of a loss, or a count of bad targets.
/// Nobody waits until somebody asks.
class device_record {
 public:
  device_record(device_memory memory, device_call const& call)
      : memory_(std::move(memory)), from_(call.from()), device_(call.device()), stream_(call.stream()) {}

  /// Copies `size` bytes to the host and waits for them.
  void read(void* to, std::size_t size) const;
  /// The loss as an array of no dimensions on the device: torch's and CuPy's. A number for every other library.
  py::object loss() const;
  py::object const& memory() const { return memory_.owner; }

 private:
  device_memory memory_;
  library from_;
  int device_;
  cudaStream_t stream_;
};

/// Room for a record at the start of a workspace.
inline constexpr std::int64_t record_bytes = (sizeof(aha::loss_record) + 255) / 256 * 256;
static_assert(sizeof(aha::advantage_record) <= record_bytes && sizeof(aha::column_record) <= record_bytes);

void bind_record(py::module_& m);

}  // namespace aha_python

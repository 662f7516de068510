// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <aha/core/span.hpp>
#include <memory>

#include "../arguments.hpp"

namespace aha_python {

/// Whose arrays a call leads with: results and scratch memory come from there.
enum class library : std::uint8_t { torch, cupy, other };

/// Makes a device current on this thread and puts back what was current, without waking any other device.
class device_guard {
 public:
  device_guard(int device, char const* function);
  ~device_guard();
  device_guard(device_guard const&) = delete;
  device_guard& operator=(device_guard const&) = delete;

 private:
  void* before_ = nullptr;  // a CUcontext
  bool changed_ = false;
};

/// Device memory of a call: an allocation of the leading array's library, which knows the stream that it is used on.
struct device_memory {
  py::object owner;
  void* data = nullptr;
  aha::span<std::byte, aha::device> bytes_from(std::int64_t offset, std::int64_t size) const {
    return {static_cast<std::byte*>(data) + offset, size};
  }
};

/// A call on a device, for its duration: device and stream of its leading array, which every other array must share. The
/// arguments are read and results are made inside of it.
class device_call {
 public:
  device_call(py::handle leading, argument where);
  ~device_call();
  device_call(device_call const&) = delete;
  device_call& operator=(device_call const&) = delete;

  /// The call that this thread is in.
  static device_call& now();

  library from() const { return from_; }
  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  char const* leading() const { return leading_name_.name; }
  char const* function() const { return leading_name_.function; }
  std::string device_name() const { return "cuda:" + std::to_string(device_); }
  device_memory scratch(std::int64_t bytes);
  /// Room for one number: a torch tensor without dimensions. For calls that lead with a torch tensor.
  written_array number(dtype type);
  /// Makes the device current until the call ends. Before this nothing asks the runtime for anything: what is wrong with
  /// the arguments is said on machines without a device too.
  void enter();
  /// To be called once all work is enqueued: what other libraries lent goes back when the device has done it.
  void finish();
  /// An array has been lent by a library whose allocator does not know the stream.
  void waits() { waits_ = true; }

 private:
  library from_ = library::other;
  int device_ = 0;
  cudaStream_t stream_ = nullptr;
  argument leading_name_;
  py::handle leading_;
  bool waits_ = false;
  std::unique_ptr<device_guard> guard_;
  device_call* outer_;
};

/// Throws aha::cuda_error's text for a call of the runtime that failed.
void require(cudaError_t code, char const* function);
/// `threads=` means nothing on a device.
void refuse_threads(call_arguments const& call, int threads);

void bind_device_memory(py::module_& m);

}  // namespace aha_python

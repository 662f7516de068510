// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <cstdint>
#include <string>

AHA_NAMESPACE_BEGIN

/// DLPack (https://dmlc.github.io/dlpack): a C structure by which frameworks show each other their arrays. Nothing is
/// copied and no ownership changes hands: the host keeps its tensor for the time of the call.
///
/// This is the part of the binary interface that a reader needs, for who has no dlpack.h. Order and sizes are the
/// interface; the member names are dlpack.h's, so that the functions of dlpack.hpp take its DLTensor as well as ours.
namespace dlpack {

/// DLDevice. `device_type`: 1 host, 2 CUDA, ...
struct device {
  std::int32_t device_type;
  std::int32_t device_id;
};
/// DLDataType. `code`: 0 signed, 1 unsigned, 2 float, 4 bfloat, 6 bool.
struct data_type {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};
/// DLTensor.
struct tensor {
  void* data;
  dlpack::device device;
  std::int32_t ndim;
  data_type dtype;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null means C order
  std::uint64_t byte_offset;
};
/// DLManagedTensor: what a capsule named "dltensor" points to.
struct managed_tensor {
  tensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(managed_tensor*);
};
/// DLManagedTensorVersioned: what a capsule named "dltensor_versioned" points to (DLPack 1.0 and later).
struct managed_tensor_versioned {
  struct {
    std::uint32_t major;
    std::uint32_t minor;
  } version;
  void* manager_ctx;
  void (*deleter)(managed_tensor_versioned*);
  std::uint64_t flags;  ///< bit 0: read-only
  tensor dl_tensor;
};

inline constexpr int host_device = 1;

/// "cuda" for 2; a device that has no name here is "device type 99".
inline std::string device_name(int type) {
  switch (type) {
    case 1: return "cpu";
    case 2: return "cuda";
    case 3: return "cuda (pinned)";
    case 4: return "opencl";
    case 7: return "vulkan";
    case 8: return "metal";
    case 9: return "vpi";
    case 10: return "rocm";
    case 11: return "rocm (pinned)";
    case 13: return "cuda (managed)";
    case 14: return "oneapi";
    case 15: return "webgpu";
    case 16: return "hexagon";
    default: return text("device type ", type);
  }
}

/// "float32", "bfloat16", "uint8": NumPy's and torch's names.
template <class DataType>
std::string type_name(DataType const& t) {
  static constexpr char const* kinds[] = {"int", "uint", "float", "opaque", "bfloat", "complex", "bool"};
  int const code = t.code;
  int const bits = t.bits;
  int const lanes = t.lanes;
  std::string name = code == 6 && bits == 8 ? "bool"
                     : code < 7             ? text(kinds[code], bits)
                                            : text("type code ", code, " of ", bits, " bits");
  return lanes == 1 ? name : text(name, " in lanes of ", lanes);
}

}  // namespace dlpack

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <cstdint>
#include <iterator>
#include <string>

AHA_NAMESPACE_BEGIN

/// DLPack (https://dmlc.github.io/dlpack): a C structure by which frameworks show each other their arrays.
///
/// Here is the part of the binary interface that a reader of host memory needs, for who has no dlpack.h. Order and sizes
/// are the interface; the member names are dlpack.h's, so that the functions of dlpack.hpp take its DLTensor as well.
namespace dlpack {

/// The version that these structures have; any minor version of the same major one can be read.
inline constexpr std::uint32_t major_version = 1;
inline constexpr std::uint32_t minor_version = 1;

inline constexpr std::int32_t host_device = 1;

/// DLDevice. `device_type`: 1 host, 2 CUDA, ...
struct device {
  std::int32_t device_type;
  std::int32_t device_id;
};

/// DLDataType. `code`: 0 signed, 1 unsigned, 2 float, 4 bfloat, 5 complex, 6 bool.
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

/// DLManagedTensor: what a capsule of `legacy_name` points to.
struct managed_tensor {
  tensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(managed_tensor*);
};

/// DLManagedTensorVersioned: what a capsule of `versioned_name` points to (DLPack 1.0 and later).
struct managed_tensor_versioned {
  std::uint32_t version_major;  // not as dlpack.h has them: system headers define macros `major` and `minor`
  std::uint32_t version_minor;
  void* manager_ctx;
  void (*deleter)(managed_tensor_versioned*);
  std::uint64_t flags;  ///< `read_only_flag`, and others that say nothing to a reader
  tensor dl_tensor;
};
inline constexpr std::uint64_t read_only_flag = 1;

/// What a Python capsule is called, before and after its consumer has taken the memory over.
inline constexpr char const* legacy_name = "dltensor";
inline constexpr char const* used_legacy_name = "used_dltensor";
inline constexpr char const* versioned_name = "dltensor_versioned";
inline constexpr char const* used_versioned_name = "used_dltensor_versioned";

/// "cuda:0", for error texts.
inline std::string device_name(std::int64_t type, std::int64_t index) {
  static constexpr char const* names[] = {
      nullptr, "cpu",       "cuda",      "cuda_host",    "opencl", nullptr,  nullptr,   "vulkan", "metal",   "vpi",
      "rocm",  "rocm_host", "extension", "cuda_managed", "oneapi", "webgpu", "hexagon", "maia",   "trainium"};
  bool const known = type > 0 && type < static_cast<std::int64_t>(std::size(names)) && names[type] != nullptr;
  return text(known ? names[type] : text("DLPack device type ", type), ":", index);
}

/// "float32", "bfloat16", "uint8": NumPy's and torch's names, for error texts.
template <class DataType>
std::string type_name(DataType const& t) {
  static constexpr char const* kinds[] = {"int", "uint", "float", "opaque", "bfloat", "complex", "bool"};
  int const code = t.code;
  int const bits = t.bits;
  int const lanes = t.lanes;
  std::string const in_lanes = lanes == 1 ? "" : text(" in ", lanes, " lanes");
  if (code == 6 && bits == 8) return "bool" + in_lanes;
  if (code < static_cast<int>(std::size(kinds))) return text(kinds[code], bits, in_lanes);
  return text("DLPack type code ", code, " of ", bits, " bits", in_lanes);
}

}  // namespace dlpack

AHA_NAMESPACE_END

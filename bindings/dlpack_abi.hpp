// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// The part of the DLPack binary interface that a reader and writer of host memory needs
/// (https://dmlc.github.io/dlpack). Member order and sizes are the interface; names are ours.
namespace aha_python::dlpack {

/// The version that we ask for and write; any minor version of major 1 is read.
inline constexpr std::uint32_t major_version = 1;
inline constexpr std::uint32_t minor_version = 1;
inline constexpr std::int32_t host_device = 1;
inline constexpr std::uint64_t read_only_flag = 1;

/// What a capsule is called, before and after its consumer has taken the memory over.
inline constexpr char const* legacy_name = "dltensor";
inline constexpr char const* used_legacy_name = "used_dltensor";
inline constexpr char const* versioned_name = "dltensor_versioned";
inline constexpr char const* used_versioned_name = "used_dltensor_versioned";

struct device_code {
  std::int32_t type;  ///< 1 host, 2 CUDA, ...
  std::int32_t index;
};

struct data_code {
  std::uint8_t kind;  ///< 0 signed, 1 unsigned, 2 float, 4 bfloat, 6 bool
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct tensor {
  void* data;
  device_code device;
  std::int32_t rank;
  data_code type;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null means C order
  std::uint64_t byte_offset;
};

/// What a capsule named "dltensor" points to.
struct managed {
  tensor view;
  void* context;
  void (*deleter)(managed*);
};

/// What a capsule named "dltensor_versioned" points to (DLPack 1.0 and later).
struct managed_versioned {
  std::uint32_t major;
  std::uint32_t minor;
  void* context;
  void (*deleter)(managed_versioned*);
  std::uint64_t flags;  ///< read_only_flag, and others that say nothing to a reader
  tensor view;
};

}  // namespace aha_python::dlpack

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// The part of the DLPack binary interface that a reader of host memory needs (https://dmlc.github.io/dlpack).
/// Member order and sizes are the interface; names are ours.
namespace aha_python::dlpack {

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
  std::uint64_t flags;  ///< bit 0: read-only
  tensor view;
};

}  // namespace aha_python::dlpack

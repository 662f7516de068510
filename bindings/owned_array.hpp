// SPDX-License-Identifier: MIT
#pragma once

#include <aha/interop/dlpack_abi.hpp>
#include <memory>
#include <vector>

#include "dlpack_cast.hpp"

namespace aha_python {

/// DLPack's structures and names are the library's own; here is how our dtypes are written in them.
namespace dlpack {
using namespace aha::dlpack;
dtype dtype_of(data_type const& code);
data_type code_of(dtype type);
}  // namespace dlpack

/// Bytes of one entry; 1 where the dtype is none of ours.
std::int64_t bytes_of(dtype type);

/// Memory of ours that is written once and then becomes an array of somebody else's kind, by DLPack and without a copy.
/// It starts at a multiple of 64 bytes: array libraries that align theirs so would copy it otherwise.
class owned_array {
 public:
  owned_array(py::object from_dlpack, dtype type, std::int64_t const* shape, int rank);
  /// To be written through while this object lives.
  array_view view() const;
  py::object const& from_dlpack() const { return from_dlpack_; }
  /// A capsule: "dltensor_versioned" where the consumer knows version 1, else "dltensor".
  py::object capsule(py::object const& max_version) const;

 private:
  py::object from_dlpack_;
  dtype type_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> stride_;
  std::shared_ptr<void> memory_;
};

}  // namespace aha_python

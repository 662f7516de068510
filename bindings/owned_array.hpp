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

/// Memory to be written and given on, and the device that it is on.
struct owned_memory {
  dlpack::device on;
  std::shared_ptr<void> data;
};
/// So many bytes of host memory. It starts at a multiple of 64 bytes: array libraries that align theirs so would copy it
/// otherwise.
owned_memory host_memory(std::int64_t bytes);

/// Memory of ours that is written once and then becomes an array of somebody else's kind, by DLPack and without a copy.
class owned_array {
 public:
  /// allocate: host_memory or what another module has for it.
  owned_array(py::object from_dlpack, dtype type, std::int64_t const* shape, int rank,
              owned_memory (*allocate)(std::int64_t bytes));
  /// To be written through while this object lives.
  array_view view() const;
  py::object const& from_dlpack() const { return from_dlpack_; }
  /// A capsule: "dltensor_versioned" where the consumer knows version 1, else "dltensor".
  py::object capsule(py::object const& max_version) const;
  dlpack::device on() const { return memory_.on; }

 private:
  py::object from_dlpack_;
  dtype type_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> stride_;
  owned_memory memory_;
};

/// The owned array that an object is; null where it is none. Cheaper than pybind11's question, which every result gets.
owned_array const* as_owned(py::handle object);

}  // namespace aha_python

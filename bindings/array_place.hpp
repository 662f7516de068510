// SPDX-License-Identifier: MIT
#pragma once

#include "dlpack_cast.hpp"

/// Where the arrays of a call lie: what the modules for the host (host_place.cpp) and `_aha_cuda` (cuda/device_place.cpp)
/// answer differently. Everything else about arrays is one code.
namespace aha_python::array_place {

/// What a call takes, for the error that gets a list.
extern char const* const kinds;

/// Refuse what lies elsewhere, by name: a torch tensor, a NumPy array, memory that DLPack describes.
void require_torch(py::handle tensor, argument where);
void require_numpy(argument where);
void require_dlpack(std::int64_t type, std::int64_t index, argument where);
/// Whether memory that DLPack describes lies where it is taken.
bool is_here(std::int64_t type, std::int64_t index);

/// Adds what an exporter has to know to the keywords of `object.__dlpack__(...)`: the stream that will read the memory.
void ask(py::handle object, py::dict& keywords);

/// Memory of ours that is to become an array of somebody else's kind.
bool is_ours(py::handle object, array_view& a);
/// An array like one that is not torch's, for `new_array`.
py::object new_array(array_view const& like, dtype type, std::int64_t const* shape, int rank, argument where);

}  // namespace aha_python::array_place

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <unordered_map>

#include "../arguments.hpp"

namespace aha_python {

/// The class of that name in the host's module: classes of one module mean nothing to the other, what they show does. Keep
/// it in a function-local static.
inline py::handle host_class(char const* name) {
  return py::object(py::module_::import("aha._aha").attr(name)).release();
}

/// What has been read off objects of the host's module, by object: a training loop has its objective read once.
template <class Parsed>
class known_objects {
 public:
  /// parse(value) where the object is not known yet. All of it happens under the interpreter lock.
  template <class Parse>
  std::shared_ptr<Parsed const> of(py::handle value, Parse const& parse) {
    auto const at = known_.find(value.ptr());
    if (at != known_.end()) return at->second.parsed;
    entry e{py::reinterpret_borrow<py::object>(value), std::make_shared<Parsed const>(parse(value))};
    if (known_.size() >= most) known_.clear();  // of a program that makes a new one for every call
    return known_.emplace(value.ptr(), std::move(e)).first->second.parsed;
  }

 private:
  static constexpr std::size_t most = 64;
  struct entry {
    py::object object;  // alive, so that its address is nobody else's
    std::shared_ptr<Parsed const> parsed;
  };
  std::unordered_map<PyObject*, entry> known_;
};

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/dynamic.hpp>
#include <optional>

#include "options.hpp"
#include "whitening_method.hpp"

/// The arguments of advantages and whitening that are no arrays, for every engine. Their classes are those of the host's
/// modules: `_aha_cuda` knows them by name and reads what they show.
namespace aha_python {

namespace advantage = aha::advantage;

/// `advantage.group(...)` from its keywords, and as text that has all of them.
advantage::dynamic_group make_group_method(py::args const& args, py::kwargs const& kwargs);
std::string group_method_repr(advantage::dynamic_group const& m);

/// `advantage.whitening(...)` likewise.
whitening_method make_whitening(py::args const& args, py::kwargs const& kwargs);
std::string whitening_repr(whitening_method const& m);

/// `groups(ids=...)` or `groups(offsets=...)`.
struct group_array {
  bool by_offsets = false;
  py::object values;
};

/// What a caller has given, or an error that says what was expected. The host's modules and `_aha_cuda` have their own.
advantage::dynamic_group group_method_of(py::handle value, argument where);
whitening_method whitening_of_object(py::handle value, argument where);
group_array groups_of(py::handle value, argument where);
/// Moments of `aha.moments`; absent where the argument is.
std::optional<aha::moments> moments_of(py::handle value, argument where);

inline constexpr char const* group_method_text = "aha.advantage.group(...)";
inline constexpr char const* whitening_text = "aha.advantage.whitening(...)";
inline constexpr char const* groups_text = "aha.groups(ids=...) or aha.groups(offsets=...)";
inline constexpr char const* moments_text = "aha.moments(...)";

}  // namespace aha_python

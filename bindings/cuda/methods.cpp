// SPDX-License-Identifier: MIT
// Methods, groups and moments of the host's module, by what they show: their text, or their members.
#include "../advantage_methods.hpp"
#include "host_objects.hpp"

namespace aha_python {

advantage::dynamic_group group_method_of(py::handle value, argument where) {
  static auto& known = *new known_objects<advantage::dynamic_group>;  // for the life of the process
  return *known.of(value, [&](py::handle object) {
    static py::handle const type = host_class("advantage_group");
    if (!py::isinstance(object, type)) wrong_type(where, group_method_text, kind_of_object(object));
    return make_group_method({}, keywords_of(py::repr(object)));
  });
}
whitening_method whitening_of_object(py::handle value, argument where) {
  static auto& known = *new known_objects<whitening_method>;
  return *known.of(value, [&](py::handle object) {
    static py::handle const type = host_class("advantage_whitening");
    if (!py::isinstance(object, type)) wrong_type(where, whitening_text, kind_of_object(object));
    return make_whitening({}, keywords_of(py::repr(object)));
  });
}
group_array groups_of(py::handle value, argument where) {
  static py::handle const type = host_class("groups");
  if (!py::isinstance(value, type)) wrong_type(where, groups_text, kind_of_object(value));
  py::object const offsets = value.attr("offsets");
  if (!offsets.is_none()) return {true, offsets};
  return {false, value.attr("ids")};
}
std::optional<aha::moments> moments_of(py::handle value, argument where) {
  if (!value) return {};
  static py::handle const type = host_class("moments");
  if (!py::isinstance(value, type)) wrong_type(where, moments_text, kind_of_object(value));
  aha::moments m;
  m.count = value.attr("count").cast<std::int64_t>();
  m.mean = value.attr("mean").cast<double>();
  m.m2 = value.attr("m2").cast<double>();
  return m;
}

}  // namespace aha_python

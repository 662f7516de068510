// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/registry.hpp>
#include <variant>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// Any baseline of the list, chosen at run time. One engine serves all methods of a host that names them by text.
struct dynamic_baseline {
  apply_list_t<std::variant, baselines> choice;
  bool centres = mean::centres;
  dynamic_baseline() = default;
  template <class Baseline, std::size_t = index_of<Baseline>(baselines{})>
  explicit dynamic_baseline(Baseline b) : choice(b), centres(Baseline::centres) {}
};
template <class F>
void with_baseline(dynamic_baseline const& baseline, F&& f) {
  std::visit(f, baseline.choice);
}

/// Any scale of the list with its parameters, chosen at run time.
struct dynamic_scale {
  apply_list_t<std::variant, scales> choice;
  spread_of source = standard_deviation::source;
  dynamic_scale() = default;
  template <class Scale, std::size_t = index_of<Scale>(scales{})>
  explicit dynamic_scale(Scale s) : choice(s), source(Scale::source) {}
  double operator()(moments const& of) const {
    return std::visit([&](auto const& s) { return s(of); }, choice);
  }
};
inline bool has_legal_members(dynamic_scale const& s) {
  return std::visit([](auto const& chosen) { return aha::has_legal_members(chosen); }, s.choice);
}
inline status check_members(std::string_view function, dynamic_scale const& s) {
  return std::visit([&](auto const& chosen) { return aha::check_members(function, chosen); }, s.choice);
}

/// `group` with baseline and scale chosen at run time: the same rule, bit for bit.
using dynamic_group = group<dynamic_baseline, dynamic_scale>;

}  // namespace advantage
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/math/side.hpp>
#include <vector>

AHA_NAMESPACE_BEGIN
namespace reward::math::detail {

/// Whether two trees are the same node by node: numbers by value, names by their letters. No rule of algebra is used.
inline bool same_tree(side a, side b, budget& steps) {
  std::vector<std::pair<side, side>> open{{a, b}};
  while (!open.empty()) {
    auto const [x, y] = open.back();
    open.pop_back();
    if (!steps.charge(4)) return false;
    node const &m = x.self(), &n = y.self();
    if (m.kind != n.kind || m.op != n.op || m.count != n.count || x.sign != y.sign) return false;
    switch (m.kind) {
      case kind::number:
        if (x.owner->number_of(m) != y.owner->number_of(n)) return false;
        break;
      case kind::symbol:
      case kind::word:
      case kind::text:
      case kind::call:
      case kind::unit:
        if (x.owner->name_of(m) != y.owner->name_of(n)) return false;
        break;
      case kind::function:
        if ((m.data < 0) != (n.data < 0) || (m.data >= 0 && x.owner->name_of(m) != y.owner->name_of(n))) return false;
        break;
      default:
        if (m.data != n.data) return false;
    }
    for (std::int32_t k = 0; k < m.count; ++k) open.push_back({x.child(k), y.child(k)});
  }
  return true;
}

}  // namespace reward::math::detail
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/numpy.h>

#include <aha/reward/length.hpp>
#include <vector>

#include "../arguments.hpp"

namespace aha_python {

/// One length or many in the unit `Unit` (`aha::reward::tokens`, `characters`): the unit is the Python type.
template <class Unit>
struct length_value {
  std::vector<std::int64_t> counts;
  bool many = false;

  explicit length_value(std::int64_t n) : counts(1, n) {}
  explicit length_value(std::vector<std::int64_t> n) : counts(std::move(n)), many(true) {}
  Unit at(std::size_t i) const { return Unit(counts[i]); }
};

}  // namespace aha_python

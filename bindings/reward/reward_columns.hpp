// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/operation.hpp>
#include <aha/reward/table.hpp>
#include <string>
#include <vector>

#include "../options.hpp"
#include "outcomes.hpp"

namespace aha_python {

/// One component of a table from Python. Outcomes and float64 arrays are read where they lie; what else holds a number a
/// row (other dtypes, lists of numbers, None and outcomes, lengths) becomes doubles of its own. None and NaN are abstained.
class reward_column {
 public:
  /// `unit`: of the lengths that the value holds, must be `wanted` where that is known.
  reward_column(py::handle value, std::string const& name, char const* function);
  aha::reward::component view() const;
  std::int64_t size() const { return static_cast<std::int64_t>(size_); }
  aha::reward::unit_kind unit() const { return unit_; }
  bool has_unit() const { return has_unit_; }
  /// The array that it was read from; null where it was none.
  array_view const* source() const { return from_array_ ? &array_ : nullptr; }
  std::string const& name() const { return name_; }

 private:
  template <class Unit>
  bool take_lengths(py::handle value);
  void take_outcomes(py::object outcomes);
  void take_array(array_view array, argument where);
  void take_list(py::handle value, argument where);

  std::string name_;
  py::object owner_;
  array_view array_;
  bool from_array_ = false;
  bool has_unit_ = false;
  aha::reward::unit_kind unit_ = aha::reward::unit_kind::number;
  std::vector<double> own_values_;
  std::vector<aha::reward::status> own_statuses_;
  double const* values_ = nullptr;
  aha::reward::status const* statuses_ = nullptr;
  std::size_t size_ = 0;
};

/// True for NumPy's, torch's and other arrays, as against lists and the like.
bool is_array(py::handle value);

/// Ids of groups: an integer array where it lies, or a list of anything that can be a key of a dict (texts of prompts, for
/// example), equal ones being one group.
class group_ids {
 public:
  group_ids(py::handle value, argument where);
  aha::index_view<> view() const { return view_; }

 private:
  array_view array_;
  std::vector<std::int64_t> own_;
  aha::index_view<> view_;
};

}  // namespace aha_python

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/reward/group_operations.hpp>
#include <aha/reward/length_operations.hpp>
#include <aha/reward/schedule.hpp>

AHA_NAMESPACE_BEGIN
namespace reward {

/// Every operation, by name. The dynamic form, texts, tests and tables iterate this list: a new operation is one struct, one
/// word here and one function in `compose.hpp`. The weighted sum, columns and numbers are the grammar itself.
using operations = type_list<operation::product, operation::min, operation::max, operation::gate, operation::where,
                             operation::clip, operation::affine, operation::threshold, operation::piecewise,
                             operation::sigmoid, operation::abs, operation::ratio, operation::lexicographic,
                             operation::override_with, operation::stop_properly, operation::if_missing,
                             operation::is_there, operation::overlong, operation::cosine, operation::clamped_cosine,
                             operation::linear_length, operation::target_length, operation::schedule, operation::kimi,
                             operation::group_mean, operation::group_min, operation::group_max, operation::center_group,
                             operation::normalize_group, operation::normalize_batch, operation::normalize_running>;

}  // namespace reward
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/advantage/group.hpp>
#include <aha/advantage/whitening.hpp>
#include <aha/core/type_list.hpp>

AHA_NAMESPACE_BEGIN
namespace advantage {

/// Every baseline and every scale of `group`, and every scale of `whitening`. Python's keywords `baseline=` and
/// `scale=`, the typed tests and the reference table iterate these lists by `name`: a new one is one struct and one word.
using baselines = type_list<mean, leave_one_out, no_baseline>;
using scales =
    type_list<standard_deviation, leave_one_out_deviation, batch_deviation, batch_centred_deviation, no_scale>;
using whitening_scales = type_list<standard_deviation, no_scale>;

}  // namespace advantage
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_logp.cuh>

AHA_NAMESPACE_BEGIN

/// Coefficients and softmax of a row from columns.
struct column_source {
  softmax_columns<float, device> softmax;
  logit_coefficients<float, device> by;
  __device__ static float at(column<float const, device> const& c, row_place const& place) {
    return c.present() ? c.row(place.i)[place.t] : 0.0F;
  }
  __device__ row_coefficients operator()(row_place const& place, row_softmax& s) const {
    row_coefficients const c{at(by.dlogp, place), at(by.dentropy, place), at(by.dlse, place)};
    s.max = at(softmax.max, place);
    s.log_sum = at(softmax.log_sum, place);
    if (c.dentropy != 0.0F) s.entropy = at(softmax.entropy, place);
    return c;
  }
};

/// `logits_gradient` in device memory: the gradient by the logits from up to three coefficients a row, in one read and one
/// write of each row; meaning and formula as of `logits_gradient(exec::cpu{}, ...)`. Formed in float and rounded once;
/// 1 - p_t is formed without cancellation. Rows may be a shard of the vocabulary. `dlogits` with `inplace` overwrites the
/// logits. Rows that are masked or whose coefficients are all 0 are not read, they get zeros; a row whose target is no id
/// becomes NaN and is counted in `bad_targets` (may be null). Enqueues one kernel and returns.
/// Errors that the host can see: `aha::logits_gradient: <argument>: ...`, before the launch.
inline launch_result logits_gradient(exec::cuda const& e, logit_rows<device> const& rows, mask_view<device> const& mask,
                                     softmax_columns<float, device> const& softmax,
                                     logit_coefficients<float, device> const& by, logit_gradient<device> const& dlogits,
                                     std::int64_t* bad_targets = nullptr) {
  constexpr char const* function = "logits_gradient";
  if (status s = check_device_rows(function, rows); !s.ok()) return fail<launch_result>(s);
  if (status s = check_logits_gradient(function, rows, mask, softmax, by, dlogits); !s.ok()) {
    return fail<launch_result>(s);
  }
  row_problem p(rows, mask);
  p.gradient = dlogits;
  p.bad_targets = bad_targets;
  launcher launch(e, function);
  launch_row_gradients(launch, p, by.dentropy.present(), column_source{softmax, by});
  return launch.result();
}

AHA_NAMESPACE_END

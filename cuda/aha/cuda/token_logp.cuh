// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_calls.hpp>
#include <aha/cuda/row_launch.cuh>

AHA_NAMESPACE_BEGIN

/// What the vocabulary kernels cannot do: float64, and vocabularies beyond 2^30.
inline status check_device_rows(std::string_view function, logit_layout const& l) {
  if (l.type == dtype::float64) {
    return bad_argument(function, "logits", "float32, bfloat16 or float16 on a device", "float64");
  }
  if (l.vocabulary > most_vocabulary) {
    return bad_argument(function, "logits", text("at most ", most_vocabulary, " logits a row"), to_text(l.vocabulary));
  }
  return {};
}

/// Writes a row's results to the columns that are there.
struct logp_sink {
  logp_outputs<float, device> out;
  __device__ void skip(row_place const& at) const { put_row(out, at.i, at.t, row_softmax{}); }
  __device__ void operator()(row_place const& at, online_softmax const& part, float x_target,
                             row_problem const& p) const {
    put_row(out, at.i, at.t, finished<true>(part, x_target, p));
  }
};

/// `token_logp` in device memory: log-probability of each row's target, log-sum-exp, entropy and what the backward needs,
/// in one read of each row. Results as of `token_logp(exec::cpu{}, ...)`, in float: |error| of logp and entropy below 1e-5
/// for |logits| <= 100, whatever their common shift.
///   logits   `[T, V]` or `[B, L, V]` of float32, bfloat16 or float16, any strides and alignment, V up to 2^30
///   bad_targets  counts rows whose target is no id and not -100; their results are NaN. May be null
/// A row's result is bitwise the same alone, in any batch and at any address. Masked rows are not read and give 0.
/// Enqueues one kernel and returns. Errors that the host can see: `aha::token_logp: <argument>: ...`, before the launch.
inline launch_result token_logp(exec::cuda const& e, logit_rows<device> const& rows, mask_view<device> const& mask,
                                logp_outputs<float, device> const& out, std::int64_t* bad_targets = nullptr) {
  constexpr char const* function = "token_logp";
  if (status s = check_device_rows(function, rows); !s.ok()) return fail<launch_result>(s);
  if (status s = check_token_logp(function, rows, mask, out); !s.ok()) return fail<launch_result>(s);
  row_problem p(rows, mask);
  p.bad_targets = bad_targets;
  launcher launch(e, function);
  launch_row_softmax(launch, p, out.entropy.present(), logp_sink{out});
  return launch.result();
}

AHA_NAMESPACE_END

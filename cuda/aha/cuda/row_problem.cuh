// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/logit_columns.hpp>
#include <aha/core/logit_rows.hpp>
#include <aha/cuda/block/online_softmax.cuh>

AHA_NAMESPACE_BEGIN

/// What every vocabulary kernel is given: rows, mask, what it counts. Trivially copyable.
struct row_problem {
  logit_rows<device> rows;
  mask_view<device> mask;
  logit_gradient<device> gradient;
  std::int64_t* bad_targets = nullptr;  ///< counts rows whose target is no id; may be absent
  float k = 0;                          ///< log2(e) / temperature
  double per_temperature = 0;           ///< 1 / temperature

  row_problem() = default;
  row_problem(logit_rows<device> const& r, mask_view<device> const& m) : rows(r), mask(m) {
    constexpr double log2_e = 1.4426950408889634;
    k = static_cast<float>(log2_e / r.temperature);
    per_temperature = 1.0 / r.temperature;
  }
};

/// One row of a problem, as all threads of a block or cluster see it.
struct row_place {
  std::int64_t i = 0;       ///< block of rows
  std::int64_t t = 0;       ///< row in it
  std::int64_t target = 0;  ///< the target's id
  bool in = false;          ///< the row takes part: not masked, target not -100
  bool bad = false;         ///< the target is no id of the vocabulary

  __device__ row_place(row_problem const& p, std::int64_t row) {
    if (p.rows.outer == 1) {
      t = row;
    } else {
      i = row / p.rows.rows;
      t = row % p.rows.rows;
    }
    target = p.rows.targets.at(i, t);
    in = (!p.mask.present() || p.mask.at(i, t)) && target != logit_rows<device>::ignore_index;
    bad = in && (target < 0 || target >= p.rows.ids());
  }
};

__device__ inline void count_bad_target(row_problem const& p) {
  if (p.bad_targets != nullptr) atomicAdd(reinterpret_cast<unsigned long long*>(p.bad_targets), 1ULL);
}
/// Where the target lies in these logits; -1 where it does not.
__device__ inline std::int64_t target_position(row_problem const& p, row_place const& place) {
  return place.bad ? -1 : p.rows.position_of(place.target);
}
/// The target's logit: NaN where it is no id, -inf where another shard has it.
template <class Stored>
__device__ inline float target_logit(Stored const* row, row_place const& place, std::int64_t at) {
  return place.bad ? NAN : (at < 0 ? -INFINITY : widened(row[at]));
}

/// A row's softmax in float: what outputs, terms and gradients read.
struct row_softmax {
  float logp = 0;
  float lse = 0;
  float entropy = 0;
  float max = 0;
  float log_sum = 0;
};

inline constexpr float ln_2 = 0.69314718F;

/// (x_target - max)/tau - log_sum, formed in double and rounded once: at |x| = 100 a float difference alone would lose
/// 1e-5.
__device__ inline float logp_of(float x_target, float max, float log_sum, row_problem const& p) {
  double const z = (static_cast<double>(x_target) - static_cast<double>(max)) * p.per_temperature;
  return static_cast<float>(z - static_cast<double>(log_sum));
}

/// A complete row's results; `x_target` NaN where the target is no id, -inf where another shard has it.
///   log_sum = ln 2 (log2 s + (r - k max)),  logp: `logp_of`,  H = ln 2 (log2 s - w/s)
template <bool WithEntropy>
__device__ inline row_softmax finished(online_softmax const& part, float x_target, row_problem const& p) {
  row_softmax r;
  float const log_s = logf(part.s);
  float const log_sum = __fmaf_rn(ln_2, lost_by_reference(part.max, p.k), log_s);
  r.max = part.max;
  r.log_sum = log_sum < 0.0F ? 0.0F : log_sum;  // the maximum itself is part of the sum; NaN stays
  r.logp = logp_of(x_target, part.max, r.log_sum, p);
  r.lse = static_cast<float>(static_cast<double>(part.max) * p.per_temperature + static_cast<double>(r.log_sum));
  if constexpr (WithEntropy) {
    float const h = __fmaf_rn(-ln_2, part.w / part.s, log_s);
    r.entropy = h < 0.0F ? 0.0F : h;
  }
  return r;
}

/// A row's coefficients: the loss's derivatives by its log-probability, entropy and log-sum-exp.
struct row_coefficients {
  float dlogp = 0;
  float dentropy = 0;
  float dlse = 0;
  __device__ bool zero() const { return dlogp == 0.0F && dentropy == 0.0F && dlse == 0.0F; }
};

/// The same, NaN where the row's target is no id; that is counted by the one thread that `reports`.
__device__ inline row_coefficients with_bad_target(row_coefficients const& c, row_problem const& p,
                                                   row_place const& place, bool reports) {
  if (!place.bad) return c;
  if (reports) count_bad_target(p);
  return {NAN, 0.0F, 0.0F};
}

/// What a source of coefficients says of a row, NaN where its target is no id, in every thread of the block. One warp asks:
/// an objective is a few hundred instructions. `loaded` is what that warp loaded when the row began, so that no memory is
/// waited for here. `first`: the block is the row's first, whose first thread reports.
template <class Source>
__device__ inline row_coefficients coefficients_of(Source const& source, row_problem const& p, row_place const& place,
                                                   row_softmax const& softmax, typename Source::loaded const& loaded,
                                                   bool first) {
  __shared__ row_coefficients answer;
  if (threadIdx.x < 32) {
    bool const reports = first && threadIdx.x == 0;
    row_coefficients const c = with_bad_target(source(place, softmax, loaded, reports), p, place, reports);
    if (threadIdx.x == 0) answer = c;
  }
  __syncthreads();
  return answer;
}

/// The gradient of a row, ready for its elements: with t_v = k x_v - r
///   2^(t_v) (a + b t_v)       a, b: the coefficients over s and tau
/// and, at the target, (dlogp (1 - p) + dlse p - dentropy p (log p + H)) / tau with 1 - p = -expm1(log p).
struct row_gradient {
  float k;
  float r;
  float a;
  float b;
  float at_target;

  /// `per_s`: 1/s; `h_over_ln_2`: what turns t_v into (log p_v + H)/ln 2.
  __device__ row_gradient(row_coefficients const& c, row_softmax const& row, float per_s, float offset,
                          row_problem const& p) {
    auto const per_tau = static_cast<float>(p.per_temperature);
    k = p.k;
    r = reference_of(row.max, p.k);
    b = -c.dentropy * ln_2 * per_tau * per_s;
    a = (c.dlse - c.dlogp) * per_tau * per_s;
    if (c.dentropy != 0.0F) a = __fmaf_rn(b, offset, a);
    float const prob = expf(row.logp);
    float d = c.dlse * prob - c.dlogp * expm1f(row.logp);
    if (c.dentropy != 0.0F && prob > 0.0F) d -= c.dentropy * prob * (row.logp + row.entropy);
    at_target = d * per_tau;
  }

  /// In place: logits in, gradient out.
  template <bool WithEntropy, int Size>
  __device__ void apply(float (&x)[Size]) const {
#pragma unroll
    for (int j = 0; j < Size; ++j) {
      float const t = __fmaf_rn(x[j], k, -r);
      float const e = exp2_of(t);
      if constexpr (WithEntropy) {
        x[j] = __fmul_rn(e, __fmaf_rn(b, fmaxf(t, negligible_exponent), a));
      } else {
        x[j] = __fmul_rn(e, a);
      }
    }
  }
};

AHA_NAMESPACE_END

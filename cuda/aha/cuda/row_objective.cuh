// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/objective.cuh>
#include <aha/cuda/row_problem.cuh>
#include <aha/loss/evaluate_tokens.hpp>
#include <aha/loss/token_batch.hpp>

AHA_NAMESPACE_BEGIN

/// A passive column as kernels over rows of logits read it: by sequence, or by sequence and token.
struct passive_column {
  float const* data = nullptr;
  std::int64_t row_stride = 0;
  bool a_sequence = false;

  passive_column() = default;
  passive_column(bool wanted, column<float const, device> const& c)
      : data(wanted ? c.data : nullptr), row_stride(c.row_stride) {}
  passive_column(bool wanted, scoped<column<float const, device>> const& c) : passive_column(wanted, c.values) {
    a_sequence = c.scope == scope::sequence;
  }
  __device__ float at(std::int64_t sequence, std::int64_t row, std::int64_t t, float otherwise) const {
    if (data == nullptr) return otherwise;
    return a_sequence ? data[sequence] : data[row * row_stride + t];
  }
};

/// The coefficients of a row from an objective that reads no statistic of the sequence: its derivatives at the row's own
/// log-probability, entropy and log-sum-exp. The same terms, by the same function, as the token engine's.
template <class Objective>
struct objective_source {
  Objective objective;
  passive_column old_logp;
  passive_column ref_logp;
  passive_column adv;
  passive_column weight;
  scoped<mask_view<device>> keep;
  bool on_policy = false;
  std::int64_t rows = 0;                   ///< of logits in a block of them
  std::int64_t width = 0;                  ///< of a padded layout; 0: packed
  std::int32_t const* sequence = nullptr;  ///< [T] of packed rows
  double const* weights = nullptr;         ///< [B, parts] weight of a token of each part
  int parts = 0;
  logp_outputs<float, device> out;  ///< shaped beside the logits

  /// Columns of `batch` that `read` names, addressed by rows of the layout.
  objective_source(Objective const& o, token_batch<device, float> const& batch, unsigned read)
      : objective(o),
        old_logp((read & reads::old_logp) != 0 && !batch.old_logp.on_policy, batch.old_logp.tokens()),
        ref_logp((read & reads::ref_logp) != 0, batch.ref_logp),
        adv((read & reads::adv) != 0, batch.adv),
        weight((read & reads::weight) != 0, batch.weight),
        on_policy(batch.old_logp.on_policy),
        width(batch.layout.is_packed() ? 0 : batch.layout.width) {
    if ((read & reads::keep) != 0) keep = batch.keep;
  }

  __device__ void report(row_place const& at, row_softmax const& r) const {
    out.logp.row(at.i)[at.t] = r.logp;
    if (out.entropy.present()) out.entropy.row(at.i)[at.t] = r.entropy;
    if (out.lse.present()) out.lse.row(at.i)[at.t] = r.lse;
  }
  __device__ void skip(row_place const& at, bool first) const {
    if (first) report(at, {});
  }
  /// The passive inputs of a row, and, a part a lane, what its token weighs.
  struct loaded {
    float old_logp;
    float ref_logp;
    float adv;
    float weight;
    bool kept;
    double part;
  };
  __device__ loaded load(row_place const& at) const {
    std::int64_t const flat = at.i * rows + at.t;
    std::int64_t const i = width == 0 ? sequence[flat] : flat / width;
    std::int64_t const row = width == 0 ? 0 : i;
    std::int64_t const t = width == 0 ? flat : flat - i * width;
    int const lane = static_cast<int>(threadIdx.x % 32);
    loaded x;
    x.part = lane < parts ? weights[i * parts + lane] : 0.0;
    x.old_logp = old_logp.at(i, row, t, 0.0F);
    x.ref_logp = ref_logp.at(i, row, t, 0.0F);
    x.adv = adv.at(i, row, t, 0.0F);
    x.weight = weight.at(i, row, t, 1.0F);
    x.kept = keep.scope == scope::none || (keep.scope == scope::token ? keep.values.at(row, t) : keep.values.at(0, i));
    return x;
  }
  /// By one warp of the block.
  __device__ row_coefficients operator()(row_place const& at, row_softmax const& softmax, loaded const& x,
                                         bool first) const {
    __shared__ double by_part[max_parts];
    int const lane = static_cast<int>(threadIdx.x % 32);
    if (lane < max_parts) by_part[lane] = x.part;
    __syncwarp();
    if (first) report(at, softmax);
    float const old = on_policy ? softmax.logp : x.old_logp;
    if constexpr (std::is_same_v<Objective, device_objective>) {
      return derivatives_apart(softmax.logp, softmax.entropy, softmax.lse, old, x.ref_logp, x.adv, x.weight, x.kept,
                               by_part);
    } else {
      return derivatives(softmax.logp, softmax.entropy, softmax.lse, old, x.ref_logp, x.adv, x.weight, x.kept, by_part);
    }
  }

 private:
  __device__ row_coefficients derivatives(float logp, float entropy, float lse, float old, float ref, float advantage,
                                          float w, bool kept, double const* by_part) const {
    token_inputs<float> in[1];
    in[0].logp = logp;
    in[0].entropy = entropy;
    in[0].lse = lse;
    in[0].old_logp = old;
    in[0].ref_logp = ref;
    in[0].adv = advantage;
    in[0].weight = w;
    in[0].mask = true;
    in[0].keep = kept;
    token_gradient<float> g[1];
    evaluate_tokens(objective, in, static_cast<float const*>(nullptr), by_part, true, false, g,
                    [](int, double, float const(&)[1]) {});
    return {g[0].d[static_cast<int>(active_input::logp)], g[0].d[static_cast<int>(active_input::entropy)],
            g[0].d[static_cast<int>(active_input::lse)]};
  }
  /// An objective chosen at run time holds every term: one copy of them serves all kernels of a unit. Plain arguments stay
  /// in registers, a record would go through local memory.
  __device__ __noinline__ row_coefficients derivatives_apart(float logp, float entropy, float lse, float old, float ref,
                                                             float advantage, float w, bool kept,
                                                             double const* by_part) const {
    return derivatives(logp, entropy, lse, old, ref, advantage, w, kept, by_part);
  }
};

AHA_NAMESPACE_END

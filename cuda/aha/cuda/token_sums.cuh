// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_group.cuh>
#include <aha/loss/kl.hpp>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The log-ratio whose exponential a leaf of a usual objective takes within its limits: towards the column of that flag. The
/// difference itself where none does.
template <unsigned Column, class Objective, class T>
__device__ T leaf_exponent(Objective const& objective, token_inputs<T> const& in, T const& difference) {
  T x = difference;
  bool found = false;
  objective.for_each_part([&](auto const& part) {
    part.for_each_leaf([&](auto const& l) {
      using Term = std::decay_t<decltype(l.term)>;
      if constexpr (exponent_of<Term> == Column) {
        if (!found) x = usual_form(l.term).exponent(record_of<Term>(in, static_cast<T const*>(nullptr)));
        found = true;
      }
    });
  });
  return x;
}

/// A thread's observations of its tokens of a slot. The ratio is the raw one: of the columns, before any bound.
template <class T>
struct observed_sums {
  static constexpr int K = group_tokens;
  T old_kl[3] = {};
  T ref_kl[3] = {};
  T ratio = 0;
  T square = 0;
  T low = lane<T>(INFINITY);
  T high = lane<T>(-INFINITY);
  T entropy = 0;

  __device__ static void add_kl(T (&to)[3], T const (&d)[K], exponentials<T> const (&e)[K]) {
    T x[3][K];
#pragma unroll
    for (int k = 0; k < K; ++k) {
      kl_estimates<T> const kl = all_kl_estimates(d[k], e[k]);
      x[0][k] = kl.k1;
      x[1][k] = kl.k2;
      x[2][k] = kl.k3;
    }
#pragma unroll
    for (int v = 0; v < 3; ++v) add_group(to[v], x[v]);
  }
  /// The exponentials of d. A leaf has taken those of its own exponents, which compilers see to be the same work: they serve
  /// where no limit of the leaf has bitten, in any lane of the warp, as is usual.
  template <unsigned Column, class Objective>
  __device__ static void exponentials_of(Objective const& objective, token_inputs<T> const (&in)[K], T const (&d)[K],
                                         exponentials<T> (&e)[K]) {
    bool same = Column != 0;
    if constexpr (Column != 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) {
        T const x = leaf_exponent<Column>(objective, in[k], d[k]);
        same = same && x == d[k];
        e[k] = math::all_exponentials(x);
      }
      same = __all_sync(whole_warp, same);
    }
    if (same) return;
#pragma unroll
    for (int k = 0; k < K; ++k) e[k] = math::all_exponentials(d[k]);
  }
  template <tokens_are Form, class Objective>
  __device__ void add(Objective const& objective, slot_values const& at, bool all, token_inputs<T> const (&in)[K]) {
    T d[K];
    T x[K];
    exponentials<T> e[K];
    if (at.old_kl >= 0 || at.ratio >= 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) d[k] = in[k].logp - in[k].old_logp;
      exponentials_of<Form == tokens_are::plain ? reads::old_logp : 0U>(objective, in, d, e);
      if (at.old_kl >= 0) add_kl(old_kl, d, e);
      if (at.ratio >= 0) {
#pragma unroll
        for (int k = 0; k < K; ++k) x[k] = e[k].exp;
        if (!all) {
#pragma unroll
          for (int k = 0; k < K; ++k) {
            x[k] = in[k].mask ? x[k] : T(0);
            d[k] = in[k].mask ? d[k] : lane<T>(NAN);  // which is no end
          }
        }
#pragma unroll
        for (int k = 0; k < K; ++k) {
          low = fmin(low, d[k]);
          high = fmax(high, d[k]);
        }
        add_group(ratio, x);
#pragma unroll
        for (int k = 0; k < K; ++k) x[k] *= x[k];
        add_group(square, x);
      }
    }
    if (at.ref_kl >= 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) d[k] = in[k].ref_logp - in[k].logp;
      exponentials_of<Form == tokens_are::plain ? reads::ref_logp : 0U>(objective, in, d, e);
      add_kl(ref_kl, d, e);
    }
    if (at.entropy >= 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) x[k] = in[k].entropy;
      add_group(entropy, x);
    }
  }
  /// Into the thread's rows.
  __device__ void put(slot_values const& at, team_memory<T> const& team) const {
    for (int v = 0; v < 3; ++v) {
      if (at.old_kl >= 0) team.of_thread(at.old_kl + v) = old_kl[v];
      if (at.ref_kl >= 0) team.of_thread(at.ref_kl + v) = ref_kl[v];
    }
    if (at.ratio >= 0) {
      team.of_thread(at.ratio) = ratio;
      team.of_thread(at.ratio + 1) = square;
      team.of_thread(at.ends) = low;
      team.of_thread(at.ends + 1) = high;
    }
    if (at.entropy >= 0) team.of_thread(at.entropy) = entropy;
  }
};

/// What a thread counts of its tokens of a slot.
struct token_counts {
  unsigned tokens = 0;
  unsigned clipped = 0;  ///< low, high, dual, value: a byte each
};
static_assert(slot_tokens / team_threads < 256, "aha: counts of a thread fit their bytes");

AHA_KERNELS_END
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_group.cuh>
#include <aha/loss/kl.hpp>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// A thread's observations of its tokens of a slot. The ratio is the raw one: of the columns, before any bound.
template <class T>
struct observed_sums {
  T old_kl[3] = {};
  T ref_kl[3] = {};
  T ratio = 0;
  T square = 0;
  T low = lane<T>(INFINITY);
  T high = lane<T>(-INFINITY);
  T entropy = 0;

  template <int K>
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
  template <int K>
  __device__ void add(slot_values const& at, bool all, token_inputs<T> const (&in)[K]) {
    T d[K];
    T x[K];
    exponentials<T> e[K];
    if (at.old_kl >= 0 || at.ratio >= 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) {
        d[k] = in[k].logp - in[k].old_logp;
        e[k] = math::all_exponentials(d[k]);
      }
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
      for (int k = 0; k < K; ++k) {
        d[k] = in[k].ref_logp - in[k].logp;
        e[k] = math::all_exponentials(d[k]);
      }
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

/// The numbers of a slot without tokens.
template <class T>
__device__ void put_nothing(token_problem<T> const& p, int thread, std::int64_t slot) {
  if (thread < p.at.values) p.slot[slot * p.at.values + thread] = p.at.nothing(thread);
  if (p.adjoint && thread < statistic_slots) p.slot_sum[slot * statistic_slots + thread] = 0;
}

/// Evaluates one slot that has been found: writes its outputs and its numbers. All threads of a block come here together; a
/// team without a slot (`slot` beyond the last) only waits.
template <class Objective, class T>
__device__ void run_slot(Objective const& objective, token_problem<T> const& p,
                         typename team_memory<T>::found const& found, team_memory<T> const& team, std::int64_t slot) {
  constexpr int K = tokens_together<Objective, T>;
  bool const there = slot < p.slots;
  bool any = false;
  __syncthreads();  // it is found, and the rows have been read
  if (there) {
    slot_place const& s = found.place;
    any = s.any();
    if (s.somebodys()) {
      zero_head(p, s, team.thread);
      if (!any) zero_outputs(p, s, s.begin(), s.last(), team.thread);
    }
  }
  if (any) {
    slot_place const s = found.place;
    part_sums<Objective, T> losses_of_parts(team, p.at.parts);
    observed_sums<T> observed;
    token_counts counts;
    T adjoint[statistic_slots] = {};
    part_weights<Objective> const weights(found.weights);
    T S[statistic_slots] = {};
    if (p.reads_statistic) {
#pragma unroll
      for (int k = 0; k < statistic_slots; ++k) S[k] = static_cast<T>(p.sequence_sum[s.sequence * statistic_slots + k]);
    }
    bool const marks = (p.on & observe::clip) != 0;
    bool const with_loss = p.out.token_loss.present();
    std::int64_t const last = s.last();
    std::int64_t const stop = s.end < last ? s.end : last;
    std::int64_t at = s.begin();
    // Twice in a kernel: the usual loop is short enough for the instruction cache next to the processor.
    auto const sweep = [&](auto usual) {
      constexpr bool Usual = decltype(usual)::value;
      constexpr int step = K * team_threads;
#pragma unroll 1
      for (; at < stop; at += step) {
        std::int64_t const t = at + team.thread;
        group_columns<T, K> columns;
        columns.load(found, at, team.thread);
        token_inputs<T> in[K];
        unsigned tokens = 0;
        bool const all = take_group<Usual>(p, s, at, team.thread, columns, in, tokens);
        token_gradient<T> g[K];
        T losses[K] = {};
        evaluate_tokens<Usual>(objective, in, S, weights.at, all, marks, g, [&](int part, double w, T const(&x)[K]) {
          losses_of_parts.add(part, x);
          if (Usual || !with_loss) return;
          T const wt = static_cast<T>(w);
#pragma unroll
          for (int k = 0; k < K; ++k) losses[k] += wt * x[k];
        });
        observed.add(p.at, all, in);
        if (!Usual && p.adjoint) {
#pragma unroll
          for (int v = 0; v < statistic_slots; ++v) {
            T x[K];
#pragma unroll
            for (int k = 0; k < K; ++k) x[k] = g[k].dS[v];
            add_group(adjoint[v], x);
          }
        }
        auto const store = [&](active_input k, column<T, device> const& c) {
          if (!c.present()) return;
          int const by = static_cast<int>(k);
          T x[K];
#pragma unroll
          for (int k = 0; k < K; ++k) x[k] = g[k].d[by];
          store_group(c, s, t, x);
        };
        store(active_input::logp, p.out.dlogp);
        if (!Usual && p.more_outputs) {
          store(active_input::entropy, p.out.dentropy);
          store(active_input::lse, p.out.dlse);
          store(active_input::value, p.out.dvalue);
          store(active_input::given, p.out.dgiven);
          if (with_loss) store_group(p.out.token_loss, s, t, losses);
        }
        counts.tokens += tokens;
#pragma unroll
        for (int k = 0; k < K; ++k) counts.clipped += g[k].clipped;
      }
    };
    if constexpr (is_objective<Objective>::value) {
      p.usual && !s.masked ? sweep(std::true_type()) : sweep(std::false_type());
    } else {
      sweep(std::false_type());
    }
    zero_outputs(p, s, at, last, team.thread);
    losses_of_parts.put();
    observed.put(p.at, team);
    if (p.adjoint) {
#pragma unroll
      for (int v = 0; v < statistic_slots; ++v) team.of_thread(p.at.counts + v) = adjoint[v];
    }
    unsigned const unmasked = __reduce_add_sync(whole_warp, counts.tokens);
    unsigned const low_and_dual = __reduce_add_sync(whole_warp, counts.clipped & 0xFF00FFU);
    unsigned const high_and_value = __reduce_add_sync(whole_warp, counts.clipped >> 8U & 0xFF00FFU);
    if (team.thread % 32 == 0) {
      unsigned* const to = team.counts + team.thread / 32 * 3;
      to[0] = unmasked;
      to[1] = low_and_dual;
      to[2] = high_and_value;
    }
  }
  __syncthreads();
  if (!there) return;
  double* const values = p.slot + slot * p.at.values;
  if (!any) return put_nothing(p, team.thread, slot);
  team.reduce(0, p.at.counts, p.at.ends,
              [&](int v, double x) { values[v] = v < p.at.parts ? x * found.weights[v] : x; });
  if (p.adjoint) {
    team.reduce(p.at.counts, statistic_slots, -1, [&](int v, double x) { p.slot_sum[slot * statistic_slots + v] = x; });
  }
  if (team.thread < 3) {
    unsigned sum = 0;
    for (int warp = 0; warp < team_threads / 32; ++warp) sum += team.counts[warp * 3 + team.thread];
    double* const counts = values + p.at.counts;
    if (team.thread == 0) {
      counts[0] = sum;
      counts[1] = found.place.number == 0 && sum > 0 ? 1 : 0;
    } else {
      counts[1 + team.thread] = sum & 0xFFFFU;
      counts[3 + team.thread] = sum >> 16U;
    }
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

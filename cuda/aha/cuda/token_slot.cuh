// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_sums.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The numbers of a slot without tokens.
template <class T>
__device__ void put_nothing(token_problem<T> const& p, int thread, std::int64_t slot) {
  if (thread < p.at.values) p.slot[slot * p.at.values + thread] = p.at.nothing(thread);
  if (p.adjoint && thread < statistic_slots) p.slot_sum[slot * statistic_slots + thread] = 0;
}

/// A thread's share of one slot that has been found: its tokens evaluated by groups, their outputs written, their sums kept.
template <class Objective, class T>
class slot_sweep {
 public:
  __device__ slot_sweep(Objective const& o, token_problem<T> const& problem,
                        typename team_memory<T>::found const& where, team_memory<T> const& t)
      : objective(o),
        p(problem),
        found(where),
        team(t),
        s(where.place),
        losses_of_parts(t, problem.at.parts),
        weights(where.weights) {
    if (!p.reads_statistic) return;
#pragma unroll
    for (int k = 0; k < statistic_slots; ++k) S[k] = static_cast<T>(p.sequence_sum[s.sequence * statistic_slots + k]);
  }
  /// Any column, output, mask, factor.
  __device__ void anything() {
    std::int64_t at = s.begin();
    groups<tokens_are::any>(at);
    put(at);
  }
  /// Usual terms of log-probabilities, dlogp alone. Where nothing is masked before the end, which is the usual case, the
  /// loop is short enough for the instruction cache next to the processor, and a group's columns are on their way while
  /// the group before it is evaluated.
  __device__ void usual() {
    std::int64_t at = s.begin();
    if (!s.masked && found.all_count) {
      std::int64_t const stop = end();
      group_columns<T> next;
      if (at + group_step <= stop) next.template load<true>(found, at + team.thread);
#pragma unroll 1
      while (at + group_step <= stop) {
        group_columns<T> const columns = next;
        if (at + 2 * group_step <= stop) next.template load<true>(found, at + group_step + team.thread);
        group<tokens_are::plain>(at, columns);
        at += group_step;
      }
    }
    groups<tokens_are::usual>(at);
    put(at);
  }

 private:
  static constexpr int K = group_tokens;
  Objective const& objective;
  token_problem<T> const& p;
  typename team_memory<T>::found const& found;
  team_memory<T> const& team;
  slot_place const s;
  part_sums<Objective, T> losses_of_parts;
  part_weights<Objective> const weights;
  observed_sums<T> observed;
  token_counts counts;
  T adjoint[statistic_slots] = {};
  T S[statistic_slots] = {};

  __device__ std::int64_t end() const { return s.end < s.last() ? s.end : s.last(); }

  /// From `at` on to the end, one group after another.
  template <tokens_are Form>
  __device__ void groups(std::int64_t& at) {
    std::int64_t const stop = end();
#pragma unroll 1
    for (; at < stop; at += group_step) {
      group_columns<T> columns;
      columns.load(found, at, team.thread);
      group<Form>(at, columns);
    }
  }
  /// The group whose first token of the team is `at`.
  template <tokens_are Form>
  __device__ void group(std::int64_t at, group_columns<T> const& columns) {
    std::int64_t const t = at + team.thread;
    token_inputs<T> in[K];
    unsigned tokens = 0;
    bool const all = take_group<Form>(p, s, at, team.thread, columns, in, tokens);
    token_gradient<T> g[K];
    T losses[K] = {};
    bool const with_loss = Form == tokens_are::any && p.out.token_loss.present();
    bool const marks = (p.on & observe::clip) != 0;
    evaluate_tokens<Form>(objective, in, S, weights.at, all, marks, g, [&](int part, double w, T const(&x)[K]) {
      losses_of_parts.add(part, x);
      if (!with_loss) return;
      T const wt = static_cast<T>(w);
#pragma unroll
      for (int k = 0; k < K; ++k) losses[k] += wt * x[k];
    });
    observed.template add<Form>(objective, p.at, all, in);
    if (Form == tokens_are::any && p.adjoint) {
#pragma unroll
      for (int v = 0; v < statistic_slots; ++v) {
        T x[K];
#pragma unroll
        for (int k = 0; k < K; ++k) x[k] = g[k].dS[v];
        add_group(adjoint[v], x);
      }
    }
    auto const store = [&](active_input input, column<T, device> const& c) {
      if (!c.present()) return;
      T x[K];
#pragma unroll
      for (int k = 0; k < K; ++k) x[k] = g[k].d[static_cast<int>(input)];
      store_group<Form == tokens_are::plain>(c, s, t, x);
    };
    store(active_input::logp, p.out.dlogp);
    if (Form == tokens_are::any && p.more_outputs) {
      store(active_input::entropy, p.out.dentropy);
      store(active_input::lse, p.out.dlse);
      store(active_input::value, p.out.dvalue);
      store(active_input::given, p.out.dgiven);
      if (with_loss) store_group<Form == tokens_are::plain>(p.out.token_loss, s, t, losses);
    }
    counts.tokens += tokens;
#pragma unroll
    for (int k = 0; k < K; ++k) counts.clipped += g[k].clipped;
  }

  /// Zeroes what lies behind the last group, and leaves the thread's sums in its rows.
  __device__ void put(std::int64_t behind) const {
    zero_outputs(p, s, behind, s.last(), team.thread);
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
};

/// Evaluates one slot that has been found: writes its outputs and its numbers. All threads of a block come here together; a
/// team without a slot (`slot` beyond the last) only waits. `Usual`: `p.usual` and a
/// usual objective, in kernels of their own.
template <bool Usual, class Objective, class T>
__device__ void run_slot(Objective const& objective, token_problem<T> const& p,
                         typename team_memory<T>::found const& found, team_memory<T> const& team, std::int64_t slot) {
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
    slot_sweep<Objective, T> sweep(objective, p, found, team);
    if constexpr (Usual) {
      sweep.usual();
    } else {
      sweep.anything();
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

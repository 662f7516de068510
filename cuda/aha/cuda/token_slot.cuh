// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/slots.cuh>
#include <aha/loss/kl.hpp>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// A team's place in shared memory: rows of one double a thread for sums, then weights, S and counts.
struct team_memory {
  double* rows;      ///< [rows][team_threads]
  double* weights;   ///< [2][max_parts], by turns: a slow warp may still read those of the slot before
  unsigned* counts;  ///< [4 warps][3]: tokens, clip_low and clip_high, clip_dual and clip_value (16 bits each)
  int thread;        ///< of the team
  static constexpr int tail = 2 * max_parts + 8;

  __device__ team_memory(double* memory, int rows_a_team) {
    int const team = static_cast<int>(threadIdx.x) / team_threads;
    thread = static_cast<int>(threadIdx.x) % team_threads;
    rows = memory + team * (rows_a_team * team_threads + tail);
    weights = rows + rows_a_team * team_threads;
    counts = reinterpret_cast<unsigned*>(weights + 2 * max_parts);
  }
  /// Sums a thread's group of terms: in their own type pairwise, then on to its row.
  template <class T>
  __device__ void add(int row, bool begin, T const (&x)[group_tokens]) const {
    static_assert(group_tokens == 4);
    double const sum = static_cast<double>((x[0] + x[1]) + (x[2] + x[3]));
    double& to = rows[row * team_threads + thread];
    to = begin ? sum : to + sum;
  }
  /// Adds up rows on a fixed tree, each by one warp; `take(row, sum)` by its first lane. Rows from `smallest` on are a
  /// minimum and a maximum.
  template <class Take>
  __device__ void reduce(int n, int smallest, Take const& take) const {
    int const lane = thread % 32;
    for (int v = thread / 32; v < n; v += team_threads / 32) {
      auto const join = [&](double a, double b) {
        if (smallest >= 0 && v == smallest) return math::min(a, b);
        return smallest >= 0 && v == smallest + 1 ? math::max(a, b) : a + b;
      };
      double const* const row = rows + v * team_threads + lane;
      double x = join(join(row[0], row[32]), join(row[64], row[96]));
      for (int half = 16; half > 0; half /= 2) x = join(x, __shfl_xor_sync(whole_warp, x, half));
      if (lane == 0) take(v, x);
    }
  }
};
static_assert(slot_tokens == 8 * team_threads, "aha: counts of a thread fit their bits");

/// Shared memory of a team, in bytes.
template <class T>
int team_rows(token_problem<T> const& p) {
  return p.at.counts + statistic_slots;
}
inline std::size_t team_bytes(int rows) {
  return static_cast<std::size_t>(rows * team_threads + team_memory::tail) * sizeof(double);
}

/// A group of a thread's tokens, all columns loaded before anything is computed; masked ones are zeros, never read.
template <class T>
__device__ void load_group(token_problem<T> const& p, slot_place const& s, std::int64_t t,
                           token_inputs<T> (&in)[group_tokens]) {
  bool m[group_tokens];
  load_mask(p.batch.mask, s.row, t, team_threads, s.end, m);
  unsigned const read = p.read;
  auto const load = [&](bool wanted, column<T const, device> const& c, T token_inputs<T>::*to) {
    if (!wanted) return;
    T const* const from = c.row(s.row) + t;
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) in[k].*to = m[k] ? from[k * team_threads] : T(0);
  };
  auto const passive = [&](bool wanted, scoped<column<T const, device>> const& c, T token_inputs<T>::*to) {
    if (!wanted) return;
    if (c.scope == scope::token) return load(true, c.values, to);
    T const x = c.values.data[s.sequence];
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) in[k].*to = m[k] ? x : T(0);
  };
  using inputs = token_inputs<T>;
  load((read & reads::logp) != 0, p.batch.logp, &inputs::logp);
  load((read & reads::old_logp) != 0 && !p.batch.old_logp.on_policy, p.batch.old_logp.tokens(), &inputs::old_logp);
  load((read & reads::ref_logp) != 0, p.batch.ref_logp, &inputs::ref_logp);
  load((read & reads::entropy) != 0, p.batch.entropy, &inputs::entropy);
  load((read & reads::lse) != 0, p.batch.lse, &inputs::lse);
  load((read & reads::value) != 0, p.batch.value, &inputs::value);
  load((read & reads::old_value) != 0, p.batch.old_value, &inputs::old_value);
  load((read & reads::returns) != 0, p.batch.returns, &inputs::returns);
  load((read & reads::given) != 0, p.batch.given, &inputs::given);
  passive((read & reads::adv) != 0, p.batch.adv, &inputs::adv);
  passive((read & reads::weight) != 0, p.batch.weight, &inputs::weight);
  bool kept[group_tokens] = {};
  if ((read & reads::keep) != 0) {
    if (p.batch.keep.scope == scope::token) {
      load_mask(p.batch.keep.values, s.row, t, team_threads, s.end, kept);
    } else {
      bool const all = p.batch.keep.values.at(0, s.sequence);
#pragma unroll
      for (int k = 0; k < group_tokens; ++k) kept[k] = all;
    }
  }
#pragma unroll
  for (int k = 0; k < group_tokens; ++k) {
    in[k].mask = m[k];
    in[k].keep = kept[k];
    if (p.batch.old_logp.on_policy) in[k].old_logp = in[k].logp;
  }
}

/// Writes a group of an output; positions behind the row's end do not exist.
template <class T>
__device__ void store_group(column<T, device> const& c, slot_place const& s, std::int64_t t,
                            T const (&x)[group_tokens]) {
  T* const to = c.row(s.row) + t;
#pragma unroll
  for (int k = 0; k < group_tokens; ++k) {
    if (t + k * team_threads < s.row_end) to[k * team_threads] = x[k];
  }
}

/// What lies before the sequence's first unmasked token is zero: each slot writes its share.
template <class T>
__device__ void zero_head(token_problem<T> const& p, slot_place const& s, int thread) {
  std::int64_t const from = s.row_begin + s.number * slot_tokens;
  std::int64_t const to = s.first < from + slot_tokens ? s.first : from + slot_tokens;
  outputs<T, device>::each(p.out, [&](auto const&, column<T, device> const& c) {
    if (!c.present()) return;
    for (std::int64_t t = from + thread; t < to; t += team_threads) c.row(s.row)[t] = T(0);
  });
}

/// The observers of a group. The ratio is the raw one: of the columns, before any bound.
template <class T>
__device__ void observe_group(token_problem<T> const& p, team_memory const& team, bool begin,
                              token_inputs<T> const (&in)[group_tokens]) {
  T x[group_tokens];
  auto const sums = [&](int row, auto const& f) {
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) x[k] = f(in[k]);
    team.add(row, begin, x);
  };
  auto const kl = [&](int row, auto const& d) {
    sums(row, [&](token_inputs<T> const& t) { return kl_estimate(estimator::k1, d(t)); });
    sums(row + 1, [&](token_inputs<T> const& t) { return kl_estimate(estimator::k2, d(t)); });
    sums(row + 2, [&](token_inputs<T> const& t) { return kl_estimate(estimator::k3, d(t)); });
  };
  auto const log_ratio = [](token_inputs<T> const& t) { return t.logp - t.old_logp; };
  if (p.at.old_kl >= 0) kl(p.at.old_kl, log_ratio);
  if (p.at.ref_kl >= 0) kl(p.at.ref_kl, [](token_inputs<T> const& t) { return t.ref_logp - t.logp; });
  if (p.at.ratio >= 0) {
    auto const ratio = [&](token_inputs<T> const& t) { return t.mask ? math::exp(log_ratio(t)) : T(0); };
    sums(p.at.ratio, ratio);
    sums(p.at.ratio + 1, [&](token_inputs<T> const& t) { return ratio(t) * ratio(t); });
    double* const low = team.rows + p.at.ends * team_threads + team.thread;
    double* const high = low + team_threads;
    T least = lane<T>(INFINITY);
    T most = -least;
#pragma unroll
    for (int k = 0; k < group_tokens; ++k) {
      least = in[k].mask ? math::min(least, log_ratio(in[k])) : least;
      most = in[k].mask ? math::max(most, log_ratio(in[k])) : most;
    }
    *low = begin ? least : math::min(*low, static_cast<double>(least));
    *high = begin ? most : math::max(*high, static_cast<double>(most));
  }
  if (p.at.entropy >= 0) sums(p.at.entropy, [](token_inputs<T> const& t) { return t.entropy; });
}

/// Evaluates one slot: writes its outputs and its numbers. All threads of a block come here together; a team without a
/// slot (`slot` beyond the last) only waits. `turn` counts a team's slots.
template <class Objective, class T>
__device__ void run_slot(Objective const& objective, token_problem<T> const& p, team_memory const& team,
                         std::int64_t slot, int turn) {
  double* const weights = team.weights + turn % 2 * max_parts;
  bool const there = slot < p.slots;
  slot_place s;
  if (there) s = place_of(p, slot, true);
  bool const mine = there && s.number >= 0;
  std::int64_t const from = s.first + s.number * slot_tokens;
  if (mine) {
    if (team.thread < p.at.parts) {
      double const n = length_of(p, s.sequence, count_of(p, s));
      double const prompt =
          p.batch.prompt_tokens.present() ? static_cast<double>(p.batch.prompt_tokens[s.sequence]) : 0;
      weights[team.thread] = p.base[team.thread] * sequence_share(p.kind[team.thread], n, prompt);
    }
    zero_head(p, s, team.thread);
  }
  __syncthreads();  // the weights are there, and the rows have been read
  unsigned tokens = 0;
  unsigned sides = 0;
  unsigned others = 0;
  if (mine) {
    T S[statistic_slots] = {};
    if (p.reads_statistic) {
#pragma unroll
      for (int k = 0; k < statistic_slots; ++k) S[k] = static_cast<T>(p.sequence_sum[s.sequence * statistic_slots + k]);
    }
    for (int v = 0; v < p.at.parts; ++v) team.rows[v * team_threads + team.thread] = 0;
#pragma unroll 1
    for (int group = 0; group < slot_groups; ++group) {
      bool const begin = group == 0;
      std::int64_t const t = from + group * group_tokens * team_threads + team.thread;
      token_inputs<T> in[group_tokens];
      load_group(p, s, t, in);
      token_gradient<T> g[group_tokens];
      T losses[group_tokens] = {};
      bool const marks = (p.on & observe::clip) != 0;
      evaluate_tokens(objective, in, S, weights, marks, g, [&](int part, double w, T const(&x)[group_tokens]) {
        team.add(part, false, x);
        T const wt = static_cast<T>(w);
#pragma unroll
        for (int k = 0; k < group_tokens; ++k) losses[k] += wt * x[k];
      });
      observe_group(p, team, begin, in);
      if (p.adjoint) {
#pragma unroll
        for (int v = 0; v < statistic_slots; ++v) {
          T const x[group_tokens] = {g[0].dS[v], g[1].dS[v], g[2].dS[v], g[3].dS[v]};
          team.add(p.at.counts + v, begin, x);
        }
      }
      outputs<T, device>::gradients(p.out, [&](active_input k, auto const&, column<T, device> const& c) {
        if (!c.present()) return;
        int const by = static_cast<int>(k);
        T const x[group_tokens] = {g[0].d[by], g[1].d[by], g[2].d[by], g[3].d[by]};
        store_group(c, s, t, x);
      });
      if (p.out.token_loss.present()) store_group(p.out.token_loss, s, t, losses);
#pragma unroll
      for (int k = 0; k < group_tokens; ++k) {
        tokens += in[k].mask ? 1U : 0U;
        sides += (g[k].clipped.low ? 1U : 0U) + (g[k].clipped.high ? 1U << 16U : 0U);
        others += (g[k].clipped.dual ? 1U : 0U) + (g[k].clipped.value ? 1U << 16U : 0U);
      }
    }
  }
  if (there) {
    tokens = __reduce_add_sync(whole_warp, tokens);
    sides = __reduce_add_sync(whole_warp, sides);
    others = __reduce_add_sync(whole_warp, others);
    if (team.thread % 32 == 0) {
      unsigned* const to = team.counts + team.thread / 32 * 3;
      to[0] = tokens;
      to[1] = sides;
      to[2] = others;
    }
    if (!mine) {  // only where offsets are not in order
      for (int v = 0; v < p.at.counts + statistic_slots; ++v) {
        bool const end = p.at.ends >= 0 && (v == p.at.ends || v == p.at.ends + 1);
        team.rows[v * team_threads + team.thread] = end ? (v == p.at.ends ? INFINITY : -INFINITY) : 0;
      }
      if (team.thread < p.at.parts) weights[team.thread] = 0;
    }
  }
  __syncthreads();
  if (!there) return;
  double* const values = p.slot + slot * p.at.values;
  team.reduce(p.at.counts, p.at.ends, [&](int v, double x) { values[v] = v < p.at.parts ? x * weights[v] : x; });
  if (p.adjoint) {
    team_memory adjoint = team;
    adjoint.rows += p.at.counts * team_threads;
    adjoint.reduce(statistic_slots, -1, [&](int v, double x) { p.slot_sum[slot * statistic_slots + v] = x; });
  }
  if (team.thread < 3) {
    unsigned sum = 0;
    for (int warp = 0; warp < team_threads / 32; ++warp) sum += team.counts[warp * 3 + team.thread];
    double* const counts = values + p.at.counts;
    if (team.thread == 0) {
      counts[0] = sum;
      counts[1] = s.number == 0 && sum > 0 ? 1 : 0;
    } else {
      counts[2 * team.thread] = sum & 0xFFFFU;
      counts[2 * team.thread + 1] = sum >> 16U;
    }
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

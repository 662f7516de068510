// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/slots.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// Columns that nearly every objective reads, of whose rows a slot's first warp finds the addresses.
enum usual_column { logp_column, old_column_at, ref_column, adv_column, usual_columns };

/// Slots that a block of the main sweep does in turn at most: a warp each finds them before the first, so that the chain of
/// reads behind a slot's place is waited for once a block.
inline constexpr int most_slots_in_turn = 4;

/// A team's place in shared memory: what a warp finds out about a slot, counts, and rows of one number a thread for sums.
/// Numbers are added in their own type by a thread, in double from there on.
template <class T>
struct team_memory {
  struct found {
    slot_place place;
    double weights[max_parts];
    T const* columns[usual_columns];  ///< the row in each; null: not read
    T adv;                            ///< the sequence's, where it has one
    bool all_count;                   ///< no weight is 0
  };
  found* at;         ///< [most_slots_in_turn]
  unsigned* counts;  ///< [4 warps][3]: tokens, clip_low and clip_dual, clip_high and clip_value (16 bits each)
  T* rows;           ///< [rows][stride]
  int thread;        ///< of the team
  static constexpr int warps = team_threads / 32;
  /// Threads that add up one row; rows begin so far apart that those of a warp use every bank once.
  static constexpr int row_lanes = 8;
  static constexpr int stride = team_threads + row_lanes;
  static constexpr std::size_t fixed_bytes = most_slots_in_turn * sizeof(found) + 4 * warps * sizeof(unsigned);

  AHA_FN static constexpr std::size_t bytes(int row_count) {
    return fixed_bytes + (static_cast<std::size_t>(row_count) * stride * sizeof(T) + 15) / 16 * 16;
  }
  __device__ team_memory(double* memory, int row_count) {
    int const team = static_cast<int>(threadIdx.x) / team_threads;
    thread = static_cast<int>(threadIdx.x) % team_threads;
    auto* const mine = reinterpret_cast<unsigned char*>(memory) + static_cast<std::size_t>(team) * bytes(row_count);
    at = reinterpret_cast<found*>(mine);
    counts = reinterpret_cast<unsigned*>(mine + most_slots_in_turn * sizeof(found));
    rows = reinterpret_cast<T*>(mine + fixed_bytes);
  }
  __device__ T& of_thread(int row) const { return rows[row * stride + thread]; }

  /// Adds up rows on a fixed tree, each by eight threads; `take(row, sum)` by one of them. Rows from `smallest` on are a
  /// minimum and a maximum.
  template <class Take>
  __device__ void reduce(int first, int n, int smallest, Take const& take) const {
    int const lane = thread % row_lanes;
    for (int v0 = 0; v0 < n; v0 += team_threads / row_lanes) {  // the same turns for all
      int const v = v0 + thread / row_lanes;
      T const* const row = rows + (first + (v < n ? v : 0)) * stride + lane;
      auto const joined = [&](auto const& join) {
        double x[4];
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          auto const at_k = [&](int j) { return static_cast<double>(row[(k + 4 * j) * row_lanes]); };
          x[k] = join(join(at_k(0), at_k(1)), join(at_k(2), at_k(3)));
        }
        return join(join(x[0], x[1]), join(x[2], x[3]));
      };
      static_assert(team_threads == 16 * row_lanes);
      auto const least = [](double a, double b) { return math::min(a, b); };
      auto const most = [](double a, double b) { return math::max(a, b); };
      bool const low = smallest >= 0 && v == smallest;
      bool const high = smallest >= 0 && v == smallest + 1;
      double x = low ? joined(least) : (high ? joined(most) : joined([](double a, double b) { return a + b; }));
      for (int half = row_lanes / 2; half > 0; half /= 2) {
        double const other = __shfl_xor_sync(whole_warp, x, half);
        x = low ? least(x, other) : (high ? most(x, other) : x + other);
      }
      if (v < n && lane == 0) take(v, x);
    }
  }
};
static_assert(slot_tokens < 1 << 16, "aha: counts of a slot fit their bits");

/// Rows of a team.
template <class T>
AHA_FN int team_rows(token_problem<T> const& p) {
  return p.at.counts + statistic_slots;
}

/// Tokens of a thread that are evaluated together: more share what a group costs, fewer are shorter code.
inline constexpr int group_tokens = 4;
inline constexpr int group_step = group_tokens * team_threads;

/// Adds a group of a thread's numbers, pairwise. The sum of a thread's tokens of a slot is off by at most (slot_tokens /
/// team_threads / 4 + 1) 2^-24 = 9 * 2^-24 of the sum of their magnitudes (float); all behind it is in double.
template <class T>
__device__ void add_group(T& sum, T const (&x)[group_tokens]) {
  static_assert(group_tokens == 4);
  sum += (x[0] + x[1]) + (x[2] + x[3]);
}

/// A thread's sums of unweighted losses, a part each: in registers where parts are counted by the compiler.
template <class Objective, class T>
struct part_sums {
  team_memory<T> const& team;
  __device__ part_sums(team_memory<T> const& t, int parts) : team(t) {
    for (int v = 0; v < parts; ++v) team.of_thread(v) = T(0);
  }
  __device__ void add(int part, T const (&x)[group_tokens]) { add_group(team.of_thread(part), x); }
  __device__ void put() const {}
};
template <class T, class... Parts>
struct part_sums<objective<Parts...>, T> {
  team_memory<T> const& team;
  T sum[sizeof...(Parts) + 1];  // one more: there may be none
  __device__ part_sums(team_memory<T> const& t, int) : team(t) {
    for (T& x : sum) x = T(0);
  }
  __device__ void add(int part, T const (&x)[group_tokens]) { add_group(sum[part], x); }
  __device__ void put() const {
#pragma unroll
    for (int v = 0; v < static_cast<int>(sizeof...(Parts)); ++v) team.of_thread(v) = sum[v];
  }
};

/// Where a slot lies and what its tokens weigh, by a warp. Without columns they are as if nothing read them.
template <class T>
__device__ void find_slot(token_problem<T> const& p, sequence_heads const& heads, std::int64_t slot,
                          typename team_memory<T>::found& to, bool with_columns = true) {
  slot_place s = place_of(p, heads, slot, true);
  s.read = with_columns ? p.read : 0;
  int const lane = static_cast<int>(threadIdx.x % 32);
  if (lane == 0) to.place = s;
  auto const at = [&](unsigned wanted, column<T const, device> const& c) {
    return (s.read & wanted) != 0 ? c.row(s.row) : nullptr;
  };
  if (lane == 1) to.columns[logp_column] = at(reads::logp, p.batch.logp);
  if (lane == 2) {
    to.columns[old_column_at] =
        at(reads::old_logp, p.batch.old_logp.on_policy ? p.batch.logp : p.batch.old_logp.tokens());
  }
  if (lane == 3) to.columns[ref_column] = at(reads::ref_logp, p.batch.ref_logp);
  if (lane == 4) {
    bool const of_sequence = p.batch.adv.scope == scope::sequence;
    to.columns[adv_column] = of_sequence ? nullptr : at(reads::adv, p.batch.adv.values);
    to.adv = of_sequence && (s.read & reads::adv) != 0 ? p.batch.adv.values.data[s.sequence] : T(0);
  }
  double w = 0;
  if (s.number >= 0 && lane < p.at.parts) {
    double const n = length_of(p, s.sequence, count_of(p, heads, s));
    double const prompt = p.batch.prompt_tokens.present() ? static_cast<double>(p.batch.prompt_tokens[s.sequence]) : 0;
    w = p.base[lane] * sequence_share(p.kind[lane], n, prompt);
  }
  bool const all_count = __all_sync(whole_warp, lane >= p.at.parts || w != 0);
  if (lane == 0) to.all_count = all_count;
  if (lane < p.at.parts) to.weights[lane] = w;
}

/// Weights as the groups of a slot read them: an array of the thread's where parts are counted by the compiler, so that
/// what follows from them is computed once.
template <class Objective>
struct part_weights {
  double const* at;
  __device__ explicit part_weights(double const* shared) : at(shared) {}
};
template <class... Parts>
struct part_weights<objective<Parts...>> {
  double at[sizeof...(Parts) + 1];
  __device__ explicit part_weights(double const* shared) {
#pragma unroll
    for (int v = 0; v < static_cast<int>(sizeof...(Parts)); ++v) at[v] = shared[v];
  }
};

AHA_KERNELS_END
AHA_NAMESPACE_END

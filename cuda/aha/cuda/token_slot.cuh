// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/slots.cuh>
#include <aha/loss/kl.hpp>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// Columns that nearly every objective reads, of whose rows a slot's first warp finds the addresses.
enum usual_column { logp_column, old_column_at, ref_column, adv_column, usual_columns };

/// A team's place in shared memory: what its first warp finds out about a slot, counts, and rows of one number a thread
/// for sums. Numbers are added in their own type by a thread, in double from there on.
template <class T>
struct team_memory {
  /// By turns: a slow warp may still read that of the slot before.
  struct found {
    slot_place place;
    double weights[max_parts];
    T const* columns[usual_columns];  ///< the row in each; null: not read
    T adv;                            ///< the sequence's, where it has one
  };
  found* at;         ///< [2]
  unsigned* counts;  ///< [4 warps][3]: tokens, clip_low and clip_dual, clip_high and clip_value (16 bits each)
  T* rows;           ///< [rows][stride]
  int thread;        ///< of the team
  static constexpr int warps = team_threads / 32;
  /// Threads that add up one row; rows begin so far apart that those of a warp use every bank once.
  static constexpr int row_lanes = 8;
  static constexpr int stride = team_threads + row_lanes;
  static constexpr std::size_t fixed_bytes = 2 * sizeof(found) + 4 * warps * sizeof(unsigned);

  AHA_FN static constexpr std::size_t bytes(int row_count) {
    return fixed_bytes + (static_cast<std::size_t>(row_count) * stride * sizeof(T) + 15) / 16 * 16;
  }
  __device__ team_memory(double* memory, int row_count) {
    int const team = static_cast<int>(threadIdx.x) / team_threads;
    thread = static_cast<int>(threadIdx.x) % team_threads;
    auto* const mine = reinterpret_cast<unsigned char*>(memory) + static_cast<std::size_t>(team) * bytes(row_count);
    at = reinterpret_cast<found*>(mine);
    counts = reinterpret_cast<unsigned*>(mine + 2 * sizeof(found));
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
int team_rows(token_problem<T> const& p) {
  return p.at.counts + statistic_slots;
}

/// Tokens of a thread that are evaluated together: more share what a group costs, but terms chosen at run time would be
/// compiled that often. Sums know nothing of it.
template <class Objective, class T>
inline constexpr int tokens_together = 4;
template <class... Parts>
inline constexpr int tokens_together<objective<Parts...>, float> = 8;

/// Adds a group of a thread's numbers, pairwise by fours. The sum of a thread's tokens of a slot is off by at most
/// (slot_tokens / team_threads / 4 + 1) 2^-24 = 5 * 2^-24 of the sum of their magnitudes (float); all behind it is in double.
template <class T, int K>
__device__ void add_group(T& sum, T const (&x)[K]) {
  static_assert(K % 4 == 0);
#pragma unroll
  for (int k = 0; k < K; k += 4) sum += (x[k] + x[k + 1]) + (x[k + 2] + x[k + 3]);
}

/// A thread's sums of unweighted losses, a part each: in registers where parts are counted by the compiler.
template <class Objective, class T>
struct part_sums {
  team_memory<T> const& team;
  __device__ part_sums(team_memory<T> const& t, int parts) : team(t) {
    for (int v = 0; v < parts; ++v) team.of_thread(v) = T(0);
  }
  template <int K>
  __device__ void add(int part, T const (&x)[K]) {
    add_group(team.of_thread(part), x);
  }
  __device__ void put() const {}
};
template <class T, class... Parts>
struct part_sums<objective<Parts...>, T> {
  team_memory<T> const& team;
  T sum[sizeof...(Parts) + 1];  // one more: there may be none
  __device__ part_sums(team_memory<T> const& t, int) : team(t) {
    for (T& x : sum) x = T(0);
  }
  template <int K>
  __device__ void add(int part, T const (&x)[K]) {
    add_group(sum[part], x);
  }
  __device__ void put() const {
#pragma unroll
    for (int v = 0; v < static_cast<int>(sizeof...(Parts)); ++v) team.of_thread(v) = sum[v];
  }
};

/// A group of a thread's tokens: all columns are loaded before anything waits for one of them. `Full`: all of the block's
/// tokens of the group are before the sequence's end. `m[k]` is 0 where the mask is; `kept_bits`: the column `keep`.
template <bool Full, int K, class T>
__device__ void load_group(token_problem<T> const& p, typename team_memory<T>::found const& found, std::int64_t t,
                           token_inputs<T> (&in)[K], unsigned (&m)[K], unsigned& kept_bits) {
  slot_place const& s = found.place;
  load_mask<Full>(p.batch.mask, s.row, t, team_threads, s.end, m);
  std::int64_t const left = s.end - t;
  auto const load_from = [&](T const* from, T token_inputs<T>::*to) {
#pragma unroll
    for (int k = 0; k < K; ++k) {
      T x = T(0);
      if (Full || k * team_threads < left) x = __ldcs(from + t + k * team_threads);
      in[k].*to = x;
    }
  };
  auto const fill = [&](T const x, T token_inputs<T>::*to) {
#pragma unroll
    for (int k = 0; k < K; ++k) in[k].*to = x;
  };
  using inputs = token_inputs<T>;
  auto const usual = [&](usual_column c, T const otherwise, T token_inputs<T>::*to) {
    T const* const from = found.columns[c];
    from != nullptr ? load_from(from, to) : fill(otherwise, to);
  };
  usual(logp_column, T(0), &inputs::logp);
  usual(old_column_at, T(0), &inputs::old_logp);
  usual(ref_column, T(0), &inputs::ref_logp);
  usual(adv_column, found.adv, &inputs::adv);
  unsigned const read = p.read;
  constexpr unsigned done = reads::logp | reads::old_logp | reads::ref_logp | reads::adv | reads::statistic;
  if ((read & ~done) == 0) return;
  auto const load = [&](unsigned wanted, column<T const, device> const& c, T token_inputs<T>::*to) {
    if ((read & wanted) != 0) load_from(c.row(s.row), to);
  };
  load(reads::entropy, p.batch.entropy, &inputs::entropy);
  load(reads::lse, p.batch.lse, &inputs::lse);
  load(reads::value, p.batch.value, &inputs::value);
  load(reads::old_value, p.batch.old_value, &inputs::old_value);
  load(reads::returns, p.batch.returns, &inputs::returns);
  load(reads::given, p.batch.given, &inputs::given);
  if (p.batch.weight.scope == scope::sequence) {
    if ((read & reads::weight) != 0) fill(p.batch.weight.values.data[s.sequence], &inputs::weight);
  } else {
    load(reads::weight, p.batch.weight.values, &inputs::weight);
  }
  if ((read & reads::keep) == 0) return;
  unsigned kept[K];
  if (p.batch.keep.scope == scope::token) {
    load_mask<Full>(p.batch.keep.values, s.row, t, team_threads, s.end, kept);
  } else {
    unsigned const all = p.batch.keep.values.at(0, s.sequence) ? 1 : 0;
#pragma unroll
    for (int k = 0; k < K; ++k) kept[k] = all;
  }
#pragma unroll
  for (int k = 0; k < K; ++k) kept_bits |= kept[k] != 0 ? 1U << static_cast<unsigned>(k) : 0U;
}

/// The tokens of a group, masked ones as zeros. Returns whether none of the warp's is masked or behind the sequence's end:
/// the usual case, in which nothing is selected. `tokens`: how many of the thread's are not masked. Flags are bits of a
/// number: a kernel has seven predicate registers.
template <int K, class T>
__device__ bool take_group(token_problem<T> const& p, typename team_memory<T>::found const& found, std::int64_t from,
                           int thread, token_inputs<T> (&in)[K], unsigned& tokens) {
  unsigned m[K];
  unsigned kept = 0;
  // Looked at once, for the whole block.
  if (from + K * team_threads <= found.place.end) {
    load_group<true>(p, found, from + thread, in, m, kept);
  } else {
    load_group<false>(p, found, from + thread, in, m, kept);
  }
  bool every = true;
#pragma unroll
  for (int k = 0; k < K; ++k) every = every && m[k] != 0;
  bool const all = __all_sync(whole_warp, every);
  unsigned bits = (1U << K) - 1U;
  if (!all) {
    bits = 0;
#pragma unroll
    for (int k = 0; k < K; ++k) {
      bool const here = m[k] != 0;
      auto const keep_or_zero = [&](T& x) { x = here ? x : T(0); };
      token_inputs<T>& t = in[k];
      bits |= here ? 1U << static_cast<unsigned>(k) : 0U;
      keep_or_zero(t.logp);
      keep_or_zero(t.old_logp);
      keep_or_zero(t.ref_logp);
      keep_or_zero(t.adv);
      keep_or_zero(t.entropy);
      keep_or_zero(t.lse);
      keep_or_zero(t.value);
      keep_or_zero(t.old_value);
      keep_or_zero(t.returns);
      keep_or_zero(t.given);
      keep_or_zero(t.weight);
    }
  }
#pragma unroll
  for (int k = 0; k < K; ++k) {
    in[k].mask = (bits >> static_cast<unsigned>(k) & 1U) != 0;
    in[k].keep = (kept >> static_cast<unsigned>(k) & 1U) != 0;
  }
  tokens = static_cast<unsigned>(__popc(bits));
  return all;
}

/// Writes a group of an output; positions behind the row's end do not exist.
template <int K, class T>
__device__ void store_group(column<T, device> const& c, slot_place const& s, std::int64_t t, T const (&x)[K]) {
  T* const to = c.row(s.row) + t;
  std::int64_t const left = s.row_end - t;
  if (left > (K - 1) * team_threads) {
#pragma unroll
    for (int k = 0; k < K; ++k) __stcs(to + k * team_threads, x[k]);
    return;
  }
#pragma unroll
  for (int k = 0; k < K; ++k) {
    if (k * team_threads < left) to[k * team_threads] = x[k];
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

/// Where a slot lies and what its tokens weigh, by the team's first warp.
template <class T>
__device__ void find_slot(token_problem<T> const& p, sequence_heads const& heads, std::int64_t slot,
                          typename team_memory<T>::found& to) {
  slot_place const s = place_of(p, heads, slot, true);
  int const lane = static_cast<int>(threadIdx.x % 32);
  if (lane == 0) to.place = s;
  auto const at = [&](unsigned wanted, column<T const, device> const& c) {
    return (p.read & wanted) != 0 ? c.row(s.row) : nullptr;
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
    to.adv = of_sequence && (p.read & reads::adv) != 0 ? p.batch.adv.values.data[s.sequence] : T(0);
  }
  if (lane >= p.at.parts) return;
  double w = 0;
  if (s.number >= 0) {
    double const n = length_of(p, s.sequence, count_of(p, heads, s));
    double const prompt = p.batch.prompt_tokens.present() ? static_cast<double>(p.batch.prompt_tokens[s.sequence]) : 0;
    w = p.base[lane] * sequence_share(p.kind[lane], n, prompt);
  }
  to.weights[lane] = w;
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

/// Evaluates one slot: writes its outputs and its numbers. All threads of a block come here together; a team without a
/// slot (`slot` beyond the last) only waits. `turn` counts a team's slots.
template <class Objective, class T>
__device__ void run_slot(Objective const& objective, token_problem<T> const& p, sequence_heads const& heads,
                         team_memory<T> const& team, std::int64_t slot, int turn) {
  constexpr int K = tokens_together<Objective, T>;
  auto& found = team.at[turn % 2];
  bool const there = slot < p.slots;
  if (there && team.thread < 32) find_slot(p, heads, slot, found);
  __syncthreads();  // it is found, and the rows have been read
  if (there) {
    slot_place const s = found.place;
    bool const mine = s.number >= 0;  // where offsets are not in order, a slot may be nobody's
    std::int64_t const from = s.first + s.number * slot_tokens;
    part_sums<Objective, T> losses_of_parts(team, p.at.parts);
    observed_sums<T> observed;
    token_counts counts;
    T adjoint[statistic_slots] = {};
    if (mine) {
      zero_head(p, s, team.thread);
      part_weights<Objective> const weights(found.weights);
      T S[statistic_slots] = {};
      if (p.reads_statistic) {
#pragma unroll
        for (int k = 0; k < statistic_slots; ++k)
          S[k] = static_cast<T>(p.sequence_sum[s.sequence * statistic_slots + k]);
      }
      bool const marks = (p.on & observe::clip) != 0;
      bool const with_loss = p.out.token_loss.present();
      constexpr int step = K * team_threads;
      std::int64_t const last = from + slot_tokens < s.row_end ? from + slot_tokens : s.row_end;
#pragma unroll 1
      for (std::int64_t at = from; at < last; at += step) {
        std::int64_t const t = at + team.thread;
        token_inputs<T> in[K];
        unsigned tokens = 0;
        bool const all = take_group(p, found, at, team.thread, in, tokens);
        token_gradient<T> g[K];
        T losses[K] = {};
        evaluate_tokens(objective, in, S, weights.at, all, marks, g, [&](int part, double w, T const(&x)[K]) {
          losses_of_parts.add(part, x);
          if (!with_loss) return;
          T const wt = static_cast<T>(w);
#pragma unroll
          for (int k = 0; k < K; ++k) losses[k] += wt * x[k];
        });
        observed.add(p.at, all, in);
        if (p.adjoint) {
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
        if (p.more_outputs) {
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
    }
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

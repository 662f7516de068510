// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_team.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The usual columns of a thread's tokens of a group, zero behind the sequence's end: loaded before anything waits for them.
template <class T, int K>
struct group_columns {
  T x[usual_columns][K];

  /// Of the group whose first token of the team is `from`.
  __device__ void load(typename team_memory<T>::found const& found, std::int64_t from, int thread) {
    // Looked at once, for the whole block.
    from + K* team_threads <= found.place.end ? load<true>(found, from + thread) : load<false>(found, from + thread);
  }

 private:
  template <bool Full>
  __device__ void load(typename team_memory<T>::found const& found, std::int64_t t) {
    int const left = tokens_left(found.place, t);
#pragma unroll
    for (int c = 0; c < usual_columns; ++c) {
      T const* const from = found.columns[c];
      T const otherwise = c == adv_column ? found.adv : T(0);
#pragma unroll
      for (int k = 0; k < K; ++k) x[c][k] = otherwise;
      if (from == nullptr) continue;
#pragma unroll
      for (int k = 0; k < K; ++k) {
        if (Full || k * team_threads < left) x[c][k] = from[t + k * team_threads];
      }
    }
  }
};

/// All other columns of a group, its mask and its flags. `Full`: all of the block's tokens of the group are before the
/// sequence's end. `m[k]` is 0 where the mask is; `kept_bits`: the column `keep`.
template <bool Full, int K, class T>
__device__ void load_others(token_problem<T> const& p, slot_place const& s, std::int64_t t, token_inputs<T> (&in)[K],
                            unsigned (&m)[K], unsigned& kept_bits) {
  int const left = tokens_left(s, t);
  if (s.masked) {
    load_mask<Full>(p.batch.mask, s.row, t, team_threads, s.end, m);
  } else {
#pragma unroll
    for (int k = 0; k < K; ++k) m[k] = Full || k * team_threads < left ? 1 : 0;
  }
  auto const load_from = [&](T const* from, T token_inputs<T>::*to) {
#pragma unroll
    for (int k = 0; k < K; ++k) {
      T x = T(0);
      if (Full || k * team_threads < left) x = from[t + k * team_threads];
      in[k].*to = x;
    }
  };
  auto const fill = [&](T const x, T token_inputs<T>::*to) {
#pragma unroll
    for (int k = 0; k < K; ++k) in[k].*to = x;
  };
  using inputs = token_inputs<T>;
  unsigned const read = s.read;
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
/// number: a kernel has seven predicate registers. `Usual`: nothing is masked before the end, no other columns are read.
template <bool Usual, int K, class T>
__device__ bool take_group(token_problem<T> const& p, slot_place const& s, std::int64_t from, int thread,
                           group_columns<T, K> const& columns, token_inputs<T> (&in)[K], unsigned& tokens) {
#pragma unroll
  for (int k = 0; k < K; ++k) {
    in[k].logp = columns.x[logp_column][k];
    in[k].old_logp = columns.x[old_column_at][k];
    in[k].ref_logp = columns.x[ref_column][k];
    in[k].adv = columns.x[adv_column][k];
  }
  unsigned m[K];
  unsigned kept = 0;
  bool const full = from + K * team_threads <= s.end;
  if constexpr (Usual) {
    tokens = K;
#pragma unroll
    for (int k = 0; k < K; ++k) in[k].mask = true;
    if (full) return true;
    int const left = tokens_left(s, from + thread);
#pragma unroll
    for (int k = 0; k < K; ++k) m[k] = k * team_threads < left ? 1 : 0;
  } else if (full) {
    load_others<true>(p, s, from + thread, in, m, kept);
  } else {
    load_others<false>(p, s, from + thread, in, m, kept);
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
    for (int k = 0; k < K; ++k) to[k * team_threads] = x[k];
    return;
  }
#pragma unroll
  for (int k = 0; k < K; ++k) {
    if (k * team_threads < left) to[k * team_threads] = x[k];
  }
}

/// Zeroes every output from `from` to `to` of a slot's row.
template <class T>
__device__ void zero_outputs(token_problem<T> const& p, slot_place const& s, std::int64_t from, std::int64_t to,
                             int thread) {
  if (from >= to) return;
  outputs<T, device>::each(p.out, [&](auto const&, column<T, device> const& c) {
    if (!c.present()) return;
    for (std::int64_t t = from + thread; t < to; t += team_threads) c.row(s.row)[t] = T(0);
  });
}
/// What lies before the sequence's first unmasked token is zero: each slot writes its share.
template <class T>
__device__ void zero_head(token_problem<T> const& p, slot_place const& s, int thread) {
  std::int64_t const from = s.row_begin + s.number * slot_tokens;
  zero_outputs(p, s, from, s.first < from + slot_tokens ? s.first : from + slot_tokens, thread);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_team.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// The usual columns of a thread's tokens of a group, zero behind the sequence's end: loaded before anything waits for them.
template <class T>
struct group_columns {
  static constexpr int K = group_tokens;
  T x[usual_columns][K];

  /// Of the group whose first token of the team is `from`.
  __device__ void load(typename team_memory<T>::found const& found, std::int64_t from, int thread) {
    // Looked at once, for the whole block.
    from + group_step <= found.place.end ? load<true>(found, from + thread) : load<false>(found, from + thread);
  }
  /// Of the thread's tokens from t on; `Full`: all of the block's are before the sequence's end.
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

/// `m[k]`: not 0 where a token of a group is in the mask and before the sequence's end. `Full`: all of the block's tokens of
/// the group are before it.
template <bool Full, class T>
__device__ void load_masks(token_problem<T> const& p, slot_place const& s, std::int64_t t,
                           unsigned (&m)[group_tokens]) {
  if (s.masked) return load_mask<Full>(p.batch.mask, s.row, t, team_threads, s.end, m);
  int const left = tokens_left(s, t);
#pragma unroll
  for (int k = 0; k < group_tokens; ++k) m[k] = Full || k * team_threads < left ? 1 : 0;
}

/// All other columns of a group; `kept_bits`: the column `keep`.
template <bool Full, class T>
__device__ void load_others(token_problem<T> const& p, slot_place const& s, std::int64_t t,
                            token_inputs<T> (&in)[group_tokens], unsigned& kept_bits) {
  constexpr int K = group_tokens;
  int const left = tokens_left(s, t);
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

/// Zeroes the tokens of a group that are masked or behind the sequence's end, and loads what the group has beside its usual
/// columns. Flags are bits of a number: a kernel has seven predicate registers.
template <tokens_are Form, class T>
__device__ bool mask_group(token_problem<T> const& p, slot_place const& s, std::int64_t from, int thread,
                           token_inputs<T> (&in)[group_tokens], unsigned& tokens) {
  constexpr int K = group_tokens;
  unsigned m[K];
  unsigned kept = 0;
  if (from + group_step <= s.end) {
    load_masks<true>(p, s, from + thread, m);
    if constexpr (Form == tokens_are::any) load_others<true>(p, s, from + thread, in, kept);
  } else {
    load_masks<false>(p, s, from + thread, m);
    if constexpr (Form == tokens_are::any) load_others<false>(p, s, from + thread, in, kept);
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

/// The tokens of a group, masked ones as zeros. Returns whether none of the warp's is masked or behind the sequence's end:
/// then nothing is selected. `tokens`: how many of the thread's are not masked. `Form` usual: no other columns are read;
/// plain: nor does the block's group reach beyond the sequence's end, nor is one masked.
template <tokens_are Form, class T>
__device__ bool take_group(token_problem<T> const& p, slot_place const& s, std::int64_t from, int thread,
                           group_columns<T> const& columns, token_inputs<T> (&in)[group_tokens], unsigned& tokens) {
#pragma unroll
  for (int k = 0; k < group_tokens; ++k) {
    in[k].logp = columns.x[logp_column][k];
    in[k].old_logp = columns.x[old_column_at][k];
    in[k].ref_logp = columns.x[ref_column][k];
    in[k].adv = columns.x[adv_column][k];
  }
  if constexpr (Form == tokens_are::plain) {
#pragma unroll
    for (token_inputs<T>& t : in) t.mask = true;
    tokens = group_tokens;
    return true;
  } else {
    return mask_group<Form>(p, s, from, thread, in, tokens);
  }
}

/// Writes a group of an output; positions behind the row's end do not exist.
template <bool Full, class T>
__device__ void store_group(column<T, device> const& c, slot_place const& s, std::int64_t t,
                            T const (&x)[group_tokens]) {
  constexpr int K = group_tokens;
  T* const to = c.row(s.row) + t;
  std::int64_t const left = s.row_end - t;
  if (!Full && left <= (K - 1) * team_threads) {
#pragma unroll
    for (int k = 0; k < K; ++k) {
      if (k * team_threads < left) to[k * team_threads] = x[k];
    }
    return;
  }
#pragma unroll
  for (int k = 0; k < K; ++k) to[k * team_threads] = x[k];
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

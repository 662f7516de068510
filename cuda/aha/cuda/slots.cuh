// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_problem.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

// Which tokens of which sequence a slot has, and the first sweep over a mask.
//
// Padded rows have `slots_a_row` slots each. Of packed sequences i has the slots from floor(cu[i] / 1024) + i on: at
// least as many as its tokens can need, in rising order, without a prefix sum. Some may be empty.

inline constexpr unsigned whole_warp = 0xFFFFFFFFU;

__device__ inline std::int64_t clamped(std::int64_t x, std::int64_t low, std::int64_t high) {
  return x < low ? low : (x > high ? high : x);
}

/// A slot's tokens are [begin, end) of the row; all before the sequence's first unmasked token are `head`.
struct slot_place {
  std::int64_t sequence = 0;
  std::int64_t number = 0;  ///< of the sequence's slots
  std::int64_t row = 0;
  std::int64_t row_begin = 0;
  std::int64_t row_end = 0;  ///< of what is the sequence's to write
  std::int64_t first = 0;    ///< its first unmasked token; row_end where there is none
  std::int64_t end = 0;      ///< behind its last token, masked or not
};

/// First slot of packed sequence i.
template <class T>
__device__ std::int64_t first_slot(token_problem<T> const& p, std::int64_t i) {
  return clamped(p.batch.layout.index[i], 0, p.tokens) / slot_tokens + i;
}

/// The sequence that a slot belongs to: a search of a warp together, 32 probes at a time.
template <class T>
__device__ std::int64_t sequence_of(token_problem<T> const& p, std::int64_t slot) {
  if (!p.batch.layout.is_packed()) return slot / p.slots_a_row;
  std::int64_t const lane = threadIdx.x % 32;
  std::int64_t low = 0;
  std::int64_t n = p.batch.layout.sequences;
  while (n > 1) {
    std::int64_t const step = (n + 31) / 32;
    bool const reached = lane * step < n && first_slot(p, low + lane * step) <= slot;
    unsigned const lanes = __ballot_sync(whole_warp, reached);
    std::int64_t const last = lanes == 0 ? 0 : 31 - __clz(static_cast<int>(lanes));
    low += last * step;
    n = n - last * step < step ? n - last * step : step;
  }
  return low;
}

/// Offsets that fall or reach beyond the tokens are clamped: nothing outside is read or written.
template <class T>
__device__ slot_place place_of(token_problem<T> const& p, std::int64_t slot, bool scanned) {
  slot_place s;
  layout<device> const& l = p.batch.layout;
  s.sequence = sequence_of(p, slot);
  if (l.is_packed()) {
    s.number = slot - first_slot(p, s.sequence);
    s.row_begin = clamped(l.index[s.sequence], 0, p.tokens);
    s.end = clamped(l.index[s.sequence + 1], s.row_begin, p.tokens);
    s.row_end = s.end;
  } else {
    s.number = slot - s.sequence * p.slots_a_row;
    s.row = s.sequence;
    s.end = l.index.present() ? clamped(l.index[s.sequence], 0, l.width) : l.width;
    s.row_end = l.width;
  }
  s.first = s.row_begin;
  if (scanned && p.masked()) {
    auto const head = static_cast<std::int64_t>(p.head[s.sequence]);
    s.first = head == 0 ? s.row_end : s.end - head;
  } else if (s.first == s.end) {
    s.first = s.row_end;
  }
  return s;
}

/// Unmasked tokens of a sequence.
template <class T>
__device__ std::int64_t count_of(token_problem<T> const& p, slot_place const& s) {
  return p.masked() ? static_cast<std::int64_t>(p.count[s.sequence]) : s.end - s.row_begin;
}
/// What the sequence's means divide by.
template <class T>
__device__ double length_of(token_problem<T> const& p, std::int64_t sequence, std::int64_t count) {
  return static_cast<double>(p.batch.length.present() ? p.batch.length[sequence] : count);
}
template <class Statistic>
__device__ double normaliser(double n) {
  return Statistic::mean ? inverse_count(n) : 1.0;
}

/// `m[k]`: the mask of token first + k step of a row, where that is before `end`. The mask's type is looked at once.
template <int K>
__device__ void load_mask(mask_view<device> const& mask, std::int64_t row, std::int64_t first, int step,
                          std::int64_t end, bool (&m)[K]) {
  using kind = mask_view<device>::kind;
  auto const load = [&](auto const* data) {
    auto const* const from = data + row * mask.row_stride + first;
#pragma unroll
    for (int k = 0; k < K; ++k) m[k] = first + k * step < end && from[k * step] != 0;
  };
  if (!mask.present()) {
#pragma unroll
    for (int k = 0; k < K; ++k) m[k] = first + k * step < end;
    return;
  }
  switch (mask.type) {
    case kind::byte: return load(static_cast<unsigned char const*>(mask.data));
    case kind::i64: return load(static_cast<long long const*>(mask.data));
    case kind::f32: return load(static_cast<float const*>(mask.data));
    default: return load(static_cast<double const*>(mask.data));
  }
}

/// A warp looks through the mask of a slot's worth of tokens, counted from the sequence's begin. Integer atomics: any
/// order gives the same numbers.
template <class T>
__device__ void scan_mask(token_problem<T> const& p, std::int64_t slot) {
  slot_place const s = place_of(p, slot, false);
  std::int64_t const from = s.row_begin + s.number * slot_tokens;
  if (s.number < 0 || from >= s.end) return;
  int const lane = static_cast<int>(threadIdx.x % 32);
  unsigned n = 0;
  long long first = s.end;
#pragma unroll 2
  for (int j = slot_tokens - 8 * 32; j >= 0; j -= 8 * 32) {
    bool m[8];
    load_mask(p.batch.mask, s.row, from + j + lane, 32, s.end < from + slot_tokens ? s.end : from + slot_tokens, m);
#pragma unroll
    for (int k = 7; k >= 0; --k) {
      n += m[k] ? 1U : 0U;
      if (m[k]) first = from + j + lane + k * 32;
    }
  }
  // Distances within the slot fit 32 bits whatever the sequence's length; 0 says that the lane has seen nothing.
  unsigned const reach = __reduce_max_sync(whole_warp, n == 0 ? 0U : static_cast<unsigned>(from + slot_tokens - first));
  n = __reduce_add_sync(whole_warp, n);
  if (n == 0) return;
  long long const ahead = s.end - (from + slot_tokens - reach);
  if (lane == 0) {
    atomicMax(p.head + s.sequence, static_cast<unsigned long long>(ahead));
    atomicAdd(p.count + s.sequence, static_cast<unsigned long long>(n));
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

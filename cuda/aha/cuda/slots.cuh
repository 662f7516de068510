// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/token_problem.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

// Which tokens of which sequence a slot has, and the first sweep over a mask.
//
// Padded rows have `slots_a_row` slots each. Of packed sequences i has the slots from floor(cu[i] / slot_tokens) + i on: at
// least as many as its tokens can need, in rising order, without a prefix sum. Some may be empty.

inline constexpr unsigned whole_warp = 0xFFFFFFFFU;

__device__ inline std::int64_t clamped(std::int64_t x, std::int64_t low, std::int64_t high) {
  return x < low ? low : (x > high ? high : x);
}

/// What a scan of the mask has left of every sequence: how many unmasked tokens it has, where the first of them lies, counted
/// from the sequence's end, and how far the last reaches, counted from its begin (0: there is none). In device memory, or in
/// shared memory where one block does it all.
struct sequence_heads {
  unsigned long long* head = nullptr;
  unsigned long long* count = nullptr;
  unsigned long long* reach = nullptr;
  static constexpr int numbers = 3;
};
template <class T>
__device__ sequence_heads heads_of(token_problem<T> const& p) {
  return {p.head, p.count, p.reach};
}

/// Where a slot lies: its tokens are [begin, last) of the row, of which those from `end` on are there to be zeroed.
struct slot_place {
  std::int64_t sequence = 0;
  std::int64_t number = 0;  ///< of the sequence's slots
  std::int64_t row = 0;
  std::int64_t row_begin = 0;
  std::int64_t row_end = 0;  ///< of what is the sequence's to write
  std::int64_t first = 0;    ///< its first unmasked token; row_end where there is none
  std::int64_t end = 0;      ///< behind its last token that a mask may leave
  bool masked = false;       ///< the mask has to be read: some of [first, end) may be masked
  unsigned read = 0;         ///< columns that are read

  /// Where offsets are not in order, a slot may be nobody's.
  __device__ bool somebodys() const { return number >= 0; }
  __device__ std::int64_t begin() const { return first + number * slot_tokens; }
  /// Behind the last that the slot has to write.
  __device__ std::int64_t last() const {
    std::int64_t const full = begin() + slot_tokens;
    return full < row_end ? full : row_end;
  }
  __device__ bool any() const { return somebodys() && begin() < end; }
};

/// Tokens from t to the end, as many as matter.
__device__ inline int tokens_left(slot_place const& s, std::int64_t t) {
  return static_cast<int>(s.end - t < slot_tokens ? s.end - t : slot_tokens);
}

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
__device__ slot_place place_of(token_problem<T> const& p, sequence_heads const& heads, std::int64_t slot,
                               bool scanned) {
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
  s.masked = p.masked();
  if (scanned && p.masked()) {
    auto const head = static_cast<std::int64_t>(heads.head[s.sequence]);
    s.first = head == 0 ? s.row_end : s.end - head;
    s.end = s.row_begin + static_cast<std::int64_t>(heads.reach[s.sequence]);
    s.masked = static_cast<std::int64_t>(heads.count[s.sequence]) != s.end - s.first;
  } else if (s.first == s.end) {
    s.first = s.row_end;
  }
  return s;
}

/// Unmasked tokens of a sequence.
template <class T>
__device__ std::int64_t count_of(token_problem<T> const& p, sequence_heads const& heads, slot_place const& s) {
  return p.masked() ? static_cast<std::int64_t>(heads.count[s.sequence]) : s.end - s.row_begin;
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

/// `m[k]`: not 0 where the mask of token first + k step of a row is not, before `end`; `Full`: where all of them are. The
/// mask's type is looked at once; bytes are given as they are, so that nothing waits for them here.
template <bool Full, int K>
__device__ void load_mask(mask_view<device> const& mask, std::int64_t row, std::int64_t first, int step,
                          std::int64_t end, unsigned (&m)[K]) {
  using kind = mask_view<device>::kind;
  std::int64_t const left = end - first;
  auto const load = [&](auto const* data, auto const& bits) {
    auto const* const from = data + row * mask.row_stride + first;
#pragma unroll
    for (int k = 0; k < K; ++k) {
      m[k] = 0;
      if (Full || k * step < left) m[k] = bits(from[k * step]);
    }
  };
  auto const not_zero = [](auto x) { return x != 0 ? 1U : 0U; };
  if (!mask.present()) {
#pragma unroll
    for (int k = 0; k < K; ++k) m[k] = Full || k * step < left ? 1 : 0;
    return;
  }
  switch (mask.type) {
    case kind::byte:
      return load(static_cast<unsigned char const*>(mask.data),
                  [](unsigned char x) { return static_cast<unsigned>(x); });
    case kind::i64: return load(static_cast<long long const*>(mask.data), not_zero);
    case kind::f32: return load(static_cast<float const*>(mask.data), not_zero);
    default: return load(static_cast<double const*>(mask.data), not_zero);
  }
}

/// What a lane has seen of a mask: how many, the first of them, and where it is behind the last. It looks at rising
/// positions.
struct mask_seen {
  unsigned n = 0;
  int first = 0;
  int behind = 0;
  __device__ void token(int at, bool in) {
    if (in && n == 0) first = at;
    if (in) behind = at + 1;
    n += in ? 1U : 0U;
  }
  /// Four bytes at position `at` and behind.
  __device__ void bytes(int at, unsigned word) {
    // The top bit of every byte that is not 0.
    unsigned const in = (word | ((word & 0x7F7F7F7FU) + 0x7F7F7F7FU)) & 0x80808080U;
    if (in != 0 && n == 0) first = at + (__ffs(static_cast<int>(in)) - 1) / 8;
    if (in != 0) behind = at + 4 - __clz(static_cast<int>(in)) / 8;
    n += static_cast<unsigned>(__popc(in));
  }
};

/// A lane's share of the n tokens of a row's mask from `first` on. Bytes are read sixteen at a time where that many are the
/// row's, whatever its alignment.
__device__ inline mask_seen look_at_mask(mask_view<device> const& mask, std::int64_t row, std::int64_t first, int n) {
  mask_seen seen;
  int const lane = static_cast<int>(threadIdx.x % 32);
  std::int64_t const at = row * mask.row_stride + first;
  if (mask.type != mask_view<device>::kind::byte) {
    for (int j = lane; j < n; j += 8 * 32) {
      unsigned m[8];
      load_mask<false>(mask, row, first + j, 32, first + n, m);
#pragma unroll
      for (int k = 0; k < 8; ++k) seen.token(j + k * 32, m[k] != 0);
    }
    return seen;
  }
  unsigned char const* const from = static_cast<unsigned char const*>(mask.data) + at;
  int const ahead = static_cast<int>(reinterpret_cast<std::uintptr_t>(from) % 16);
#pragma unroll 4
  for (int j = 16 * lane - ahead; j < n; j += 16 * 32) {
    if (j >= 0 && j + 16 <= n) {
      uint4 const w = *reinterpret_cast<uint4 const*>(from + j);
      seen.bytes(j, w.x);
      seen.bytes(j + 4, w.y);
      seen.bytes(j + 8, w.z);
      seen.bytes(j + 12, w.w);
    } else {
      for (int k = j < 0 ? 0 : j; k < j + 16 && k < n; ++k) seen.token(k, from[k] != 0);
    }
  }
  return seen;
}

/// A warp looks through the mask of a slot's worth of tokens, counted from the sequence's begin. Integer atomics: any
/// order gives the same numbers.
template <class T>
__device__ void scan_mask(token_problem<T> const& p, sequence_heads const& heads, std::int64_t slot) {
  slot_place const s = place_of(p, heads, slot, false);
  std::int64_t const from = s.row_begin + s.number * slot_tokens;
  if (s.number < 0 || from >= s.end) return;
  std::int64_t const left = s.end - from;
  mask_seen const seen =
      look_at_mask(p.batch.mask, s.row, from, left < slot_tokens ? static_cast<int>(left) : slot_tokens);
  // 0 says that the lane has seen nothing.
  unsigned const reach =
      __reduce_max_sync(whole_warp, seen.n == 0 ? 0U : static_cast<unsigned>(slot_tokens - seen.first));
  unsigned const n = __reduce_add_sync(whole_warp, seen.n);
  unsigned const behind = __reduce_max_sync(whole_warp, static_cast<unsigned>(seen.behind));
  if (n == 0) return;
  long long const ahead = s.end - (from + slot_tokens - reach);
  if (threadIdx.x % 32 == 0) {
    atomicMax(heads.head + s.sequence, static_cast<unsigned long long>(ahead));
    atomicAdd(heads.count + s.sequence, static_cast<unsigned long long>(n));
    atomicMax(heads.reach + s.sequence, static_cast<unsigned long long>(from + behind - s.row_begin));
  }
}

AHA_KERNELS_END
AHA_NAMESPACE_END

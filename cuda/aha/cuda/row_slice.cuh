// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/block/stored_vector.cuh>

AHA_NAMESPACE_BEGIN

/// Bytes of a line: copies whose two ends lie differently in their lines move each of them in two parts (8 % of a copy's
/// speed), and so does a copy that begins inside of one.
inline constexpr int line_bytes = 128;
inline constexpr int line_granules = line_bytes / granule_bytes;

/// The first granule at or behind g that begins a line, where `ahead` of the line's granules lie in front of granule 0.
__device__ inline int next_line(int g, int ahead) {
  return (g + ahead + line_granules - 1) / line_granules * line_granules - ahead;
}

/// Where a slice of a row lies in granules (aligned sixteen bytes). Rows begin at any element: the first granule of a row
/// and its last one may reach into neighbours or behind the end of memory. Those two are read and written element by
/// element (`edge`), all others whole. Granule g holds the slice's elements first(g) .. first(g) + granule_size - 1.
template <class Stored>
struct row_slice {
  static constexpr int size = granule_size<Stored>;
  unsigned char* base = nullptr;  ///< granule 0
  int shift = 0;                  ///< bytes of granule 0 in front of the slice
  int elements = 0;
  int granules = 0;
  bool edge_first = false;  ///< granule 0 begins before the row
  bool edge_last = false;   ///< the last granule ends behind the row

  /// Elements [begin, begin + count) of a row; `begin` a multiple of granule_size.
  __device__ row_slice(Stored const* row, std::int64_t vocabulary, std::int64_t begin, int count) {
    auto const at = reinterpret_cast<std::uintptr_t>(row + begin);
    shift = static_cast<int>(at % granule_bytes);
    base = reinterpret_cast<unsigned char*>(at - static_cast<std::uintptr_t>(shift));
    elements = count;
    int const bytes = shift + count * static_cast<int>(sizeof(Stored));
    granules = (bytes + granule_bytes - 1) / granule_bytes;
    edge_first = begin == 0 && shift != 0;
    edge_last = begin + count == vocabulary && bytes % granule_bytes != 0;
  }
  /// Granules between the begin of the slice's first line and granule 0.
  __device__ int ahead() const {
    return static_cast<int>(reinterpret_cast<std::uintptr_t>(base) % line_bytes) / granule_bytes;
  }
  __device__ bool edge(int g) const { return (g == 0 && edge_first) || (g == granules - 1 && edge_last); }
  __device__ uint4* granule(int g) const { return reinterpret_cast<uint4*>(base) + g; }
  /// Slice index of a granule's first element; negative for the head of granule 0.
  __device__ int first(int g) const { return g * size - shift / static_cast<int>(sizeof(Stored)); }
  __device__ Stored* element(int i) const { return reinterpret_cast<Stored*>(base + shift) + i; }
  /// A granule at an edge, -inf outside of the row. `vocabulary_left`: elements of the row from the slice's first on.
  __device__ uint4 read_edge(int g) const {
    std::uint32_t const none = minus_infinity_word<Stored>();
    std::uint32_t w[4] = {none, none, none, none};
#pragma unroll
    for (int j = 0; j < size; ++j) {
      int const i = first(g) + j;
      if (i < 0 || i >= elements) continue;
      if constexpr (sizeof(Stored) == 4) {
        w[j] = __float_as_uint(*element(i));
      } else {
        std::uint32_t const bits = element(i)->bits;
        w[j / 2] = j % 2 == 0 ? (w[j / 2] & 0xFFFF0000U) | bits : (w[j / 2] & 0xFFFFU) | (bits << 16);
      }
    }
    return {w[0], w[1], w[2], w[3]};
  }
  __device__ uint4 read(int g) const { return edge(g) ? read_edge(g) : __ldcs(granule(g)); }

  /// Writes the elements of granule g that are the slice's.
  __device__ void write(int g, float const (&x)[size]) const {
    int const begin = first(g);
    if (begin >= 0 && begin + size <= elements) {
      __stcs(granule(g), narrow<Stored>(x));
      return;
    }
#pragma unroll
    for (int j = 0; j < size; ++j) {
      int const i = begin + j;
      if (i >= 0 && i < elements) *element(i) = narrowed<Stored>(x[j]);
    }
  }
  /// By a block of so many threads.
  template <int Threads>
  __device__ void write_zeros() const {
    float const zeros[size] = {};
    for (int g = static_cast<int>(threadIdx.x); g < granules; g += Threads) write(g, zeros);
  }
};

AHA_NAMESPACE_END

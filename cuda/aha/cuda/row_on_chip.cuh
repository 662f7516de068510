// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/block/bulk_copy.cuh>
#include <aha/cuda/exec.cuh>
#include <aha/cuda/row_problem.cuh>
#include <aha/cuda/row_slice.cuh>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// Pieces in which a slice arrives and its gradient leaves: work on the first begins while the others are under way.
inline constexpr int row_chunks = 4;
/// Largest cluster that every device of sm_90 and later can schedule.
inline constexpr int max_row_cluster = 8;

/// How a row is cut; depends on the vocabulary and the type alone, so that a row's bits do not depend on the rest of the
/// batch.
struct row_on_chip_shape {
  int cluster = 1;  ///< blocks that share a row
  int slice = 0;    ///< elements of a block, a multiple of a granule
  int shared_bytes =
      0;  ///< the slice, its ragged ends, one granule in front and behind, and the place of its first line
};

template <class Stored>
row_on_chip_shape shape_of_row(std::int64_t vocabulary, int cluster) {
  row_on_chip_shape s;
  s.cluster = cluster;
  std::int64_t const granules = (vocabulary + granule_size<Stored> - 1) / granule_size<Stored>;
  s.slice = static_cast<int>((granules + cluster - 1) / cluster) * granule_size<Stored>;
  s.shared_bytes = s.slice * static_cast<int>(sizeof(Stored)) + 2 * granule_bytes + 2 * line_bytes;
  return s;
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
/// The cluster's union in every thread: each warp sends its part to every block, each warp waits for all parts.
template <bool WithEntropy, int Warps>
__device__ inline online_softmax across_cluster(online_softmax part, online_softmax* parts, std::uint64_t* met,
                                                int rank, int blocks, float k) {
  part = across_warp<WithEntropy>(part, k);
  int const warp = static_cast<int>(threadIdx.x) / 32;
  int const lane = static_cast<int>(threadIdx.x) % 32;
  if (blocks == 1) {
    if (lane == 0) parts[warp] = part;
    __syncthreads();
  } else {
    cluster_has_begun();
    if (lane < blocks) {
      uint4 bits;
      memcpy(&bits, &part, sizeof bits);
      send(bits, &parts[rank * Warps + warp], met, lane);
    }
    wait_barrier(met);
  }
  return across_parts<WithEntropy>(parts, blocks * Warps, k);
}
#endif

/// The granules of a slice that are whole, [low, high); the row's ragged ends are the others.
template <class Stored>
struct whole_granules {
  int low;
  int high;
  __device__ explicit whole_granules(row_slice<Stored> const& to)
      : low(to.first(0) < 0 ? 1 : 0), high(to.elements < to.first(to.granules) ? to.granules - 1 : to.granules) {}
};

/// Writes the ragged ends of a slice's gradient, and the target there, element by element.
template <class Stored, class Form>
__device__ inline void write_ends(row_slice<Stored> const& to, whole_granules<Stored> const& whole,
                                  row_gradient const& gradient, int target, Form const& form) {
  int const tid = static_cast<int>(threadIdx.x);
  bool const head = whole.low == 1 && tid == 0;
  bool const tail = whole.high < to.granules && whole.high >= whole.low && tid == 32;
  if (!head && !tail) return;
  int const g = head ? 0 : whole.high;
  float x[granule_size<Stored>];
  form(g, x);
  to.write(g, x);
  int const here = target - to.first(g);
  if (target >= 0 && here >= 0 && here < granule_size<Stored>) {
    *to.element(target) = narrowed<Stored>(gradient.at_target);
  }
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
/// A slice's gradient where it is aligned as its logits are: formed in their place in shared memory and sent out by the
/// copy engine, a quarter at a time.
template <bool WithEntropy, class Stored, int Threads>
__device__ inline void send_slice(uint4* granules, row_slice<Stored> const& to, row_gradient const& gradient,
                                  int target) {
  constexpr int size = granule_size<Stored>;
  constexpr int depth = 4;
  int const tid = static_cast<int>(threadIdx.x);
  whole_granules<Stored> const whole(to);
  auto const form = [&](int g, float(&x)[size]) {
    widen<Stored>(granules[g], x);
    gradient.template apply<WithEntropy>(x);
  };
  write_ends(to, whole, gradient, target, form);
  int const with_target = target < 0 ? -1 : (target - to.first(0)) / size;
  int const share = ((whole.high - whole.low + row_chunks - 1) / row_chunks + Threads - 1) / Threads * Threads;
  int const ahead = to.ahead();
  int end = whole.low;
  for (int begin = end; begin < whole.high; begin = end) {
    end = min(whole.high, next_line(begin + share, ahead));
    int g = begin + tid;
    for (; g + (depth - 1) * Threads < end; g += depth * Threads) {
#pragma unroll
      for (int n = 0; n < depth; ++n) {
        float x[size];
        form(g + n * Threads, x);
        granules[g + n * Threads] = narrow<Stored>(x);
      }
    }
    for (; g < end; g += Threads) {
      float x[size];
      form(g, x);
      granules[g] = narrow<Stored>(x);
    }
    // The target again, by the thread that formed its granule: indexing x by it would move x to local memory.
    if (with_target >= begin && with_target < end && (with_target - begin) % Threads == tid) {
      reinterpret_cast<Stored*>(reinterpret_cast<unsigned char*>(granules) + to.shift)[target] =
          narrowed<Stored>(gradient.at_target);
    }
    publish_shared();
    __syncthreads();
    if (tid == 0) {
      start_store(to.granule(begin), granules + begin, static_cast<std::uint32_t>((end - begin) * granule_bytes));
    }
  }
  if (tid == 0) wait_stores_read();  // the block's shared memory lives until then
}
#endif

/// The same where rows of the gradient are aligned otherwise than rows of logits, by `offset` bytes: straight to memory.
template <bool WithEntropy, class Stored, int Threads>
__device__ inline void write_slice(uint4 const* granules, int offset, row_slice<Stored> const& to,
                                   row_gradient const& gradient, int target) {
  constexpr int size = granule_size<Stored>;
  int const tid = static_cast<int>(threadIdx.x);
  whole_granules<Stored> const whole(to);
  auto const form = [&](int g, float(&x)[size]) {
    widen<Stored>(read_at([&](int n) { return granules[n]; }, g, offset), x);
    gradient.template apply<WithEntropy>(x);
  };
  write_ends(to, whole, gradient, target, form);
#pragma unroll 2
  for (int g = whole.low + tid; g < whole.high; g += Threads) {
    float x[size];
    form(g, x);
    __stcs(to.granule(g), narrow<Stored>(x));
  }
  if (target < 0) return;
  int const its = (target - to.first(0)) / size;
  if (its >= whole.low && its < whole.high && (its - whole.low) % Threads == tid) {
    *to.element(target) = narrowed<Stored>(gradient.at_target);
  }
}

/// Loss and gradient of a row in one read and one write: each block of a cluster keeps its slice of the row in shared
/// memory between the softmax and the gradient. Blocks [row * cluster, (row + 1) * cluster) do a row.
///   source.load(place)                     what the coefficients need besides, loaded while the row arrives
///   source(place, softmax, loaded, first)  the row's coefficients; called by a warp of every block, `first` in one thread
///   source.skip(place, first)              for rows that do not take part
/// The entropy is always there: its two instructions an element hide behind the memory (94.4 % of a copy with it, 94.0 %
/// without, V = 151936, bf16, H100), and a second kernel would double what users compile.
template <class Stored, int Threads, class Source>
AHA_KERNEL void __launch_bounds__(Threads, 3)
    row_on_chip_kernel(__grid_constant__ row_problem const p, __grid_constant__ row_on_chip_shape const shape,
                       __grid_constant__ Source const source) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  constexpr int size = granule_size<Stored>;
  constexpr int warps = Threads / 32;
  constexpr int depth = 4;  // granules of a thread between two looks at the maximum
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ std::uint64_t arrived[row_chunks];
  __shared__ std::uint64_t met;
  __shared__ online_softmax parts[max_row_cluster * warps];
  follow_kernel_before();

  int const blocks = shape.cluster;
  int const rank = static_cast<int>(blockIdx.x % static_cast<unsigned>(blocks));
  row_place const place(p, blockIdx.x / static_cast<unsigned>(blocks));
  std::int64_t const vocabulary = p.rows.vocabulary;
  std::int64_t const begin = static_cast<std::int64_t>(rank) * shape.slice;
  std::int64_t const left = vocabulary - begin;
  int const count = left < 0 ? 0 : (left < shape.slice ? static_cast<int>(left) : shape.slice);
  int const tid = static_cast<int>(threadIdx.x);
  row_slice<Stored> const to(p.gradient.template row<Stored>(place.i, place.t), vocabulary, begin, count);
  if (!place.in) {
    to.template write_zeros<Threads>();
    source.skip(place, rank == 0 && tid == 0);
    return;
  }
  Stored const* const row = p.rows.template row<Stored>(place.i, place.t);
  row_slice<Stored> const from(row, vocabulary, begin, count);
  // Granules lie in their lines of shared memory as in those of memory.
  int const ahead = from.ahead();
  uint4* const granules = reinterpret_cast<uint4*>(shared + line_bytes) + ahead;
  int const vectors = (count + size - 1) / size;  // counted from the row's first element, whatever its alignment
  int const per_chunk = ((vectors + row_chunks - 1) / row_chunks + Threads - 1) / Threads * Threads;

  if (tid == 0) {
#pragma unroll
    for (int c = 0; c < row_chunks; ++c) init_barrier(&arrived[c]);
    init_barrier(&met);
    publish_barriers();
    expect_bytes(&met, static_cast<std::uint32_t>(blocks * warps) * sizeof(online_softmax));
    // A chunk's vectors may end one granule behind the chunk. Granules at the row's ends come element by element, below.
    int const first = from.edge_first ? 1 : 0;
    int const last = from.granules - (from.edge_last ? 1 : 0);
    int const behind = from.shift == 0 ? 0 : 1;
    int high = first;
#pragma unroll
    for (int c = 0; c < row_chunks; ++c) {
      int const low = high;
      high = c == row_chunks - 1 ? last : max(low, min(next_line((c + 1) * per_chunk + behind, ahead), last));
      int const bytes = max(0, high - low) * granule_bytes;
      expect_bytes(&arrived[c], static_cast<std::uint32_t>(bytes));
      if (bytes > 0) start_copy(granules + low, from.granule(low), static_cast<std::uint32_t>(bytes), &arrived[c]);
    }
  }
  __syncwarp();
  if (blocks > 1) begin_in_cluster();
  std::int64_t const at = target_position(p, place);
  float const x_target = target_logit(row, place, at);
  int const target = at < begin || at >= begin + count ? -1 : static_cast<int>(at - begin);
  if (tid == 32 && from.edge_first) granules[0] = from.read_edge(0);
  if (tid == 33 && from.edge_last && !(from.edge_first && from.granules == 1)) {
    granules[from.granules - 1] = from.read_edge(from.granules - 1);
  }
  if (tid == 34) {
    std::uint32_t const none = minus_infinity_word<Stored>();
    granules[from.granules] = {none, none, none, none};
  }
  __syncthreads();
  typename Source::loaded loaded{};
  if (tid < 32) loaded = source.load(place);

  online_softmax part = no_logits();
  auto const take = [&](auto const& read) {
    for (int c = 0; c < row_chunks; ++c) {
      wait_barrier(&arrived[c]);
      int const end = min(vectors, (c + 1) * per_chunk);
      int v = c * per_chunk + tid;
      for (; v + (depth - 1) * Threads < end; v += depth * Threads) {
        uint4 g[depth];
#pragma unroll
        for (int n = 0; n < depth; ++n) g[n] = read(v + n * Threads);
        accumulate<true, Stored>(g, p.k, part);
      }
      for (; v < end; v += Threads) {
        uint4 const g[1] = {read(v)};
        accumulate<true, Stored>(g, p.k, part);
      }
    }
  };
  if (from.shift == 0) {
    take([&](int v) { return granules[v]; });
  } else {
    take([&](int v) { return shifted(granules[v], granules[v + 1], from.shift); });
  }
  part = across_cluster<true, warps>(part, parts, &met, rank, blocks, p.k);
  row_softmax const softmax = finished<true>(part, x_target, p);
  row_coefficients const c = coefficients_of(source, p, place, softmax, loaded, rank == 0);
  if (c.zero()) return to.template write_zeros<Threads>();
  row_gradient const gradient(c, softmax, 1.0F / part.s, -part.w / part.s, p);
  auto const put = [&](auto with_entropy) {
    constexpr bool entropy = decltype(with_entropy)::value;
    if (from.shift == to.shift) {
      send_slice<entropy, Stored, Threads>(granules, to, gradient, target);
    } else {
      write_slice<entropy, Stored, Threads>(granules, from.shift - to.shift, to, gradient, target);
    }
  };
  if (c.dentropy != 0.0F) {
    put(std::true_type());
  } else {
    put(std::false_type());
  }
#endif
}

AHA_KERNELS_END
AHA_NAMESPACE_END

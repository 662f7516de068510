// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/moments.hpp>
#include <aha/cuda/exec.cuh>
#include <cstring>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// A value of another lane of the warp, word by word.
template <class X>
__device__ X shuffle_xor(X const& x, int lanes) {
  static_assert(std::is_trivially_copyable_v<X> && sizeof(X) % 4 == 0);
  constexpr int words = static_cast<int>(sizeof(X) / 4);
  unsigned w[words];
  memcpy(w, &x, sizeof x);
#pragma unroll
  for (int k = 0; k < words; ++k) w[k] = __shfl_xor_sync(0xFFFFFFFFU, w[k], lanes);
  X r = x;
  memcpy(&r, w, sizeof r);
  return r;
}

/// A warp or a whole block that works on one group of rows together. `reduce(x, join)` gives everyone the union of all
/// x by `join(to, from)`, on a fixed tree.
struct warp_team {
  static constexpr int size = 32;
  __device__ int rank() const { return static_cast<int>(threadIdx.x % 32); }
  __device__ void sync() const { __syncwarp(); }
  template <class X, class Join>
  __device__ X reduce(X x, Join const& join) const {
    for (int half = 16; half > 0; half /= 2) {
      X const other = shuffle_xor(x, half);
      // The lower lane's comes first in both, so that both get the same.
      if ((threadIdx.x & static_cast<unsigned>(half)) == 0) {
        join(x, other);
      } else {
        X first = other;
        join(first, x);
        x = first;
      }
    }
    return x;
  }
};
template <int Threads>
struct block_team {
  static constexpr int size = Threads;
  static constexpr int warps = Threads / 32;
  static constexpr std::size_t entry = 256;  ///< bytes of what is reduced, at most
  unsigned char* scratch;                    ///< `warps * entry` bytes of shared memory
  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ void sync() const { __syncthreads(); }
  template <class X, class Join>
  __device__ X reduce(X const& x, Join const& join) const {
    static_assert(sizeof(X) <= entry);
    X r = warp_team{}.reduce(x, join);
    if (threadIdx.x % 32 == 0) memcpy(scratch + threadIdx.x / 32 * entry, &r, sizeof r);
    __syncthreads();
    memcpy(&r, scratch, sizeof r);
    for (int w = 1; w < warps; ++w) {
      X other = r;
      memcpy(&other, scratch + w * entry, sizeof other);
      join(r, other);
    }
    __syncthreads();
    return r;
  }
};

/// The steps of `order_free_moments::of` by a team, over k = 0 ... n - 1 without `left_out`. The same bits as of one
/// thread, in any order: each step's sums are exact.
template <class Team, class At>
__device__ order_free_moments moments_of(Team const& team, At const& at, std::int64_t n, std::int64_t left_out = -1) {
  auto const each = [&](auto const& f) {
    for (std::int64_t k = team.rank(); k < n; k += Team::size) {
      if (k != left_out) f(at(k));
    }
  };
  auto const merged = [](order_free_sum& to, order_free_sum const& from) { to.merge(from); };
  order_free_moments r;
  each([&](double x) { r.include(x); });
  r = team.reduce(r, [](order_free_moments& to, order_free_moments const& from) { to.include(from); });
  if (r.equal()) return r;
  order_free_sum sum = r.distances();
  each([&](double x) { r.add_distance(sum, x); });
  r.set_mean(team.reduce(sum, merged));
  sum = r.squares();
  each([&](double x) { r.add_square(sum, x); });
  r.set_m2(team.reduce(sum, merged));
  return r;
}

AHA_KERNELS_END
AHA_NAMESPACE_END

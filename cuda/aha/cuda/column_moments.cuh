// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/column.hpp>
#include <aha/cuda/record.cuh>
#include <aha/cuda/team.cuh>
#include <aha/cuda/workspace.cuh>
#include <cmath>

AHA_NAMESPACE_BEGIN

/// Moments that the host has merged over shards: none, a value, or one in device memory (what a collective has left
/// there), which is read when the stream comes to it.
struct merged_moments {
  bool given = false;
  moments value;
  moments const* at = nullptr;
  merged_moments() = default;
  merged_moments(moments const& m) : given(true), value(m) {}
  explicit merged_moments(moments const* on_device) : given(on_device != nullptr), at(on_device) {}
  AHA_FN moments get() const { return at != nullptr ? *at : value; }
};

/// A column with its mask in device memory.
template <class T>
struct device_column {
  column<T const, device> values;
  mask_view<device> mask;
  AHA_FN std::int64_t size() const { return values.rank == 2 ? values.rows * values.width : values.width; }
};

AHA_KERNELS_BEGIN

inline constexpr int column_threads = 256;
inline constexpr int column_blocks = 512;
using column_team = block_team<column_threads>;

/// What one block has seen in the first step.
struct column_part {
  order_free_moments ends;
  std::int64_t unmasked;
  std::int64_t beyond;
};

/// Arrays of a column's moments in the workspace.
struct column_space {
  column_part* part = nullptr;    ///< [column_blocks]
  order_free_sum* sum = nullptr;  ///< [column_blocks]
  order_free_sum* square = nullptr;
  order_free_moments* all = nullptr;
  explicit column_space(workspace_layout& w)
      : part(w.take<column_part>(column_blocks)),
        sum(w.take<order_free_sum>(column_blocks)),
        square(w.take<order_free_sum>(column_blocks)),
        all(w.take<order_free_moments>(1)) {}
};

/// f(row, position, counts, value) for a thread's entries; the value is NaN where the mask is 0: it is not read.
template <class T, class F>
__device__ void for_each_entry(device_column<T> const& c, F const& f) {
  std::int64_t const size = c.size();
  bool const list = c.values.rank != 2;
  for (std::int64_t e = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; e < size;
       e += static_cast<std::int64_t>(gridDim.x) * blockDim.x) {
    std::int64_t const i = list ? 0 : e / c.values.width;
    std::int64_t const t = e - i * c.values.width;
    bool const counts = !c.mask.present() || c.mask.at(i, t);
    f(i, t, counts, counts ? static_cast<double>(c.values.row(i)[t]) : NAN);
  }
}
/// Beyond what statistics can square: counted, and taken for NaN.
__device__ inline bool is_beyond(double x) { return x > largest_member || x < -largest_member; }
__device__ inline double member(double x) { return is_beyond(x) ? NAN : x; }

/// All of what blocks have left at `from`, by every block that wants it.
template <class X, class Join>
__device__ X all_of(column_team const& team, X const* from, X x, Join const& join) {
  for (int k = team.rank(); k < column_blocks; k += column_threads) join(x, from[k]);
  return team.reduce(x, join);
}
__device__ inline column_part all_ends(column_team const& team, column_space const& w) {
  return all_of(team, w.part, column_part{order_free_moments{}, 0, 0}, [](column_part& to, column_part const& from) {
    to.ends.include(from.ends);
    to.unmasked += from.unmasked;
    to.beyond += from.beyond;
  });
}
__device__ inline order_free_sum all_sums(column_team const& team, order_free_sum const* from,
                                          order_free_sum const& none) {
  return all_of(team, from, none, [](order_free_sum& to, order_free_sum const& other) { to.merge(other); });
}

// Three steps over the column and one to end them; a step reads what all blocks of the one before have left.

template <class T>
AHA_KERNEL void __launch_bounds__(column_threads)
    column_ends_kernel(__grid_constant__ device_column<T> const c, column_space w) {
  __shared__ unsigned char scratch[column_team::warps * column_team::entry];
  column_part p{order_free_moments{}, 0, 0};
  for_each_entry(c, [&](std::int64_t, std::int64_t, bool counts, double x) {
    p.unmasked += counts ? 1 : 0;
    p.beyond += is_beyond(x) ? 1 : 0;
    p.ends.include(member(x));
  });
  p = column_team{scratch}.reduce(p, [](column_part& to, column_part const& from) {
    to.ends.include(from.ends);
    to.unmasked += from.unmasked;
    to.beyond += from.beyond;
  });
  if (threadIdx.x == 0) w.part[blockIdx.x] = p;
}
template <class T>
AHA_KERNEL void __launch_bounds__(column_threads)
    column_sum_kernel(__grid_constant__ device_column<T> const c, column_space w, bool squares) {
  __shared__ unsigned char scratch[column_team::warps * column_team::entry];
  column_team const team{scratch};
  order_free_moments m = all_ends(team, w).ends;
  order_free_sum sum;
  if (!m.equal()) {
    if (squares) m.set_mean(all_sums(team, w.sum, m.distances()));
    sum = squares ? m.squares() : m.distances();
    for_each_entry(c, [&](std::int64_t, std::int64_t, bool, double x) {
      squares ? m.add_square(sum, member(x)) : m.add_distance(sum, member(x));
    });
    sum = team.reduce(sum, [](order_free_sum& to, order_free_sum const& from) { to.merge(from); });
  }
  if (threadIdx.x == 0) (squares ? w.square : w.sum)[blockIdx.x] = sum;
}
template <class T>
AHA_KERNEL void __launch_bounds__(column_threads)
    column_record_kernel(__grid_constant__ device_column<T> const c, column_space w, column_record* record) {
  __shared__ unsigned char scratch[column_team::warps * column_team::entry];
  column_team const team{scratch};
  column_part const p = all_ends(team, w);
  order_free_moments m = p.ends;
  if (!m.equal()) {
    m.set_mean(all_sums(team, w.sum, m.distances()));
    m.set_m2(all_sums(team, w.square, m.squares()));
  }
  if (threadIdx.x != 0) return;
  *w.all = m;
  if (record == nullptr) return;
  column_numbers& s = record->stats;
  s.entries = c.size();
  s.masked = c.size() - p.unmasked;
  s.invalid = p.unmasked - m.count;
  s.clipped = 0;
  s.moments = m.plain();
  s.low = m.low;
  s.high = m.high;
  record->beyond = p.beyond;
}

/// Moments of a column into `w.all`, and what was seen into `record`, where there is one.
template <class T>
void launch_column_moments(launcher& launch, device_column<T> const& c, column_space const& w, column_record* record) {
  launch(column_ends_kernel<T>, column_blocks, column_threads, 0, c, w);
  launch(column_sum_kernel<T>, column_blocks, column_threads, 0, c, w, false);
  launch(column_sum_kernel<T>, column_blocks, column_threads, 0, c, w, true);
  launch(column_record_kernel<T>, 1, column_threads, 0, c, w, record);
}

AHA_KERNELS_END
AHA_NAMESPACE_END

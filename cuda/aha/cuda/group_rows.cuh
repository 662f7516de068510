// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/groups.hpp>
#include <aha/cuda/exec.cuh>
#include <aha/cuda/workspace.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_select.cuh>
#include <limits>
#include <thrust/iterator/counting_iterator.h>

AHA_NAMESPACE_BEGIN
AHA_KERNELS_BEGIN

/// Which rows a group has, as kernels walk them: by offsets rows in order, by id a list of rows sorted by id. How many
/// groups ids make is known on the device alone.
struct group_rows {
  index_view<device> offsets;         ///< by offsets
  std::int64_t n = 0;                 ///< rows
  std::int64_t most = 0;              ///< groups at most
  std::int32_t const* row = nullptr;  ///< by id: sorted rows
  std::int32_t const* begin = nullptr;
  std::int32_t const* count = nullptr;  ///< [1] groups

  __device__ std::int64_t groups() const { return count == nullptr ? most : *count; }
  __device__ std::int64_t first(std::int64_t g) const {
    if (count == nullptr) return within(offsets[g]);
    return g < *count ? begin[g] : n;
  }
  /// Offsets that fall or reach beyond the rows are clamped.
  __device__ std::int64_t size(std::int64_t g) const {
    std::int64_t const k = first(g + 1) - first(g);
    return k > 0 ? k : 0;
  }
  __device__ std::int64_t operator()(std::int64_t k) const { return row == nullptr ? k : row[k]; }
  __device__ bool in_order(std::int64_t g) const {
    return count != nullptr ||
           (offsets[g] <= offsets[g + 1] && offsets[g] == first(g) && offsets[g + 1] == first(g + 1) &&
            (g > 0 || offsets[0] == 0) && (g + 1 < most || offsets[most] == n));
  }

 private:
  __device__ std::int64_t within(std::int64_t x) const { return x < 0 ? 0 : (x > n ? n : x); }
};

/// Ids as keys of a radix sort. Equal ids are one group; which comes first is of no consequence, so signs are no matter
/// and int32 ids need half of the passes.
template <class Id>
AHA_KERNEL void id_keys_kernel(Id const* ids, std::int64_t n, std::uint64_t* key, std::int32_t* row) {
  std::int64_t const i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  key[i] = static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<Id>>(ids[i]));
  row[i] = static_cast<std::int32_t>(i);
}
/// Whether the k-th of sorted keys begins a group.
struct begins_group {
  std::uint64_t const* key;
  __device__ bool operator()(std::int32_t k) const { return k == 0 || key[k] != key[k - 1]; }
};

/// Sorting by id: its arrays in the workspace, and the work.
class id_sort {
 public:
  id_sort(index_view<device> ids, workspace_layout& w) : ids_(ids), n_(ids.size()) {
    for (auto*& k : key_) k = w.take<std::uint64_t>(n_);
    for (auto*& r : row_) r = w.take<std::int32_t>(n_);
    begin_ = w.take<std::int32_t>(n_ + 1);
    count_ = w.take<std::int32_t>(1);
    (void)sort(nullptr, nullptr);
    std::size_t select = 0;
    (void)cub::DeviceSelect::If(nullptr, select, thrust::counting_iterator<std::int32_t>(0), begin_, count_,
                                static_cast<std::int32_t>(n_), begins_group{nullptr});
    if (bytes_ < select) bytes_ = select;
    scratch_ = w.take<unsigned char>(static_cast<std::int64_t>(bytes_));
  }

  /// Enqueues the sort; the result's arrays are the workspace's.
  group_rows launch(launcher& go) {
    std::int64_t const blocks = (n_ + 255) / 256;
    if (ids_.wide) {
      go(id_keys_kernel<std::int64_t>, blocks, 256, 0, static_cast<std::int64_t const*>(ids_.data), n_, key_[0],
         row_[0]);
    } else {
      go(id_keys_kernel<std::int32_t>, blocks, 256, 0, static_cast<std::int32_t const*>(ids_.data), n_, key_[0],
         row_[0]);
    }
    if (go.ok()) go.take(sort(scratch_, go.stream()));
    if (go.ok()) {
      go.take(cub::DeviceSelect::If(scratch_, bytes_, thrust::counting_iterator<std::int32_t>(0), begin_, count_,
                                    static_cast<std::int32_t>(n_), begins_group{key_[1]}, go.stream()));
    }
    group_rows r;
    r.n = n_;
    r.most = n_;
    r.row = row_[1];
    r.begin = begin_;
    r.count = count_;
    return r;
  }

 private:
  cudaError_t sort(void* scratch, cudaStream_t stream) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes_, key_[0], key_[1], row_[0], row_[1],
                                           static_cast<std::int32_t>(n_), 0, ids_.wide ? 64 : 32, stream);
  }

  index_view<device> ids_;
  std::int64_t n_;
  std::uint64_t* key_[2];
  std::int32_t* row_[2];
  std::int32_t* begin_ = nullptr;
  std::int32_t* count_ = nullptr;
  std::size_t bytes_ = 0;
  unsigned char* scratch_ = nullptr;
};

AHA_KERNELS_END
AHA_NAMESPACE_END

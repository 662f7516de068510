// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/row_on_chip.cuh>
#include <aha/cuda/row_write.cuh>
#include <atomic>

AHA_NAMESPACE_BEGIN

/// What of a device decides how rows are cut.
struct device_limits {
  int device = 0;
  int major = 0;           ///< compute capability
  int shared_a_block = 0;  ///< bytes of shared memory that a block may ask for
  int shared_a_processor = 0;
};

/// Of the current device; asked for once a device.
inline cudaError_t limits_of_device(device_limits& to) {
  constexpr int known_devices = 64;
  static std::atomic<std::uint64_t> known[known_devices];  // major, block, processor: 8, 28 and 28 bits
  int device = 0;
  if (cudaError_t const e = cudaGetDevice(&device); e != cudaSuccess) return e;
  std::uint64_t packed = device < known_devices ? known[device].load(std::memory_order_relaxed) : 0;
  if (packed == 0) {
    int values[3] = {};
    cudaDeviceAttr const attributes[3] = {cudaDevAttrComputeCapabilityMajor, cudaDevAttrMaxSharedMemoryPerBlockOptin,
                                          cudaDevAttrMaxSharedMemoryPerMultiprocessor};
    for (int k = 0; k < 3; ++k) {
      if (cudaError_t const e = cudaDeviceGetAttribute(&values[k], attributes[k], device); e != cudaSuccess) return e;
    }
    packed = static_cast<std::uint64_t>(values[0]) << 56U | static_cast<std::uint64_t>(values[1]) << 28U |
             static_cast<std::uint64_t>(values[2]);
    if (device < known_devices) known[device].store(packed, std::memory_order_relaxed);
  }
  constexpr std::uint64_t low = (1U << 28U) - 1;
  to = {device, static_cast<int>(packed >> 56U), static_cast<int>(packed >> 28U & low), static_cast<int>(packed & low)};
  return cudaSuccess;
}

/// How many blocks share a row of so many bytes; 0: too long for shared memory. Three blocks a multiprocessor hide each
/// other's waiting, so that slices are best below 76 KB, then below 104 KB (two blocks), whatever the number of blocks.
///
/// Measured on an H100 (132 multiprocessors, copy 3.01 TB/s), 8192 rows, bf16, percent of a device-to-device copy:
///   V = 151936: 2 blocks 86.3, 3 blocks 94.5, 4 blocks 86, 5 blocks 95.4        V = 128256: 5 blocks 95.3, 4 blocks 93.4
///   V = 50257: 1 block 95.7, 2 blocks 95.4      V = 248320: 5 blocks 94.1, 8 blocks 93.8, 3 blocks 79.5, 4 blocks 74.7
///   V = 151936, fp32: 6 blocks 100.3, 3 blocks 94, 8 blocks 88.3, 5 blocks 79.7
inline int row_cluster(std::int64_t bytes, int shared_a_block) {
  constexpr std::int64_t kilobyte = 1024;
  std::int64_t const most[max_row_cluster + 1] = {
      0, 104 * kilobyte, 150 * kilobyte, 225 * kilobyte, 0, 520 * kilobyte, 624 * kilobyte, 0, 832 * kilobyte};
  std::int64_t const room = shared_a_block - 4 * kilobyte;
  for (int cluster = 1; cluster <= max_row_cluster; ++cluster) {
    if (bytes <= most[cluster] && bytes <= cluster * room) return cluster;
  }
  return bytes <= max_row_cluster * room ? max_row_cluster : 0;
}

/// Threads of a block in every vocabulary kernel but the two sweeps: more are slower, fewer leave loads waiting.
inline constexpr int row_threads = 256;
inline constexpr int sweep_threads = 512;

/// The largest vocabulary: positions in a row are 32-bit.
inline constexpr std::int64_t most_vocabulary = std::int64_t(1) << 30U;

AHA_KERNELS_BEGIN

/// Calls f with a null pointer of the storage type; float64 has been refused.
template <class F>
void for_stored_type(dtype d, F const& f) {
  if (d == dtype::bfloat16) {
    f(static_cast<bfloat16*>(nullptr));
  } else if (d == dtype::float16) {
    f(static_cast<float16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
}
/// Calls f with std::true_type or std::false_type.
template <class F>
void for_flag(bool flag, F const& f) {
  flag ? f(std::true_type()) : f(std::false_type());
}

/// Whether the current device runs this kernel's code for sm_90 or later. A program that was built for older devices runs
/// on newer ones too, by code without clusters. Asked for once a kernel and device.
template <class... Parameters>
bool has_cluster_code(launcher& launch, device_limits const& limits, void (*kernel)(Parameters...),
                      std::atomic<std::uint64_t> (&known)[2]) {
  if (limits.major < 9) return false;
  std::uint64_t const bit = std::uint64_t(1) << (static_cast<unsigned>(limits.device) % 64U);
  if (limits.device < 64) {
    if ((known[0].load(std::memory_order_relaxed) & bit) != 0) return true;
    if ((known[1].load(std::memory_order_relaxed) & bit) != 0) return false;
  }
  cudaFuncAttributes attributes{};
  launch.take(cudaFuncGetAttributes(&attributes, kernel));
  bool const has = launch.ok() && attributes.ptxVersion >= 90;
  if (launch.ok() && limits.device < 64) known[has ? 0 : 1].fetch_or(bit, std::memory_order_relaxed);
  return has;
}

/// Loss and gradient of every row of one storage type. A function of its own, which a program may compile apart.
template <class Stored, class Source>
void launch_stored_row_losses(launcher& launch, row_problem const& p, Source const& source) {
  device_limits limits;
  launch.take(limits_of_device(limits));
  if (!launch.ok()) return;
  std::int64_t const bytes = p.rows.vocabulary * static_cast<std::int64_t>(sizeof(Stored));
  auto const on_chip = row_on_chip_kernel<Stored, row_threads, Source>;
  static std::atomic<std::uint64_t> known[2];
  int const cluster = has_cluster_code(launch, limits, on_chip, known) ? row_cluster(bytes, limits.shared_a_block) : 0;
  if (cluster > 0) {
    row_on_chip_shape const shape = shape_of_row<Stored>(p.rows.vocabulary, cluster);
    return launch.clusters(on_chip, p.rows.size(), cluster, row_threads, shape.shared_bytes, p, shape, source);
  }
  // Two blocks a multiprocessor, each with half of its shared memory for the row.
  int const share = limits.shared_a_processor / 2 - 3 * 1024;
  int const kept_bytes = share < bytes ? share / granule_bytes * granule_bytes : static_cast<int>(bytes);
  launch.clusters(row_two_sweeps_kernel<Stored, sweep_threads, Source>, p.rows.size(), 1, sweep_threads, kept_bytes, p,
                  kept_bytes / granule_bytes, source);
}

/// Loss and gradient of every row.
template <class Source>
void launch_row_losses(launcher& launch, row_problem const& p, Source const& source) {
  if (!launch.ok() || p.rows.vocabulary == 0) return;
  for_stored_type(p.rows.type, [&](auto* tag) {
    launch_stored_row_losses<std::remove_pointer_t<decltype(tag)>>(launch, p, source);
  });
}

/// One read of every row.
template <class Sink>
void launch_row_softmax(launcher& launch, row_problem const& p, bool entropy, Sink const& sink) {
  for_stored_type(p.rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    for_flag(entropy, [&](auto flag) {
      launch(row_softmax_kernel<Stored, row_threads, decltype(flag)::value, Sink>, p.rows.size(), row_threads, 0, p,
             sink);
    });
  });
}

/// The gradient of every row from its coefficients.
template <class Source>
void launch_row_gradients(launcher& launch, row_problem const& p, bool entropy, Source const& source) {
  if (p.rows.vocabulary == 0) return;  // an empty shard
  for_stored_type(p.rows.type, [&](auto* tag) {
    using Stored = std::remove_pointer_t<decltype(tag)>;
    for_flag(entropy, [&](auto flag) {
      launch(row_gradient_kernel<Stored, row_threads, decltype(flag)::value, Source>, p.rows.size(), row_threads, 0, p,
             source);
    });
  });
}

AHA_KERNELS_END
AHA_NAMESPACE_END

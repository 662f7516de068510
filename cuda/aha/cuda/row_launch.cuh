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

/// How many blocks share a row of so many bytes; 0: too long for shared memory. Several blocks a multiprocessor hide each
/// other's waiting, whatever row they have: slices of 40 to 75 KB are best, then those below 104 KB.
///
/// Measured on an H100 (132 multiprocessors, copy 3.0 TB/s), `loss_from_logits` of [8192, V] bf16, blocks: percent of a copy
///   50257   1: 86.6  2: 87.7  3: 77       65536   2: 84.6  3: 84.9  4: 79       100352  2: 87.2  3: 85.1  4: 88.2  5: 85.5
///   128256  4: 88.7  5: 91.3  6: 87.2     151936  3: 90.5  5: 91.2  6: 87.3     202048  5: 88.9  6: 90.0  8: 93.5
///   248320  5: 89.6  7: 93.9  8: 89.7     and fp32 151936, the kernel alone: 6: 100.3  3: 94  8: 88.3  5: 79.7
inline int row_cluster(std::int64_t bytes, int shared_a_block) {
  struct choice {
    int kilobytes;  ///< rows up to so many
    int cluster;
  };
  constexpr choice best[] = {{104, 1}, {150, 2}, {225, 4}, {330, 5}, {410, 8}, {505, 7}, {624, 6}, {832, 8}};
  constexpr std::int64_t kilobyte = 1024;
  std::int64_t const room = shared_a_block - 4 * kilobyte;
  for (choice const& c : best) {
    if (bytes <= c.kilobytes * kilobyte && bytes <= c.cluster * room) return c.cluster;
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

/// What is known of one kernel on each device: twice the address of the kernel that has been prepared there, and 1 where its
/// code is for sm_90 or later. The address because shared objects of one program may share this static, never a kernel.
struct kernel_facts {
  static constexpr int devices = 64;
  std::atomic<std::uintptr_t> known[devices];
};
/// Allows a kernel all shared memory that a block of the current device may ask for; once a kernel and device, by whichever
/// thread comes first (all would say the same). Returns whether the device runs its code for sm_90 or later: a program that
/// was built for older devices runs on newer ones too, by code without clusters.
template <class... Parameters>
bool prepare_kernel(launcher& launch, device_limits const& limits, void (*kernel)(Parameters...), kernel_facts& facts) {
  std::uintptr_t const prepared = reinterpret_cast<std::uintptr_t>(kernel) * 2;
  bool const remembered = limits.device < kernel_facts::devices;
  if (remembered) {
    std::uintptr_t const found = facts.known[limits.device].load(std::memory_order_acquire);
    if ((found & ~std::uintptr_t(1)) == prepared) return (found & 1U) != 0;
  }
  cudaFuncAttributes attributes{};
  launch.take(cudaFuncGetAttributes(&attributes, kernel));
  if (!launch.ok()) return false;
  int const room = limits.shared_a_block - static_cast<int>(attributes.sharedSizeBytes);
  launch.take(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, room));
  bool const has = limits.major >= 9 && attributes.ptxVersion >= 90;
  if (launch.ok() && remembered) {
    facts.known[limits.device].store(prepared | (has ? 1U : 0U), std::memory_order_release);
  }
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
  static kernel_facts of_on_chip;
  int const cluster =
      prepare_kernel(launch, limits, on_chip, of_on_chip) ? row_cluster(bytes, limits.shared_a_block) : 0;
  if (cluster > 0) {
    row_on_chip_shape const shape = shape_of_row<Stored>(p.rows.vocabulary, cluster);
    return launch.clusters(on_chip, p.rows.size(), cluster, row_threads, shape.shared_bytes, p, shape, source);
  }
  // Two blocks a multiprocessor, each with half of its shared memory for the row.
  int const share = limits.shared_a_processor / 2 - 3 * 1024;
  int const kept_bytes = share < bytes ? share / granule_bytes * granule_bytes : static_cast<int>(bytes);
  auto const two_sweeps = row_two_sweeps_kernel<Stored, sweep_threads, Source>;
  static kernel_facts of_two_sweeps;
  prepare_kernel(launch, limits, two_sweeps, of_two_sweeps);
  launch.clusters(two_sweeps, p.rows.size(), 1, sweep_threads, kept_bytes, p, kept_bytes / granule_bytes, source);
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

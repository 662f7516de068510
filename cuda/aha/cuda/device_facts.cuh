// SPDX-License-Identifier: MIT
#pragma once

#include <aha/cuda/exec.cuh>
#include <atomic>

AHA_NAMESPACE_BEGIN

/// What of a device decides how kernels are launched.
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

AHA_KERNELS_BEGIN

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

AHA_KERNELS_END
AHA_NAMESPACE_END

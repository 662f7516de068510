// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstdint>

AHA_NAMESPACE_BEGIN

// The bulk copy engine of sm_90 and later: one thread asks for many bytes, which arrive in shared memory by themselves and
// are counted by a barrier; and blocks of a cluster write into each other's shared memory the same way.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

__device__ inline std::uint32_t shared_address(void const* p) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}
/// A barrier that one arrival and the announced bytes complete. The others see it after the block's next barrier.
__device__ inline void init_barrier(std::uint64_t* barrier) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(barrier)) : "memory");
}
/// Makes initialised barriers known to the copy engine.
__device__ inline void publish_barriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ inline void expect_bytes(std::uint64_t* barrier, std::uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}
/// Starts the copy of `bytes` (a multiple of 16, from and to multiples of 16). What is read will not be read again soon.
__device__ inline void start_copy(void* to, void const* from, std::uint32_t bytes, std::uint64_t* barrier) {
  constexpr std::uint64_t evict_first = 0x12F0000000000000ULL;
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;" ::
          "r"(shared_address(to)),
      "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(shared_address(barrier)), "l"(evict_first)
      : "memory");
}
/// Starts the copy of `bytes` of shared memory, whose writers have called `publish_shared` and met at a barrier.
__device__ inline void start_store(void* to, void const* from, std::uint32_t bytes) {
  constexpr std::uint64_t evict_first = 0x12F0000000000000ULL;
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%0], [%1], %2, %3;" ::"l"(
                   __cvta_generic_to_global(to)),
               "r"(shared_address(from)), "r"(bytes), "l"(evict_first)
               : "memory");
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
/// Makes the thread's ordinary writes to shared memory visible to the copy engine.
__device__ inline void publish_shared() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
/// Waits until the copy engine has read what this thread asked it to store.
__device__ inline void wait_stores_read() { asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); }
/// Tells the cluster that this block has begun; what other blocks do to its shared memory waits for `cluster_has_begun`.
/// Orders nothing but initialised barriers.
__device__ inline void begin_in_cluster() { asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory"); }
__device__ inline void cluster_has_begun() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }
/// Writes sixteen bytes to the same place in the shared memory of another block of the cluster; they count as arrived at
/// that block's `barrier`.
__device__ inline void send(uint4 const& value, void* to, std::uint64_t* barrier, int block) {
  std::uint32_t there;
  std::uint32_t barrier_there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(shared_address(to)), "r"(block));
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(barrier_there) : "r"(shared_address(barrier)), "r"(block));
  asm volatile(
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(there),
      "r"(value.x), "r"(value.y), "r"(value.z), "r"(value.w), "r"(barrier_there)
      : "memory");
}
/// Waits for the barrier's first completion.
__device__ inline void wait_barrier(std::uint64_t* barrier) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], 0;\n"
      "@!done bra again;\n"
      "}\n" ::"r"(shared_address(barrier))
      : "memory");
}

#endif

AHA_NAMESPACE_END

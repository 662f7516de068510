// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <stdexcept>
#include <type_traits>

// Kernels are templates, whose symbols are weak: of two shared objects in one process, built for different architectures
// or from different versions, the loader would keep one host stub for both, and a launch would find no code. Kernels are
// therefore hidden, and live in an inline namespace that names the architectures, inside the one that names the version.
// Types stay outside of it: what a .cpp and a .cu file hand to each other has one name in both.
#if defined(__CUDA_ARCH_LIST__)
#define AHA_DETAIL_ARCHS(...) AHA_DETAIL_ARCHS_PASTE(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define AHA_DETAIL_ARCHS_PASTE(a, b, c, d, e, f, g, h, i, j, k, l, ...) \
  sm_##a##_##b##_##c##_##d##_##e##_##f##_##g##_##h##_##i##_##j##_##k##_##l
#define AHA_KERNEL_ABI AHA_DETAIL_ARCHS(__CUDA_ARCH_LIST__)
#else
#define AHA_KERNEL_ABI sm_unknown
#endif
/// Around kernels and the functions that launch them, inside AHA_NAMESPACE_BEGIN and AHA_NAMESPACE_END.
#define AHA_KERNELS_BEGIN inline namespace AHA_KERNEL_ABI {
#define AHA_KERNELS_END }
/// `template <...> AHA_KERNEL void name_kernel(...)`.
#define AHA_KERNEL __attribute__((visibility("hidden"))) __global__

AHA_NAMESPACE_BEGIN

namespace exec {

/// The CUDA engine on the caller's stream and current device. Calls enqueue work and return: they set no device,
/// allocate nothing, never synchronise and may be captured into a graph. Pointers and workspace must stay valid until
/// the stream has done the work.
struct cuda {
  cudaStream_t stream = nullptr;
};

}  // namespace exec

/// True for the execution policy of the CUDA engine.
template <class E>
inline constexpr bool is_cuda_exec = std::is_same_v<E, exec::cuda>;

/// What an entry point of the CUDA engine gives back; only ever not ok without exceptions. `code` is the runtime's where
/// the runtime refused a launch.
struct launch_result {
  aha::status status;
  cudaError_t code = cudaSuccess;
};

#if AHA_EXCEPTIONS
/// A launch that the runtime refused: `aha::<function>: launch: expected success, got <name>: <text>`.
class cuda_error : public std::runtime_error {
 public:
  cuda_error(std::string const& message, cudaError_t why) : std::runtime_error(message), code_(why) {}
  [[nodiscard]] cudaError_t code() const noexcept { return code_; }

 private:
  cudaError_t code_;
};
#endif

/// Ends an entry point whose launch failed: throws `cuda_error`, or returns the status and the code.
inline launch_result fail_launch(std::string_view function, cudaError_t code) {
  status const s =
      bad_argument(function, "launch", "success", text(cudaGetErrorName(code), ": ", cudaGetErrorString(code)));
#if AHA_EXCEPTIONS
  throw cuda_error(s.message(), code);
#else
  return {s, code};
#endif
}

/// The first thing that every kernel of a loss does: waits for the kernel before it to be complete, and lets the one behind it
/// come as soon as all blocks have begun. Between two kernels of a call then lies no launch. Older devices know nothing
/// of it.
__device__ inline void follow_kernel_before() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

/// Launches of one call, the first failure kept: later ones are not made.
class launcher {
 public:
  launcher(exec::cuda const& e, std::string_view function) : stream_(e.stream), function_(function) {}

  /// `kernel<<<blocks, threads, shared_bytes, stream>>>(arguments...)`; nothing where there are no blocks.
  template <class... Parameters, class... Arguments>
  void operator()(void (*kernel)(Parameters...), std::int64_t blocks, int threads, std::size_t shared_bytes,
                  Arguments const&... arguments) {
    enqueue(kernel, blocks, 1, threads, shared_bytes, arguments...);
  }
  /// A kernel whose blocks meet in clusters (sm_90 and later; 1: none), with what shared memory it has been allowed.
  template <class... Parameters, class... Arguments>
  void clusters(void (*kernel)(Parameters...), std::int64_t count, int cluster, int threads, int shared_bytes,
                Arguments const&... arguments) {
    if (code_ != cudaSuccess || count <= 0) return;
    enqueue(kernel, count * cluster, cluster, threads, static_cast<std::size_t>(shared_bytes), arguments...);
  }
  /// From here on kernels are launched while the one before runs: they, and the next one, begin by `follow_kernel_before`.
  void overlap(bool possible) { overlap_ = possible; }
  [[nodiscard]] bool overlaps() const { return overlap_; }
  /// For a call of the runtime or of CUB on `stream()`.
  void take(cudaError_t code) {
    if (code_ == cudaSuccess) code_ = code;
  }
  [[nodiscard]] bool ok() const { return code_ == cudaSuccess; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  /// What the entry point returns.
  [[nodiscard]] launch_result result() const { return ok() ? launch_result{} : fail_launch(function_, code_); }

 private:
  template <class... Parameters, class... Arguments>
  void enqueue(void (*kernel)(Parameters...), std::int64_t blocks, int cluster, int threads, std::size_t shared_bytes,
               Arguments const&... arguments) {
    if (code_ != cudaSuccess || blocks <= 0) return;
    if (blocks > most_blocks) {
      code_ = cudaErrorInvalidConfiguration;
      return;
    }
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(blocks));
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream_;
    cudaLaunchAttribute attributes[2] = {};
    config.attrs = attributes;
    if (cluster > 1) {
      cudaLaunchAttribute& shape = attributes[config.numAttrs++];
      shape.id = cudaLaunchAttributeClusterDimension;
      shape.val.clusterDim.x = static_cast<unsigned>(cluster);
      shape.val.clusterDim.y = 1;
      shape.val.clusterDim.z = 1;
    }
    // The first kernel of a call follows one of the caller's, which knows nothing of what comes.
    if (overlap_ && begun_) {
      cudaLaunchAttribute& early = attributes[config.numAttrs++];
      early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
      early.val.programmaticStreamSerializationAllowed = 1;
    }
    begun_ = true;
    code_ = cudaLaunchKernelEx(&config, kernel, arguments...);
  }

  static constexpr std::int64_t most_blocks = 2147483647;  // of grid x
  cudaStream_t stream_;
  std::string_view function_;
  cudaError_t code_ = cudaSuccess;
  bool overlap_ = false;
  bool begun_ = false;
};

AHA_NAMESPACE_END

// SPDX-License-Identifier: MIT
#pragma once

#include <aha/version.hpp>

// A sanitizer checks every access: of loops that are one function, compilers make units that take ten minutes.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define AHA_DETAIL_INLINES 1
#else
#define AHA_DETAIL_INLINES 0
#endif

/// Inner functions of loops: compilers give up on inlining into large loops, and a call costs more than what is called.
#if AHA_DETAIL_INLINES
#define AHA_INLINE __attribute__((always_inline)) inline
#define AHA_INLINE_LAMBDA __attribute__((always_inline))
#else
#define AHA_INLINE inline
#define AHA_INLINE_LAMBDA
#endif

/// A function that holds a loop of lanes: implicit constructors, which no attribute can mark, are inlined into it too.
#if AHA_DETAIL_INLINES
#define AHA_FLATTEN __attribute__((flatten))
#else
#define AHA_FLATTEN
#endif

/// Marks what may run in a kernel: the only trace of nvcc under `include/`. On the host it is part of a loop over lanes.
#if defined(__CUDACC__)
#define AHA_FN __host__ __device__
/// Before a template marked AHA_FN that calls what its caller hands in: nvcc would warn of a host lambda in it.
#define AHA_CALLS_CALLER _Pragma("nv_exec_check_disable")
#elif AHA_DETAIL_INLINES
#define AHA_FN __attribute__((always_inline))
#define AHA_CALLS_CALLER
#else
#define AHA_FN
#define AHA_CALLS_CALLER
#endif

/// 1 where a function marked AHA_FN is compiled for a kernel.
#if defined(__CUDA_ARCH__)
#define AHA_DEVICE_CODE 1
#else
#define AHA_DEVICE_CODE 0
#endif

/// 1 where the host compiles with exceptions; without them entry points return a status instead of throwing.
#if defined(__cpp_exceptions)
#define AHA_EXCEPTIONS 1
#else
#define AHA_EXCEPTIONS 0
#endif

// Two objects of one program may be compiled with different -m flags. Their inline functions would share one symbol, and
// the linker would keep either copy: an AVX-512 body could then run on a machine without it, and the bitwise promises
// would depend on link order. Version and instruction set are therefore part of the inline namespace's name.
#if defined(__SSE3__)
#define AHA_DETAIL_B0 1
#else
#define AHA_DETAIL_B0 0
#endif
#if defined(__SSE4_1__)
#define AHA_DETAIL_B1 1
#else
#define AHA_DETAIL_B1 0
#endif
#if defined(__SSE4_2__)
#define AHA_DETAIL_B2 1
#else
#define AHA_DETAIL_B2 0
#endif
#if defined(__AVX__)
#define AHA_DETAIL_B3 1
#else
#define AHA_DETAIL_B3 0
#endif
#if defined(__AVX2__)
#define AHA_DETAIL_B4 1
#else
#define AHA_DETAIL_B4 0
#endif
#if defined(__FMA__)
#define AHA_DETAIL_B5 1
#else
#define AHA_DETAIL_B5 0
#endif
#if defined(__BMI2__)
#define AHA_DETAIL_B6 1
#else
#define AHA_DETAIL_B6 0
#endif
#if defined(__AVX512F__)
#define AHA_DETAIL_B7 1
#else
#define AHA_DETAIL_B7 0
#endif
#if defined(__AVX512DQ__) && defined(__AVX512BW__)
#define AHA_DETAIL_B8 1
#else
#define AHA_DETAIL_B8 0
#endif
#if defined(__AVX512VL__)
#define AHA_DETAIL_B9 1
#else
#define AHA_DETAIL_B9 0
#endif
#if defined(__AVX512VNNI__) || defined(__AVX512VBMI__) || defined(__AVX512BF16__)
#define AHA_DETAIL_B10 1
#else
#define AHA_DETAIL_B10 0
#endif
#if defined(__F16C__)
#define AHA_DETAIL_B11 1
#else
#define AHA_DETAIL_B11 0
#endif

// Lanes of one token each (aha/cpu/simd.hpp) are other types under the same names, too.
#if defined(AHA_WITHOUT_XSIMD)
#define AHA_DETAIL_B12 1
#else
#define AHA_DETAIL_B12 0
#endif

#define AHA_DETAIL_PASTE(a, b, c, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12) \
  v##a##_##b##_##c##_isa_##s0##s1##s2##s3##s4##s5##s6##s7##s8##s9##s10##s11##s12
#define AHA_DETAIL_EXPAND(...) AHA_DETAIL_PASTE(__VA_ARGS__)
#define AHA_ABI                                                                                               \
  AHA_DETAIL_EXPAND(AHA_VERSION_MAJOR, AHA_VERSION_MINOR, AHA_VERSION_PATCH, AHA_DETAIL_B0, AHA_DETAIL_B1,    \
                    AHA_DETAIL_B2, AHA_DETAIL_B3, AHA_DETAIL_B4, AHA_DETAIL_B5, AHA_DETAIL_B6, AHA_DETAIL_B7, \
                    AHA_DETAIL_B8, AHA_DETAIL_B9, AHA_DETAIL_B10, AHA_DETAIL_B11, AHA_DETAIL_B12)

/// Every header opens and closes the library's namespace with this pair.
#define AHA_NAMESPACE_BEGIN \
  namespace aha {           \
  inline namespace AHA_ABI {
#define AHA_NAMESPACE_END \
  }                       \
  }

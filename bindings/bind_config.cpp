// SPDX-License-Identifier: MIT
// What a compiled module knows of itself; aha/_config.py shows it.
#include <aha/core/config.hpp>
#include <aha/cpu/simd.hpp>
#include <aha/interop/dlpack_abi.hpp>
#include <thread>

#include "bind.hpp"

namespace aha_python {
namespace {

/// The highest x86-64 level of the psABI that the compiler was told to use.
char const* compiled_level() {
#if !defined(__x86_64__)
  return "the compiler's default";
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  return "x86-64-v4";
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
  return "x86-64-v3";
#elif defined(__SSE4_2__)
  return "x86-64-v2";
#else
  return "x86-64";
#endif
}

py::dict build_config() {
  using namespace py::literals;
#if defined(__clang__)
  char const* const compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
  char const* const compiler = "gcc " __VERSION__;
#else
  char const* const compiler = "unknown";
#endif
#if defined(AHA_WITHOUT_XSIMD)
  char const* const simd = "none: built without xsimd, one token a lane";
#else
  char const* const simd =
      "xsimd " AHA_TEXT(XSIMD_VERSION_MAJOR) "." AHA_TEXT(XSIMD_VERSION_MINOR) "." AHA_TEXT(XSIMD_VERSION_PATCH);
#endif
  py::list executors;
  executors.append("serial");
  executors.append("std::thread");
#if defined(_OPENMP)
  executors.append("OpenMP");
#endif
  return py::dict(
      "abi"_a = AHA_TEXT(AHA_ABI), "compiler"_a = compiler, "instruction_set"_a = compiled_level(),
      "lanes"_a = py::dict("float32"_a = aha::lane_ops<aha::simd_lane<float>>::width,
                           "float64"_a = aha::lane_ops<aha::simd_lane<double>>::width),
      "simd"_a = simd, "threads"_a = std::thread::hardware_concurrency(), "executors"_a = executors,
      "dlpack"_a = std::to_string(aha::dlpack::major_version) + "." + std::to_string(aha::dlpack::minor_version),
      "pybind11"_a = AHA_TEXT(PYBIND11_VERSION_MAJOR) "." AHA_TEXT(PYBIND11_VERSION_MINOR));
}

}  // namespace

void bind_config(py::module_& m) {
  m.def("_build_config", &build_config, "What show_config shows of the compiled module.");
}

}  // namespace aha_python

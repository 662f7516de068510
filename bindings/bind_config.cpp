// SPDX-License-Identifier: MIT
// What the compiled half knows of itself and of the machine; aha/_config.py shows it.
#include <aha/core/config.hpp>
#include <aha/cpu/simd.hpp>
#include <aha/interop/dlpack_abi.hpp>
#include <thread>

#include "bind.hpp"

#define AHA_TEXT_OF(...) #__VA_ARGS__
#define AHA_TEXT(...) AHA_TEXT_OF(__VA_ARGS__)

namespace aha_python {
namespace {

/// The highest x86-64 level of the psABI that holds: what this code needs, or what this machine has.
#if defined(__x86_64__)
char const* compiled_level() {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  return "x86-64-v4";
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
  return "x86-64-v3";
#elif defined(__SSE4_2__)
  return "x86-64-v2";
#else
  return "x86-64";
#endif
}
char const* machine_level() {
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0)
    return "x86-64-v4";
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("bmi2") != 0)
    return "x86-64-v3";
  return __builtin_cpu_supports("sse4.2") != 0 ? "x86-64-v2" : "x86-64";
}
#else
char const* compiled_level() { return "the compiler's default"; }
char const* machine_level() { return "unknown"; }
#endif

py::dict build_config() {
  using namespace py::literals;
#if defined(__clang__)
  char const* const compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
  char const* const compiler = "gcc " __VERSION__;
#else
  char const* const compiler = "unknown";
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
      "cpu"_a = machine_level(), "threads"_a = std::thread::hardware_concurrency(), "executors"_a = executors,
      "dlpack"_a = std::to_string(aha::dlpack::major_version) + "." + std::to_string(aha::dlpack::minor_version),
      "pybind11"_a = AHA_TEXT(PYBIND11_VERSION_MAJOR) "." AHA_TEXT(PYBIND11_VERSION_MINOR));
}

}  // namespace

void bind_config(py::module_& m) {
  m.def("_build_config", &build_config, "What show_config shows of the compiled half.");
}

}  // namespace aha_python

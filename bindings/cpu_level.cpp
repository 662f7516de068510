// SPDX-License-Identifier: MIT
// `aha._cpu`: which x86-64 level this machine runs. Compiled for the first x86-64 of all, because it runs before anybody
// knows better; hence the bare C API: what pybind11 would bring is not needed.
#include <Python.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

#if defined(__x86_64__)
/// A feature that no compiler's `__builtin_cpu_supports` may be asked for: the bit of ecx in a CPUID leaf.
bool has_bit(unsigned leaf, unsigned bit) {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(leaf, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit) != 0;
}

/// The highest level of the psABI that holds. `__builtin_cpu_supports` says yes to AVX and AVX-512 only where the
/// operating system saves those registers too.
char const* machine_level() {
  __builtin_cpu_init();
  unsigned const basic = 1;
  unsigned const extended = 0x80000001;
  bool const v2 = __builtin_cpu_supports("sse3") != 0 && __builtin_cpu_supports("ssse3") != 0 &&
                  __builtin_cpu_supports("sse4.1") != 0 && __builtin_cpu_supports("sse4.2") != 0 &&
                  __builtin_cpu_supports("popcnt") != 0 && has_bit(basic, bit_CMPXCHG16B) &&
                  has_bit(extended, bit_LAHF_LM);
  if (!v2) return "v1";
  bool const v3 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                  __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                  has_bit(basic, bit_F16C) && has_bit(basic, bit_MOVBE) && has_bit(extended, bit_ABM);
  if (!v3) return "v2";
  bool const v4 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                  __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                  __builtin_cpu_supports("avx512vl") != 0;
  return v4 ? "v4" : "v3";
}
#else
char const* machine_level() { return "generic"; }
#endif

PyObject* level(PyObject* /*module*/, PyObject* /*none*/) { return PyUnicode_FromString(machine_level()); }

PyMethodDef methods[] = {
    {"level", &level, METH_NOARGS,
     "level()\n--\n\nThe highest x86-64 level that processor and operating system run: \"v1\" to \"v4\"; elsewhere "
     "\"generic\"."},
    {nullptr, nullptr, 0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_cpu",
                          "Which instruction set this machine runs; import aha.",
                          0,
                          methods,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModule_Create(&definition); }

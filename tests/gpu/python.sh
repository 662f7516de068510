#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash tests/gpu/python.sh [PYTEST_ARGUMENT ...]
#
# Builds the Python module for this machine's GPU in build/gpu/python and runs test_*.py here, then the golden suite through the
# CUDA engine. Needs nvcc, and Python with PyTorch, pybind11 and pytest (AHA_PYTHON, else python3); nothing is downloaded. The
# host's half is built without xsimd where there is none: correct and slow. Ends with "N passed, N failed".
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
tree="$root/build/gpu/python"
python="${AHA_PYTHON:-python3}"
mkdir -p "$tree"

capability="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')"
xsimd=ON
printf '#include <xsimd/xsimd.hpp>\n' | "${CXX:-g++}" -std=c++17 -fsyntax-only -x c++ - 2>/dev/null || xsimd=OFF
configure=(-S "$root" -B "$tree" -DCMAKE_BUILD_TYPE=Release -DAHA_BUILD_PYTHON=ON -DAHA_BUILD_TESTS=OFF
  -DAHA_BUILD_EXAMPLES=OFF -DAHA_INSTALL=OFF -DAHA_CUDA=ON "-DAHA_CUDA_ARCHITECTURES=$capability" "-DAHA_XSIMD=$xsimd"
  -DAHA_PYTHON_LEVELS="${AHA_PYTHON_LEVELS:-v3}" "-DPython_EXECUTABLE=$(command -v "$python")"
  "-DCMAKE_CUDA_COMPILER=$(command -v nvcc)")
{ cmake "${configure[@]}" && cmake --build "$tree" -j "$(nproc)"; } >"$tree/build.log" 2>&1 ||
  { grep -E 'error|Error' -A 5 "$tree/build.log" | head -n 40; printf '0 passed, 1 failed\n'; exit 1; }
ls -l "$tree/package/aha/"_aha_cuda*

passed=0 failed=0
run() { # NAME COMMAND...
  local log="$tree/$1.log" name="$1"
  shift
  PYTHONPATH="$tree/package${PYTHONPATH:+:$PYTHONPATH}" "$@" >"$log" 2>&1
  local code=$? line p f
  line="$(tail -n 1 "$log")"
  p="$(grep -oE '[0-9]+ passed' <<<"$line" | grep -oE '[0-9]+')"
  f="$(grep -oE '[0-9]+ (failed|error)' <<<"$line" | awk '{ n += $1 } END { print n + 0 }')"
  [ $code -eq 0 ] || [ "${f:-0}" -gt 0 ] || f=1
  [ $code -eq 0 ] || tail -n 60 "$log"
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
  printf '%s: %s\n' "$name" "$line"
}
run cuda "$python" -m pytest -q -p no:cacheprovider "$here" "$@"
AHA_TEST_DEVICE=cuda run golden "$python" -m pytest -q -p no:cacheprovider "$root/tests/golden"
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ] && [ $passed -gt 0 ]

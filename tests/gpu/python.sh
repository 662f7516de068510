#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash tests/gpu/python.sh [STEP ...]
#
# The Python functions on this machine's GPU, step by step: build (the module, in build/gpu/python), load, pytest (test_*.py here),
# golden (that suite through the CUDA engine), race (1000 runs on side streams), cost (a call's time on the host). Without names
# all of them, in this order. A step that fails or runs out of time does not end the others; each leaves build/gpu/python/STEP.log,
# also in $OUT where that is a folder. Needs nvcc, and Python with PyTorch, pybind11 and pytest (AHA_PYTHON, else python3); nothing
# is downloaded, and the host's half is built without xsimd where there is none. Ends with "N passed, N failed".
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
tree="$root/build/gpu/python"
python="$(command -v "${AHA_PYTHON:-python3}")" || { printf 'tests/gpu/python.sh: expected python3, got none\n' >&2; exit 2; }
export PYTHONPATH="$tree/package${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
mkdir -p "$tree"
cd "$root" || exit 2

build() {
  local capability xsimd=ON launcher=()
  capability="${AHA_CUDA_ARCHITECTURES:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')}"
  printf '#include <xsimd/xsimd.hpp>\n' | "${CXX:-g++}" -std=c++17 -fsyntax-only -x c++ - 2>/dev/null || xsimd=OFF
  ! command -v ccache >/dev/null || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$root" -B "$tree" -DCMAKE_BUILD_TYPE=Release -DAHA_BUILD_PYTHON=ON -DAHA_BUILD_TESTS=OFF -DAHA_BUILD_EXAMPLES=OFF \
    -DAHA_INSTALL=OFF -DAHA_CUDA=ON "-DAHA_CUDA_ARCHITECTURES=$capability" "-DAHA_XSIMD=${AHA_XSIMD:-$xsimd}" \
    "-DAHA_PYTHON_LEVELS=${AHA_PYTHON_LEVELS:-v3}" "-DPython_EXECUTABLE=$python" "-DCMAKE_CUDA_COMPILER=$(command -v nvcc)" \
    "${launcher[@]}" && cmake --build "$tree" -j "${AHA_JOBS:-$(nproc)}" && ls -l "$tree/package/aha/" && printf '1 passed\n'
}
load() {
  # What one half of the module misses of the other is named here, not in a hundred tests.
  local missing
  missing="$(nm -D --undefined-only -C "$tree"/package/aha/_aha_cuda*.so | grep -w aha)"
  [ -z "$missing" ] || { printf '%s\n' "$missing"; return 1; }
  "$python" -c 'import aha, aha._cuda; aha.show_config()' && printf '1 passed\n'
}
pytest() { AHA_TEST_RUNS="${AHA_TEST_RUNS:-20}" "$python" -m pytest -q -p no:cacheprovider tests/gpu --deselect "$race_test"; }
golden() { AHA_TEST_DEVICE=cuda "$python" -m pytest -q -p no:cacheprovider tests/golden; }
race() { AHA_TEST_RUNS=1000 "$python" -m pytest -q -p no:cacheprovider "$race_test"; }
cost() { "$python" bench/cuda/python_rows.py --host-only && printf '1 passed\n'; }
race_test='tests/gpu/test_python_cuda.py::test_side_streams_do_not_race'

declare -A seconds=([build]=240 [load]=60 [pytest]=240 [golden]=120 [race]=60 [cost]=60)
all=(build load pytest golden race cost)
passed=0 failed=0
step() { # NAME
  local log="$tree/$1.log" began=$SECONDS code line p f
  export -f "$1"
  export root tree python race_test
  timeout --kill-after=5 "${seconds[$1]}" bash -uo pipefail -c "$1" >"$log" 2>&1
  code=$?
  line="$(tail -n 1 "$log")"
  [ $code -ne 124 ] || line="out of time"
  p="$(grep -oE '[0-9]+ passed' <<<"$line" | grep -oE '[0-9]+')"
  f="$(grep -oE '[0-9]+ (failed|errors?)' <<<"$line" | awk '{ n += $1 } END { print n + 0 }')"
  [ $code -eq 0 ] || [ "${f:-0}" -gt 0 ] || f=1
  [ $code -eq 0 ] || { grep -E ' error |error:|Error|^E  |^FAILED' "$log" | head -n 40; tail -n 15 "$log"; }
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
  printf '%-7s %4d s  %s\n' "$1" $((SECONDS - began)) "$line"
  [ "$1" != cost ] || grep ' us$' "$log"
  [ ! -d "${OUT:-}" ] || cp "$log" "$OUT/"
}
[ $# -gt 0 ] || set -- "${all[@]}"
for name; do
  [ -n "${seconds[$name]:-}" ] || { printf 'tests/gpu/python.sh: expected steps of %s, got %s\n' "${all[*]}" "$name" >&2; exit 2; }
done
for name; do step "$name"; done
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ] && [ $passed -gt 0 ]

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash tests/gpu/run.sh [--sanitize] [PROGRAM ...]
#
# Builds and runs the device tests on a machine with a GPU, nvcc and Python with PyTorch; nothing is downloaded. Without
# names: every *_test.cu here, then the Python tests where the module builds. --sanitize: the C++ programs in their short
# form under compute-sanitizer (memcheck, racecheck, initcheck, synccheck) instead. Ends with "N passed, N failed".
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
out="$root/build/gpu"
mkdir -p "$out"

sanitize=no programs=()
while [ $# -gt 0 ]; do
  case "$1" in
    --sanitize) sanitize=yes ;;
    -h | --help) sed -n '3,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *)
      [ -f "$here/$1.cu" ] || { printf 'tests/gpu/run.sh: expected a program of %s, got %s\n' "$here" "$1" >&2; exit 2; }
      programs+=("$1")
      ;;
  esac
  shift
done
command -v nvcc >/dev/null || { printf 'tests/gpu/run.sh: nvcc: expected on the PATH, got none\n' >&2; exit 2; }
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader || exit 2
everything=no
if [ ${#programs[@]} -eq 0 ]; then
  everything=yes
  for source in "$here"/*_test.cu; do programs+=("$(basename "$source" .cu)"); done
fi

# Compilations run side by side: a unit is one process.
flags=(-std=c++17 -O2 -fmad=false -arch=native -Werror all-warnings -I "$root/include" -I "$root/cuda")
for program in "${programs[@]}"; do
  nvcc "${flags[@]}" "$here/$program.cu" -o "$out/$program" >"$out/$program.build.log" 2>&1 &
done
wait

passed=0 failed=0
count() { # LOG CODE NAME
  local line p f
  line="$(tail -n 1 "$1")"
  read -r p f <<<"$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' <<<"$line")"
  if [ -z "${f:-}" ]; then p=0 f=1; fi
  [ "$2" -eq 0 ] || [ "$f" -gt 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f))
  printf '%-60s %s\n' "$3" "$line"
}
for program in "${programs[@]}"; do
  if [ ! -x "$out/$program" ] || [ -s "$out/$program.build.log" ]; then
    cat "$out/$program.build.log"
    failed=$((failed + 1))
    continue
  fi
  if [ $sanitize = no ]; then
    "$out/$program" >"$out/$program.log" 2>&1
    code=$?
    [ $code -eq 0 ] || head -n 45 "$out/$program.log"
    count "$out/$program.log" $code "$program"
    continue
  fi
  for tool in memcheck racecheck initcheck synccheck; do
    AHA_TEST_RUNS=2 compute-sanitizer --tool $tool --error-exitcode 9 "$out/$program" short >"$out/$program.$tool.log" 2>&1
    code=$?
    summary="$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$out/$program.$tool.log" | tail -n 1)"
    [ $code -eq 0 ] || grep -v '^=========     Host' "$out/$program.$tool.log" | head -n 30
    grep -E '^[0-9]+ passed' "$out/$program.$tool.log" | tail -n 1 >"$out/$program.$tool.count" || true
    count "$out/$program.$tool.count" $code "$program, $tool: ${summary#========= }"
  done
done

if [ $everything = yes ] && [ $sanitize = no ] && compgen -G "$here/test_*.py" >/dev/null; then
  bash "$here/python.sh" >"$out/python.log" 2>&1
  code=$?
  [ $code -eq 0 ] || tail -n 60 "$out/python.log"
  count "$out/python.log" $code "Python"
fi
printf '\n%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ] && [ $passed -gt 0 ]

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash tests/fuzz/run.sh TARGET SECONDS [libFuzzer option ...]
#
# Builds tests/fuzz/TARGET.cpp by clang with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer, and runs it for so many
# seconds (0: build only) on the seeds of tests/fuzz/corpus/TARGET and on what earlier runs found in build/fuzz/found/TARGET. A stack of
# four MiB: a recursion without bound overflows it. The exit code is libFuzzer's; an input that failed is left in build/fuzz/failed.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
usage() { sed -n '3,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] && [[ "$2" =~ ^[0-9]+$ ]] && [ -f "$root/tests/fuzz/$1.cpp" ] || usage
target="$1" seconds="$2"
shift 2

compiler="${AHA_FUZZ_CXX:-clang++-14}"
command -v "$compiler" >/dev/null || { printf 'fuzz: expected %s, got none\n' "$compiler" >&2; exit 2; }
launcher=()
! command -v ccache >/dev/null || launcher=(ccache)
out="$root/build/fuzz"
mkdir -p "$out/found/$target" "$out/failed"
flags=(-std=c++17 -O1 -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all -I "$root/include")
"${launcher[@]}" "$compiler" "${flags[@]}" -fsanitize=fuzzer-no-link,address,undefined -c "$root/tests/fuzz/$target.cpp" -o "$out/$target.o"
"$compiler" -fsanitize=fuzzer,address,undefined "$out/$target.o" -o "$out/$target.new" -pthread
mv "$out/$target.new" "$out/$target" # a run of the program that was there goes on
[ "$seconds" -gt 0 ] || exit 0

ulimit -s 4096
# ASan keeps its own alternate stack; a leak is a report too.
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=0 UBSAN_OPTIONS=print_stacktrace=1
exec "$out/$target" "$out/found/$target" "$root/tests/fuzz/corpus/$target" -max_total_time="$seconds" -max_len=4096 -len_control=20 -timeout=10 \
  -rss_limit_mb=1536 -dict="$root/tests/fuzz/latex.dict" -artifact_prefix="$out/failed/$target-" -print_final_stats=1 "$@"

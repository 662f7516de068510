#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash bench/run.sh [cpu|peers|cuda] [--json FILE] [--rounds N] [--smoke] [--filter REGEX]
#
# cpu: the C++ rows. peers (the default): those, aha's Python functions and PyTorch's forms of the same works, in one run.
# Sets up and builds what is missing, measures in rounds, prints one table. --smoke: tiny sizes, to see that it works.
# cuda: the kernels and their peers on a GPU; needs nvcc and, for the peers, PyTorch in python3, and installs nothing.
# --filter: cuda only, aha's rows that match "work shape dtype implementation", without the peers.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

usage() { sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
refuse() {
  printf 'bench/run.sh: %s\n' "$1" >&2
  usage >&2
  exit 2
}

mode=peers json='' rounds=3 smoke=no filter=''
while [ $# -gt 0 ]; do
  case "$1" in
    cpu | peers | cuda) mode="$1" ;;
    --json) [ $# -ge 2 ] || refuse '--json: expected a file'; json="$2"; shift ;;
    --json=*) json="${1#--json=}" ;;
    --rounds) [ $# -ge 2 ] || refuse '--rounds: expected a number'; rounds="$2"; shift ;;
    --rounds=*) rounds="${1#--rounds=}" ;;
    --smoke) smoke=yes ;;
    --filter) [ $# -ge 2 ] || refuse '--filter: expected a regular expression'; filter="$2"; shift ;;
    --filter=*) filter="${1#--filter=}" ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "expected cpu, peers or cuda, got $1" ;;
  esac
  shift
done
[[ "$rounds" =~ ^[1-9][0-9]*$ ]] || refuse "--rounds: expected a number >= 1, got $rounds"
# Before the minutes of a first build: can the rows be written?
if [ -n "$json" ]; then
  [ -d "$(dirname "$json")" ] || refuse "--json: $(dirname "$json") is not a folder"
  json="$(cd "$(dirname "$json")" && pwd)/$(basename "$json")"
fi

[ -z "$filter" ] || [ "$mode" = cuda ] || refuse '--filter: expected cuda'

if [ "$mode" = cuda ]; then
  command -v nvcc >/dev/null || refuse 'cuda: expected nvcc on the PATH, got none'
  options=()
  [ $smoke = no ] || options+=(--smoke)
  [ -z "$json" ] || options+=(--json "$json")
  [ -z "$filter" ] || options+=(--filter "$filter")
  exec python3 "$root/bench/cuda/measure.py" "${options[@]}"
fi

# shellcheck source=../tests/support/setup.sh
source "$root/tests/support/setup.sh"
aha_setup bench >&2
[ "$mode" = cpu ] || aha_setup python >&2

# The instruction sets that this machine executes.
has() {
  local flag
  for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo || return 1; done
}
case "$(uname -m)" in
  x86_64)
    levels=(v2)
    ! has avx2 fma bmi2 || levels+=(v3)
    ! has avx512f avx512bw avx512cd avx512dq avx512vl || levels+=(v4)
    # One is enough to see that it works.
    [ $smoke = no ] || levels=("${levels[$((${#levels[@]} > 1 ? 1 : 0))]}")
    ;;
  *) levels=(baseline) ;;
esac
aha_build bench "${levels[@]/#/aha_bench_}" >&2
programs=("${levels[@]/#/$root/build/bench/bench/aha_bench_}")

options=(--programs "${programs[@]}" --rounds "$rounds")
[ "$mode" = cpu ] || options+=(--peers)
[ $smoke = no ] || options+=(--smoke --rounds 1)
[ -z "$json" ] || options+=(--json "$json")
export TORCHINDUCTOR_CACHE_DIR="$root/build/bench/inductor"
exec "$AHA_PYTHON" "$root/bench/measure.py" "${options[@]}"

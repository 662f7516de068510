# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The one set-up of this repository. Source it; it defines functions and changes nothing by itself.
#
#   source "$root/tests/support/setup.sh"
#   aha_setup python   # apt packages, .venv (torch included), the module: afterwards "$AHA_PYTHON" imports aha
#   aha_setup torch    # the same without the module
#   aha_setup plot     # matplotlib in .venv
#   aha_setup bench    # Google Benchmark
#   aha_setup jax      # JAX in .venv, for tests; where it cannot be had they are skipped, except in CI
#   aha_setup fuzz     # clang with libFuzzer and the sanitizers
#   aha_setup cpp      # what the C++ tests and checks need from apt, and pytest in .venv; builds nothing
#   aha_build TREE TARGET...     # one build tree under build/, see trees below
#   aha_say TEXT       # one line to the reader, with the seconds since the start
#
# Variables that may be set before: AHA_BASE_PYTHON (the interpreter of the virtual environment), AHA_JOBS (parallel
# compilers, default all cores). Set by it: AHA_ROOT, AHA_PYTHON, AHA_JOBS.
#
# Everything is idempotent: a step that has been done leaves a stamp with a hash of what it did, and is skipped while the
# hash stays. Removing .venv and build gives a fresh start.

AHA_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
AHA_PYTHON="$AHA_ROOT/.venv/bin/python"
AHA_JOBS="${AHA_JOBS:-$(nproc)}"
aha_started=$SECONDS

# Names of Debian packages, and pip requirements, by purpose. No upper bounds: what is current has to work.
aha_apt_build=(g++ cmake ninja-build ccache libxsimd-dev libboost-dev)
aha_apt_test=(libgtest-dev libxtensor-dev libeigen3-dev nlohmann-json3-dev clang-format clang-tidy)
aha_apt_fuzz=(clang-14 libclang-rt-14-dev)
aha_apt_bench=(libbenchmark-dev)
aha_pip_python=("numpy>=1.24" "pybind11>=2.13")
aha_pip_test=("pytest>=7.4" "pytest-xdist>=3.3" "hypothesis>=6.80" "mypy>=1.8" "scikit-build-core>=0.10" "sympy>=1.12")
aha_pip_plot=("matplotlib>=3.7")
aha_pip_jax=("jax>=0.4.31")
aha_torch="torch==2.13.0"  # installed where no torch >= 2.4 imports

aha_say() { printf '[%4ds] %s\n' "$((SECONDS - aha_started))" "$*"; }

aha_die() {
  printf 'aha set-up: %s\n' "$*" >&2
  exit 1
}

# Runs a command quietly; its output is shown only when it fails.
aha_quiet() {
  local log
  log="$(mktemp)"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    aha_die "failed: $*"
  fi
  rm -f "$log"
}

aha_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    aha_die "needs root or sudo for: $*"
  fi
}

# Installs those of the named Debian packages that are missing.
aha_apt() {
  if ! command -v dpkg-query >/dev/null; then
    aha_say "not a Debian system: expecting the equivalents of $*"
    return 0
  fi
  local missing=() name
  for name in "$@"; do
    # The second field is "installed" also for packages of which only the old configuration is left: ask for the status.
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  aha_say "installing Debian packages: ${missing[*]}"
  aha_quiet aha_as_root apt-get update -q
  aha_quiet aha_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Runs "$1" once for a hash of the remaining arguments: true where the stamp says that it has been done.
aha_stamped() {
  local stamp="$AHA_ROOT/.venv/aha-stamps/$1" want
  want="$(printf '%s\n' "${@:2}" | sha256sum)"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]
}

aha_stamp() {
  mkdir -p "$AHA_ROOT/.venv/aha-stamps"
  printf '%s\n' "${@:2}" | sha256sum >"$AHA_ROOT/.venv/aha-stamps/$1"
}

# True for an interpreter that can make virtual environments and compile extension modules.
aha_python_complete() {
  "$1" - <<'PY' >/dev/null 2>&1
import ensurepip, os, sys, sysconfig, venv
sys.exit(not (sys.version_info >= (3, 9) and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))))
PY
}

# The virtual environment, with the system's site packages, so that an installed torch is found.
aha_venv() {
  local base="${AHA_BASE_PYTHON:-}" version
  if [ -z "$base" ]; then
    base="$(command -v python3 || true)"
    if [ -z "$base" ] || ! aha_python_complete "$base"; then
      aha_apt python3 python3-venv python3-dev
      base=/usr/bin/python3
    fi
  fi
  aha_python_complete "$base" || aha_die "$base: no venv module, no Python.h or older than 3.9"
  version="$("$base" -c 'import sys; print(sys.version, sys.prefix)')"
  if ! aha_stamped venv "$AHA_ROOT" "$version" || ! "$AHA_PYTHON" -c pass 2>/dev/null; then
    aha_say "making the virtual environment .venv with $base"
    rm -rf "$AHA_ROOT/.venv"
    aha_quiet "$base" -m venv --system-site-packages "$AHA_ROOT/.venv"
    aha_stamp venv "$AHA_ROOT" "$version"
  fi
}

# aha_pip GROUP REQUIREMENT...: installs what is not there yet. Packages of the system count.
aha_pip() {
  local group="$1"
  shift
  aha_stamped "pip-$group" "$@" && return 0
  local missing
  missing="$("$AHA_PYTHON" "$AHA_ROOT/tests/support/requirements.py" missing "$@")"
  if [ -n "$missing" ]; then
    aha_say "installing Python packages: ${missing//$'\n'/ }"
    # shellcheck disable=SC2086
    aha_quiet "$AHA_PYTHON" -m pip install --disable-pip-version-check -q $missing
  fi
  aha_stamp "pip-$group" "$@"
}

# A torch >= 2.4 that imports is used as it is; otherwise exactly aha_torch is installed.
aha_install_torch() {
  aha_stamped torch "$aha_torch" && return 0
  if "$AHA_PYTHON" -c 'import torch; assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 4)' 2>/dev/null; then
    aha_say "using torch $("$AHA_PYTHON" -c 'import torch; print(torch.__version__)')"
  else
    aha_say "installing $aha_torch: $("$AHA_PYTHON" "$AHA_ROOT/tests/support/requirements.py" size "$aha_torch")"
    aha_quiet "$AHA_PYTHON" -m pip install --disable-pip-version-check -q "$aha_torch"
    "$AHA_PYTHON" -c 'import torch' || aha_die "$aha_torch does not import"
  fi
  aha_stamp torch "$aha_torch"
}

# The compute capability of this machine's first GPU, as CMake writes it; 90 where there is none.
aha_gpu_architecture() {
  local capability
  capability="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -cd '0-9')"
  printf '%s' "${capability:-90}"
}

# aha_build TREE TARGET...: configures build/TREE where needed and builds the targets.
#   python   the modules of all instruction sets, as the wheel has them; the package is build/python/package
#   tests    C++ tests
#   examples the C++ example programs, optimised
#   bench    the C++ measurements, one program an instruction set
#   asan     the sanitizers' binary for memory and undefined behaviour
#   tsan     the sanitizers' binary for threads
aha_build() {
  local tree="$1" dir="$AHA_ROOT/build/$1" options want
  shift
  options=(-G Ninja -DCMAKE_BUILD_TYPE= -DAHA_BUILD_PYTHON=OFF -DAHA_BUILD_TESTS=OFF -DAHA_BUILD_EXAMPLES=OFF)
  if command -v ccache >/dev/null; then
    # Not for nvcc: of a change behind `#if __CUDA_ARCH__ >= 900` ccache knows nothing where a unit is for two architectures.
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    # Lets ccache look through the precompiled header.
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    # Checkouts of the same sources in different folders share their objects.
    export CCACHE_BASEDIR="$AHA_ROOT"
  fi
  case "$tree" in
    python)
      options+=(-DCMAKE_BUILD_TYPE=Release -DAHA_BUILD_PYTHON=ON "-DPython_EXECUTABLE=$AHA_PYTHON"
        # What nvcc, where there is one, builds the CUDA module for: this machine's GPU, else one whose kernels use all that
        # there is. An architecture costs minutes; the suite nvcc compiles the kernels for a second one.
        "-DAHA_CUDA_ARCHITECTURES=${AHA_CUDA_ARCHITECTURES:-$(aha_gpu_architecture)}")
      ;;
    tests) options+=(-DCMAKE_CXX_FLAGS=-O1 -DAHA_BUILD_TESTS=ON) ;;
    examples) options+=(-DCMAKE_CXX_FLAGS=-O2 -DAHA_BUILD_EXAMPLES=ON "-DAHA_TORCH_PYTHON=$AHA_PYTHON") ;;
    bench) options+=(-DCMAKE_BUILD_TYPE=Release -DAHA_BUILD_BENCH=ON) ;;
    asan) options+=("-DCMAKE_CXX_FLAGS=-O1 -g1" -DAHA_BUILD_TESTS=ON "-DAHA_SANITIZE=address,undefined") ;;
    tsan) options+=("-DCMAKE_CXX_FLAGS=-O1 -g1" -DAHA_BUILD_TESTS=ON -DAHA_SANITIZE=thread) ;;
    *) aha_die "no build tree is called $tree" ;;
  esac
  want="$(printf '%s\n' "$AHA_ROOT" "${options[@]}" | sha256sum)"
  if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/aha-options" 2>/dev/null)" != "$want" ]; then
    aha_say "configuring build/$tree"
    rm -rf "$dir"
    aha_quiet cmake -S "$AHA_ROOT" -B "$dir" "${options[@]}"
    printf '%s\n' "$want" >"$dir/aha-options"
  fi
  aha_say "building build/$tree: $*"
  local log="$dir/aha-build.log"
  if ! cmake --build "$dir" -j "$AHA_JOBS" --target "$@" >"$log" 2>&1 </dev/null; then
    # Ninja repeats whole command lines: what a reader needs is what the compiler said.
    grep -v -e '^\[[0-9]*/[0-9]*\]' -e '^/.*/\(c++\|g++\|ccache\) ' "$log" >&2 || true
    aha_say "building build/$tree failed" >&2
    return 1
  fi
  # What one translation unit may cost is promised; ninja's log keeps the milliseconds.
  awk -v tree="$tree" '$4 ~ /\.o$/ && $2 - $1 > most { most = $2 - $1; unit = $4 }
    END { if (most > 60000) printf "        slowest translation unit of build/%s: %s, %.0f s\n", tree, unit, most / 1000 }' \
    "$dir/.ninja_log"
}

aha_setup() {
  local what
  for what in "$@"; do
    case "$what" in
      torch)
        aha_apt "${aha_apt_build[@]}"
        aha_venv
        aha_pip python "${aha_pip_python[@]}"
        aha_install_torch
        ;;
      python)
        aha_setup torch
        aha_build python aha_python || return 1
        # A path file instead of an editable install: nothing is built twice, and a moved build tree is noticed here.
        local site
        site="$("$AHA_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
        printf '%s\n' "$AHA_ROOT/build/python/package" >"$site/aha_build_tree.pth"
        "$AHA_PYTHON" -c 'import aha' || aha_die "the module was built, but does not import"
        ;;
      bench)
        aha_apt "${aha_apt_build[@]}" "${aha_apt_bench[@]}"
        aha_venv
        ;;
      plot)
        aha_venv
        aha_pip plot "${aha_pip_plot[@]}"
        ;;
      jax)
        aha_venv
        if ! (aha_pip jax "${aha_pip_jax[@]}"); then
          [ "${CI:-}" != true ] || aha_die "CI tests JAX arrays too"
          aha_say "no JAX: its tests are skipped"
        fi
        ;;
      cpp)
        aha_apt "${aha_apt_build[@]}" "${aha_apt_test[@]}"
        aha_venv
        aha_pip test "${aha_pip_test[@]}"
        ;;
      fuzz) aha_apt "${aha_apt_fuzz[@]}" ;;
      *) aha_die "aha_setup: expected python, torch, plot, jax, fuzz, cpp or bench, got $what" ;;
    esac
  done
}

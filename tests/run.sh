#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash tests/run.sh [SUITE ...] [--data PATH]
#
# Does the whole set-up (Debian packages, .venv, builds), then runs the named suites; without names all but sanitizers, fuzz and
# consumers. --data PATH, or AHA_TEST_DATA, is the folder of cases that `golden` runs instead of the committed ones, or the
# folder or file of rows that `rewards`, `math` and `answers` run.
# The last line is the sum: "N passed, N failed, N skipped". Exit code 0 only where something passed and nothing failed.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source=tests/support/setup.sh
source "$root/tests/support/setup.sh"

default_suites=(format layering headers compile_fail docs unit property parity golden rewards math answers python examples bench tidy nvcc)
all_suites=("${default_suites[@]}" sanitizers consumers fuzz)
with_module=(docs parity golden rewards python bench)    # need the Python module and torch
with_binary=(unit property parity)                       # need a target of build/tests
with_driver=(math answers)                               # need the verifier's driver
in_parallel=(headers compile_fail format fuzz nvcc consumers) # independent compilations

usage() { sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; printf 'suites: %s\n' "${all_suites[*]}"; }
is_one_of() {
  local wanted="$1" entry
  shift
  for entry in "$@"; do [ "$entry" != "$wanted" ] || return 0; done
  return 1
}

suites=()
while [ $# -gt 0 ]; do
  case "$1" in
    --data) [ $# -ge 2 ] || { usage >&2; exit 2; }; AHA_TEST_DATA="$2"; shift 2 ;;
    --data=*) AHA_TEST_DATA="${1#--data=}"; shift ;;
    -h | --help) usage; exit 0 ;;
    *)
      is_one_of "$1" "${all_suites[@]}" || { printf 'no suite is called %s\n' "$1" >&2; usage >&2; exit 2; }
      suites+=("$1")
      shift
      ;;
  esac
done
[ ${#suites[@]} -gt 0 ] || suites=("${default_suites[@]}")
if [ -n "${AHA_TEST_DATA:-}" ]; then
  [ -e "$AHA_TEST_DATA" ] || { printf '%s: neither a folder nor a file\n' "$AHA_TEST_DATA" >&2; exit 2; }
  AHA_TEST_DATA="$(realpath "$AHA_TEST_DATA")"
  export AHA_TEST_DATA
fi

cd "$root" || exit 2
results="$root/build/results"
rm -rf "$results"
mkdir -p "$results"
# Plugins that happen to be installed on a machine must not change what the tests do.
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1

# --- set-up and builds, before the first test ------------------------------------------------------------------------
aha_setup cpp
module_ready=no
for suite in "${suites[@]}"; do
  if is_one_of "$suite" "${with_module[@]}"; then
    # In a subshell: where the module does not build, the suites without it still run, and the others fail.
    (aha_setup python plot) && module_ready=yes  # plot: the main job's picture
    if is_one_of python "${suites[@]}"; then (aha_setup jax) || module_ready=no; fi
    break
  fi
done
if is_one_of fuzz "${suites[@]}"; then aha_setup fuzz; fi
# Consumers build the module themselves, and an extension of torch.
if is_one_of consumers "${suites[@]}"; then (aha_setup torch); fi
targets=()
for suite in "${suites[@]}"; do
  is_one_of "$suite" "${with_binary[@]}" && compgen -G "tests/$suite/*.cpp" >/dev/null && targets+=("aha_$suite")
done
if is_one_of rewards "${suites[@]}"; then targets+=(aha_reward_cli); fi
binaries_ready=yes
for suite in "${suites[@]}"; do
  if is_one_of "$suite" "${with_driver[@]}"; then targets+=(aha_math_cli) && break; fi
done
[ ${#targets[@]} -eq 0 ] || (aha_build tests "${targets[@]}") || binaries_ready=no
examples_ready=yes
if is_one_of examples "${suites[@]}"; then (aha_setup torch && aha_build examples aha_examples) || examples_ready=no; fi
sanitizers_ready=yes
if is_one_of sanitizers "${suites[@]}"; then
  (aha_build asan aha_sanitizers && aha_build tsan aha_sanitizers_threads) || sanitizers_ready=no
fi

# --- runners: each leaves report files in $results/<suite>, from which the numbers are read ---------------------------
launcher=() # a command in front of ctest
run_ctest() { # SUITE TREE [LABEL, where it is not the suite's name]
  local label="${3:-$1}"
  rm -f "build/$2/results/$label".*.json
  "${launcher[@]}" ctest --test-dir "build/$2" -L "^$label\$" -j "$AHA_JOBS" --no-tests=error --output-on-failure </dev/null
  local code=$?
  cp "build/$2/results/$label".*.json "$results/$1/" 2>/dev/null
  return $code
}
run_pytest() { # SUITE [PATH or option ..., where it is not the folder of its name]
  local options=(-q -p hypothesis.extra.pytestplugin)
  "$AHA_PYTHON" -c 'import _hypothesis_pytestplugin' 2>/dev/null && options=(-q -p _hypothesis_pytestplugin)
  is_one_of "$1" "${in_parallel[@]}" && options+=(-p xdist -n "$AHA_JOBS")
  local paths=("${@:2}")
  [ ${#paths[@]} -gt 0 ] || paths=("tests/$1")
  "$AHA_PYTHON" -m pytest "${options[@]}" --junitxml="$results/$1/pytest.xml" -o junit_logging=no "${paths[@]}" </dev/null
}
run_suite() {
  if is_one_of "$1" "${with_module[@]}" && [ $module_ready = no ]; then
    printf 'the Python module is not there\n'
    return 1
  fi
  if is_one_of "$1" "${with_binary[@]}" "${with_driver[@]}" && [ $binaries_ready = no ]; then
    printf 'the C++ tests did not build\n'
    return 1
  fi
  case "$1" in
    unit | property) run_ctest "$1" tests ;;
    parity)
      local code=0
      run_ctest parity tests || code=1
      run_pytest parity || code=1
      return $code
      ;;
    rewards) [ $binaries_ready = yes ] && run_pytest rewards ;;
    examples) [ $examples_ready = yes ] && run_pytest examples ;;
    math) run_pytest math --ignore=tests/math/test_answers.py tests/math ;;
    answers) run_pytest answers tests/math/test_answers.py ;;
    sanitizers)
      [ $sanitizers_ready = yes ] || return 1
      local code=0
      run_ctest sanitizers asan || code=1
      # gcc 12's ThreadSanitizer does not start where the kernel randomises more address bits than it knows.
      build/tsan/tests/aha_sanitizers_threads --gtest_list_tests >/dev/null 2>&1 || launcher=(setarch -R)
      run_ctest sanitizers tsan sanitizers_threads || code=1
      launcher=()
      return $code
      ;;
    *) run_pytest "$1" ;;
  esac
}

passed=0 failed=0 skipped=0
table="$(printf '%-14s %8s %8s %8s %8s' suite passed failed skipped seconds)"
for suite in "${suites[@]}"; do
  aha_say "suite $suite"
  mkdir -p "$results/$suite"
  began=$SECONDS
  run_suite "$suite"
  code=$?
  read -r p f s <<<"$("$AHA_PYTHON" tests/support/count_reports.py "$results/$suite")"
  # A runner that died without saying so, or ran nothing, is a failure.
  [ $code -eq 0 ] || [ "$f" -gt 0 ] || f=1
  [ $((p + f + s)) -gt 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  table+=$'\n'"$(printf '%-14s %8d %8d %8d %8d' "$suite" "$p" "$f" "$s" $((SECONDS - began)))"
done
printf '\n%s\n\n%d passed, %d failed, %d skipped\n' "$table" $passed $failed $skipped
[ $failed -eq 0 ] && [ $passed -gt 0 ]

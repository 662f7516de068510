#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job: sets up what is missing, then trains a small transformer to reason. Options: examples/run.sh --help
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export PYTHONPATH="$here/python${PYTHONPATH:+:$PYTHONPATH}"

# A wrong option or --help is answered before the minutes of a first set-up.
if command -v python3 >/dev/null; then
  python3 -c 'from reasoner.settings import parse_arguments; parse_arguments()' "$@" || exit $?
  case " $* " in *" --help "* | *" -h "*) exit 0 ;; esac
fi

# shellcheck source=../tests/support/setup.sh
source "$here/../tests/support/setup.sh"
aha_setup python plot
aha_say "training; about two minutes on two cores"
exec "$AHA_PYTHON" -m reasoner "$@"

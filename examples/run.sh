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

# On a GPU the machine's own PyTorch and compiler are used, where they are there, and nothing is downloaded then.
case " $* " in
  *" --device cuda "* | *" --device=cuda "*)
    refuse() { printf 'examples/run.sh: --device cuda: %s\n' "$1" >&2; exit 2; }
    nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null || refuse 'expected a GPU, got none (nvidia-smi finds none)'
    command -v nvcc >/dev/null || refuse 'expected nvcc on the PATH, which builds the CUDA module, got none'
    if python3 -c 'import torch, pybind11, numpy; assert torch.cuda.is_available()' 2>/dev/null; then
      bash "$here/../tests/gpu/python.sh" build || refuse 'the CUDA module was not built'
      PYTHONPATH="$(cd "$here/.." && pwd)/build/gpu/python/package:$PYTHONPATH" exec python3 -m reasoner "$@"
    fi
    ;;
esac

# shellcheck source=../tests/support/setup.sh
source "$here/../tests/support/setup.sh"
aha_setup python plot
aha_say "training; about two minutes on two cores"
exec "$AHA_PYTHON" -m reasoner "$@"

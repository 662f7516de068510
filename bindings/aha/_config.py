# SPDX-License-Identifier: MIT
"""What a report of a problem should say."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
from typing import Any

from . import _levels
from ._aha import __version__, _build_config, _level


def _version(package: str) -> str | None:
    """Of a package that the program has imported, else of the installed one; None where there is none."""
    module = sys.modules.get(package)
    if module is not None and hasattr(module, "__version__"):
        return str(module.__version__)
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cuda() -> dict[str, Any] | str:
    """The CUDA module of this build, or why it is not there. Loading it needs no driver."""
    found = importlib.util.find_spec(f"{__package__}._aha_cuda")
    if found is None or found.origin is None:
        return "none: this build has no _aha_cuda, which pip install . builds where it finds nvcc"
    engine: Any = importlib.import_module("._cuda", __package__)
    megabytes = round(os.path.getsize(found.origin) / 1e6, 1)
    return {"_aha_cuda": f"{megabytes} MB", "sm": engine.architectures}


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Prints version, module, ABI, compiler, instruction set, CPU, threads, executors, and the packages beside aha.

    module: the compiled module that is loaded; modules: those that this build has; cpu: what the machine runs. The
    environment variable AHA_CPU (v2, v3, v4) chooses another module, before the first import. backends: where arrays may
    lie; cuda: the CUDA module's size and the compute capabilities that it has kernels for, or that there is none.

    mode: "stdout" prints; "dicts" returns the same as a dict, for logs and reports. Imports nothing: the versions of
    torch and JAX are those of the imported packages, else of the installed ones, None where there are none.
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f'aha::show_config: mode: expected one of "stdout", "dicts", got {mode!r}')
    cpu = _levels.machine()
    config: dict[str, Any] = {
        "aha": __version__,
        "module": f"_aha_{_level}",
        "modules": [f"_aha_{level}" for level in _levels.built()],
        "cpu": f"x86-64-{cpu}".replace("-v1", "") if cpu.startswith("v") else cpu,
        **_build_config(),
        "backends": ["cpu"],
        "cuda": _cuda(),
        "python": platform.python_version(),
    }
    if isinstance(config["cuda"], dict):
        config["backends"].append("cuda")
    config.update((package, _version(package)) for package in ("numpy", "torch", "cupy", "jax"))
    if mode == "dicts":
        return config
    width = max(map(len, config))
    for name, value in config.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {number}" for key, number in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        print(f"{name:<{width}}  {value}")
    return None

# SPDX-License-Identifier: MIT
"""The library with every array moved to a CUDA device and every result back: AHA_TEST_DEVICE=cuda.

The translations stay as they are. What the engine of a device does not take (float64 logits) runs on the host; what it counts
instead of refusing (bad targets, offsets out of order) is refused here as the host does.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

# What has a form for devices; the rest of the library is the host's.
FUNCTIONS = (
    "loss",
    "loss_from_logits",
    "token_logp",
    "logits_gradient",
    "softmax_partials",
    "merge_partials",
    "token_logp_from_partials",
    "advantages",
    "whiten",
    "measure",
    "to_tokens",
)
COUNTS = ("bad_targets", "bad_offsets", "beyond")  # what a device counts and the host refuses
OF_LOGITS = ("loss_from_logits", "token_logp", "logits_gradient", "softmax_partials")


class DeviceBackend:
    """Looks like the module `aha`."""

    def __init__(self, aha: ModuleType, device: str) -> None:
        import torch

        self._aha = aha
        self._torch = torch
        self._device = torch.device(device)
        self.calls = 0  # that ran on the device

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._aha, name)
        return self._on_device(name, function) if name in FUNCTIONS else function

    def _on_device(self, name: str, function: Any) -> Any:
        def call(*args: Any, **columns: Any) -> Any:
            arrays = [x for x in (*args, *columns.values()) if isinstance(x, np.ndarray)]
            if name in OF_LOGITS and any(x.ndim > 1 and x.dtype == np.float64 for x in arrays):
                return function(*args, **columns)
            moved = {key: self._there(x) for key, x in columns.items()}
            result = function(*(self._there(x) for x in args), **moved)
            self.calls += 1
            return self._back(name, result)

        return call

    def _there(self, x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return self._torch.from_numpy(np.array(x)).to(self._device)
        if hasattr(x, "scope") and hasattr(x, "values"):  # per_sequence, per_token
            return type(x)(x.scope, self._there(x.values))
        if isinstance(x, self._aha.groups):
            given = {"ids": x.ids, "offsets": x.offsets}
            return self._aha.groups(**{key: self._there(value) for key, value in given.items() if value is not None})
        if isinstance(x, self._aha.outputs):
            return self._aha.outputs(**{key: self._there(value) for key, value in vars(x).items()})
        return x

    def _back(self, name: str, x: Any) -> Any:
        if isinstance(x, self._torch.Tensor):
            return x.cpu().numpy()
        if x is None or isinstance(x, (float, int)) or type(x).__module__ == "aha._aha":  # what measure gives
            return x
        for count in COUNTS:
            if getattr(x, count, 0):
                raise ValueError(f"aha::{name}: {count}: expected none, got {getattr(x, count)}")
        fields = [field for field in dir(x) if not field.startswith("_") and field not in COUNTS]
        given = {field: getattr(x, field) if field == "stats" else self._back(name, getattr(x, field)) for field in fields}
        if "loss" in given:
            given["loss"] = float(given["loss"])
        return SimpleNamespace(**given)

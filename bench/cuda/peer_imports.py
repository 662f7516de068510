# SPDX-License-Identifier: MIT
"""The peers' functions, where they import; what does not is named on stderr as "left out", and its rows are missing."""

import importlib
import importlib.util
import sys
import types


def left_out(name, error):
    print(f"left out: {name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)


def liger():
    try:
        from liger_kernel.ops.grpo_loss import fused_selective_log_softmax
        from liger_kernel.transformers.grpo_loss import triton_grpo_loss
    except Exception as error:
        return left_out("Liger", error)
    return triton_grpo_loss, fused_selective_log_softmax


def trl():
    try:
        from trl.trainer.utils import entropy_from_logits, selective_log_softmax
    except Exception as error:  # its imports reach far
        return left_out("TRL", error)
    return selective_log_softmax, entropy_from_logits


def without_init(package):
    """Makes `package` importable without running its __init__, which would bring a whole trainer along."""
    spec = importlib.util.find_spec(package.split(".")[0]) if "." not in package else None
    if package in sys.modules:
        return
    module = types.ModuleType(package)
    if spec is not None:
        module.__path__ = list(spec.submodule_search_locations)
    else:
        parent, _, name = package.rpartition(".")
        module.__path__ = [f"{place}/{name}" for place in sys.modules[parent].__path__]
    sys.modules[package] = module


def verl():
    """Its log-probabilities, its chunked entropies, and its log-probabilities and entropies from hidden states."""
    try:
        without_init("verl")
        without_init("verl.utils")
        formulas = importlib.import_module("verl.utils.torch_functional")
        fused = importlib.import_module("verl.utils.kernel.linear_cross_entropy")
    except Exception as error:
        return left_out("verl", error)
    return formulas.logprobs_from_logits, formulas.entropy_from_logits_with_chunking, fused.linear_cross_entropy


def quack():
    """Cross-entropy whose forward writes the gradient: no policy loss, but the nearest to one read and one write."""
    try:
        from quack.cross_entropy import cross_entropy_fwd
    except Exception as error:
        return left_out("quack", error)
    return cross_entropy_fwd

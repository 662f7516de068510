# SPDX-License-Identifier: MIT
"""Reasoning-RL losses and advantages: one pass, exact gradients, bitwise repeatable. Needs NumPy at most.

    objective = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))
    r = aha.loss(objective, logp, old_logp=old, ref_logp=ref, adv=aha.per_sequence(adv), cu_seqlens=cu,
                 totals=aha.totals(tokens=n, sequences=b))
    r.loss, r.dlogp, r.stats.to_dict()

`aha.torch` (imported on first use) has the same losses as differentiable functions.
"""

from . import _aha, advantage
from ._aha import (
    __version__,
    advantage_stats,
    advantages,
    constant_length,
    count_totals,
    groups,
    keep,
    logits_gradient,
    loss,
    loss_from_logits,
    loss_stats,
    measure,
    merge_partials,
    moments,
    parse,
    parse_expression,
    positive_mean,
    prompt_mean,
    sequence_mean,
    sequence_sum,
    softmax_partials,
    target_shift,
    terms_table,
    to_tokens,
    token_logp,
    token_logp_from_partials,
    token_mean,
    token_sum,
    weight,
    whiten,
)
from ._columns import on_policy, outputs, per_sequence, per_token, totals
from ._config import show_config

__all__ = [
    "__version__",
    "advantage",
    "advantage_stats",
    "advantages",
    "constant_length",
    "count_totals",
    "groups",
    "keep",
    "logits_gradient",
    "loss",
    "loss_from_logits",
    "loss_stats",
    "measure",
    "merge_partials",
    "moments",
    "on_policy",
    "outputs",
    "parse",
    "parse_expression",
    "per_sequence",
    "per_token",
    "positive_mean",
    "prompt_mean",
    "sequence_mean",
    "sequence_sum",
    "show_config",
    "softmax_partials",
    "target_shift",
    "terms_table",
    "to_tokens",
    "token_logp",
    "token_logp_from_partials",
    "token_mean",
    "token_sum",
    "totals",
    "weight",
    "whiten",
    *_aha._term_names,
]

# Every term of the C++ type list: clip, kl, ...
globals().update({_name: getattr(_aha, _name) for _name in _aha._term_names})



def __getattr__(name):
    # torch takes seconds to import, and rewards need a compiled module of their own: neither is needed for anything else.
    if name in ("torch", "reward", "recipe"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

# SPDX-License-Identifier: MIT
"""Reasoning-RL losses and advantages: one pass, exact gradients, bitwise repeatable. Needs NumPy at most.

    objective = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))
    r = aha.loss(objective, logp, old_logp=old, ref_logp=ref, adv=aha.per_sequence(adv), cu_seqlens=cu,
                 totals=aha.totals(tokens=n, sequences=b))
    r.loss, r.dlogp, r.stats.to_dict()

`aha.torch` (imported on first use) has the same losses as differentiable functions.
"""

from . import advantage
from ._aha import (
    __version__,
    advantages,
    clip,
    constant_length,
    count_totals,
    entropy,
    given,
    groups,
    keep,
    kl,
    logits_gradient,
    loss,
    loss_from_logits,
    measure,
    moments,
    on_policy,
    outputs,
    parse,
    parse_expression,
    per_sequence,
    per_token,
    positive_mean,
    prompt_mean,
    sequence_mean,
    sequence_sum,
    target_shift,
    terms_table,
    to_tokens,
    token_logp,
    token_mean,
    token_sum,
    totals,
    value_loss,
    weight,
    whiten,
    z_loss,
)

__all__ = [
    "__version__",
    "advantage",
    "advantages",
    "clip",
    "constant_length",
    "count_totals",
    "entropy",
    "given",
    "groups",
    "keep",
    "kl",
    "logits_gradient",
    "loss",
    "loss_from_logits",
    "measure",
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
    "target_shift",
    "terms_table",
    "to_tokens",
    "token_logp",
    "token_mean",
    "token_sum",
    "totals",
    "value_loss",
    "weight",
    "whiten",
    "z_loss",
]


def __getattr__(name):
    # torch takes seconds to import and is not needed for anything else here.
    if name == "torch":
        import importlib

        return importlib.import_module(".torch", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

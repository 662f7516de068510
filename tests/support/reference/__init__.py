# SPDX-License-Identifier: MIT
"""The oracle: what the documentation says, in float64 torch autograd and array notation.

It shares no code with the library and never imports it. Tests compare the library with it, and the golden suite runs
the same translations through it (`--backend reference`), so that the oracle itself is checked against what peers do.
"""

from .advantage import column_moments, group_advantages, whitened
from .expression import Leaf, Part, parse
from .logits import logits_gradient, token_logp
from .loss import LossResult, objective_loss

__all__ = [
    "Leaf",
    "LossResult",
    "Part",
    "column_moments",
    "group_advantages",
    "logits_gradient",
    "objective_loss",
    "parse",
    "token_logp",
    "whitened",
]

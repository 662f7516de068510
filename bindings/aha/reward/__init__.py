# SPDX-License-Identifier: MIT
"""Rewards: a math verifier, rewards of text and length, and an algebra over their columns.

    from aha.reward import math
    math.verify("1/2", "... so the answer is \\boxed{0.5}").equal           # True
    math.verify_batch(golds, responses).outcomes.value                      # 0.0 and 1.0, on all cores

Loaded with its first use: `import aha` alone loads none of it.
"""

from .. import _aha_reward
from .._aha_reward import outcome, outcomes, reasons, statuses
from . import math

__all__ = ["math", "outcome", "outcomes", "reasons", "statuses"]

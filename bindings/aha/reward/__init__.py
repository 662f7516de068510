# SPDX-License-Identifier: MIT
"""Rewards: a math verifier, rewards of text and length, and an algebra over their columns.

    from aha.reward import math
    math.verify("1/2", "... so the answer is \\boxed{0.5}").equal           # True
    math.verify_batch(golds, responses).outcomes.value                      # 0.0 and 1.0, on all cores
    reward.tag_format(responses).value                                      # the same of the R1 template

Loaded with its first use: `import aha` alone loads none of it.
"""

from .._aha_reward import (
    characters,
    code_format,
    cosine_length,
    count_characters,
    count_steps,
    garbled_share,
    language_consistency,
    languages,
    linear_length,
    match_tags,
    no_code_blocks,
    no_repeated_run,
    not_garbled,
    one_language,
    outcome,
    outcomes,
    r1_template,
    reasoning_steps,
    reasons,
    repetition_penalty,
    short_paragraphs,
    soft_overlong,
    statuses,
    tag_count,
    tag_format,
    tag_template,
    think_template,
    tokens,
)
from . import _algebra, _function, _operations, _trainers, compat, math, task
from ._algebra import *  # noqa: F403
from ._function import *  # noqa: F403
from ._operations import *  # noqa: F403: as many names as the registry has
from ._trainers import *  # noqa: F403

__all__ = [
    "characters",
    "code_format",
    "compat",
    "cosine_length",
    "count_characters",
    "count_steps",
    "garbled_share",
    "language_consistency",
    "languages",
    "linear_length",
    "match_tags",
    "math",
    "no_code_blocks",
    "no_repeated_run",
    "not_garbled",
    "one_language",
    "outcome",
    "outcomes",
    "r1_template",
    "reasoning_steps",
    "reasons",
    "repetition_penalty",
    "short_paragraphs",
    "soft_overlong",
    "statuses",
    "tag_count",
    "tag_format",
    "tag_template",
    "task",
    "think_template",
    "tokens",
]
__all__ += [*_algebra.__all__, *_function.__all__, *_trainers.__all__]
__all__ += [name for name in _operations.__all__ if name not in __all__]

# SPDX-License-Identifier: MIT
"""Named rewards: what a data set's rows are judged by. `by_name("openai/gsm8k", golds, responses)`, or each by its function."""

from .._aha_reward import (
    aime,
    by_name,
    code,
    competition,
    countdown,
    data_sources,
    gsm8k,
    multiple_choice,
    multiplication,
    named,
    simplerl,
)

__all__ = [
    "aime",
    "by_name",
    "code",
    "competition",
    "countdown",
    "data_sources",
    "gsm8k",
    "multiple_choice",
    "multiplication",
    "named",
    "simplerl",
]

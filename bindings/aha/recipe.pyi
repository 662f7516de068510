# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any

from .reward import expression

Texts = str | bytes | Sequence[str | bytes]

def r1_final(is_reasoning: Any, accuracy: Any, format: Any, model: Any, language: Any) -> expression:
    """DeepSeek-R1's last stage, arXiv:2501.12948 v2 eqs. 8 to 10: the rule's reward for rows with a verifiable answer,
    the
    reward model's for all others, and language consistency for both, 0 where it abstains.
    """
    ...

def r1_general(model: Any, format: Any) -> expression:
    """DeepSeek-R1's reward of general rows, arXiv:2501.12948 v2 eq. 10: reward model and format."""
    ...

def r1_judged_text(judge: Any, response: Texts, end_of_reasoning: str = "</think>") -> str:
    """What a reward model is shown, of one response or of a list: "helpful" the answer alone, which is what follows
    the reasoning's end (nothing where it never ends), "harmless" the whole response.
    """
    ...

def r1_model(is_harmless: Any, helpful: Any, harmless: Any) -> expression:
    """The reward model's column of general rows: harmlessness where a row asks for it, else helpfulness."""
    ...

def r1_rule(accuracy: Any, format: Any) -> expression:
    """DeepSeek-R1's rule-based reward, arXiv:2501.12948 v2 eq. 8: accuracy and format with equal weight."""
    ...

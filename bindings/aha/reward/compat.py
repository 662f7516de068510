# SPDX-License-Identifier: MIT
"""What other libraries' rewards return, number for number: a module a peer, a function a reward, names as in C++.

    compat.open_r1.tag_count_reward(responses).value
    compat.verl.gsm8k(responses, golds, method="flexible").value

A parameter takes one value, or a list with one a row; with any list the call gives a column, computed on all cores
without the interpreter lock. `verdict`: None (this library's verifier), a callable (gold, text) -> True, False or None,
or one of these a row.
"""

from .._aha_reward.compat import (
    f1_score,
    hendrycks_equal,
    last_boxed,
    last_boxed_or_fboxed,
    mathd_normalize,
    nemo_rl,
    normalize_answer,
    normalize_final_answer,
    open_instruct,
    open_r1,
    openrlhf,
    prm800k,
    roll,
    simplerl,
    skyrl,
    slime,
    strip_string,
    tinyzero,
    torchforge,
    trl,
    unboxed,
    verl,
)

__all__ = [
    "f1_score",
    "hendrycks_equal",
    "last_boxed",
    "last_boxed_or_fboxed",
    "mathd_normalize",
    "nemo_rl",
    "normalize_answer",
    "normalize_final_answer",
    "open_instruct",
    "open_r1",
    "openrlhf",
    "prm800k",
    "roll",
    "simplerl",
    "skyrl",
    "slime",
    "strip_string",
    "tinyzero",
    "torchforge",
    "trl",
    "unboxed",
    "verl",
]

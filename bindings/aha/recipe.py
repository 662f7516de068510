# SPDX-License-Identifier: MIT
"""Published combinations of rewards, as expressions over columns: DeepSeek-R1's last stage.

    from aha import recipe, reward
    score = recipe.r1_final(*(reward.column(n) for n in ("is_math", "correct", "format", "model", "language")))
    reward.evaluate(score, columns)
"""

from ._aha_reward.recipe import r1_final, r1_general, r1_judged_text, r1_model, r1_rule

__all__ = ["r1_final", "r1_general", "r1_judged_text", "r1_model", "r1_rule"]

# SPDX-License-Identifier: MIT
"""Methods for `aha.advantages`: `group(...)`, and `grpo`, the group method with its defaults."""

from ._aha import advantage_group as group

grpo = group()

__all__ = ["group", "grpo"]

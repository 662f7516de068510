# SPDX-License-Identifier: MIT
from ._aha import advantage_group as group

__all__ = ["group", "grpo"]

grpo: group

# SPDX-License-Identifier: MIT
from ._aha import advantage_group as group
from ._aha import advantage_whitening as whitening

__all__ = ["group", "grpo", "whitening"]

grpo: group

# SPDX-License-Identifier: MIT
"""Methods: `group(...)` for `aha.advantages` (`grpo` is it with its defaults), `whitening(...)` for `aha.whiten`."""

from ._aha import advantage_group as group
from ._aha import advantage_whitening as whitening

grpo = group()

__all__ = ["group", "grpo", "whitening"]

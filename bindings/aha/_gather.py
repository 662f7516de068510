# SPDX-License-Identifier: MIT
"""One object a rank, on every rank: all that `reduce` needs of a host's engine of communication."""

from __future__ import annotations

import sys
from typing import Any


def gathered(function: str, mine: Any, group: Any) -> list[Any]:
    """The objects of all ranks in the order of ranks. group as in `loss_stats.reduce`."""
    torch = sys.modules.get("torch")
    distributed = torch.distributed if torch is not None and torch.distributed.is_available() else None
    if distributed is not None and group is not None and group == distributed.GroupMember.NON_GROUP_MEMBER:
        raise ValueError(f"aha::{function}: group: expected a group that this rank is in, got one of others")
    if group is None or (distributed is not None and isinstance(group, distributed.ProcessGroup)):
        if distributed is None or not distributed.is_initialized():
            raise ValueError(
                f"aha::{function}: group: expected torch.distributed to be initialised, got no process group"
            )
        everybody = [None] * distributed.get_world_size(group)
        distributed.all_gather_object(everybody, mine, group=group)
        return everybody
    if hasattr(group, "allgather"):
        return list(group.allgather(mine))
    kind = "an" if type(group).__name__[0] in "aeiouAEIOU" else "a"
    raise TypeError(
        f"aha::{function}: group: expected a torch.distributed process group or an object with allgather(x), "
        f"got {kind} {type(group).__name__}"
    )

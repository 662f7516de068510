# SPDX-License-Identifier: MIT
"""Group advantages, (reward - mean) / (standard deviation + 1e-6), of rewards with arbitrary 64-bit group ids."""

import collections

import aha
import torch
from cases import Case

from . import inputs
from .candidate import Candidate

EPS = 1e-6


def vectorised(reward, ids):
    """Without a loop: ids become numbers, sums go by index. A group of one gets 0."""
    _, group, count = torch.unique(ids, return_inverse=True, return_counts=True)
    zeros = torch.zeros(len(count))
    mean = zeros.index_add(0, group, reward) / count
    deviation = reward - mean[group]
    variance = zeros.index_add(0, group, deviation * deviation) / (count - 1).clamp(min=1)
    return deviation / (variance.sqrt() + EPS)[group]


def loop(reward, ids):
    """As trainers write it: a dictionary of lists, one small tensor a group, one division a row."""
    ids = ids.tolist()
    members = collections.defaultdict(list)
    for row, id_ in enumerate(ids):
        members[id_].append(reward[row])
    mean, scale = {}, {}
    for id_, values in members.items():
        together = torch.stack(values)
        mean[id_] = together.mean()
        scale[id_] = together.std() + EPS if len(values) > 1 else torch.tensor(1.0)
    adv = torch.empty_like(reward)
    for row, id_ in enumerate(ids):
        adv[row] = (reward[row] - mean[id_]) / scale[id_]
    return adv


def candidates(sizes, threads):
    reward, ids = inputs.tensors(*inputs.rewards(sizes.groups))
    case = Case("group_advantages", f"[{len(reward)}]", "float32", 16 * len(reward))

    def python_form():
        return aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=ids), threads=threads).adv

    for implementation, call, single in (("python loop", lambda: loop(reward, ids), True),
                                         ("torch vectorised", lambda: vectorised(reward, ids), False),
                                         ("aha python", python_form, False)):
        yield Candidate(case, implementation, call, lambda call=call: sums(call()), single)


def sums(adv):
    adv = torch.as_tensor(adv).double()
    return float(adv.abs().sum()), float((adv * adv).sum())

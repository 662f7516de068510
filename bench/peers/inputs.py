# SPDX-License-Identifier: MIT
"""The numbers of bench/cpu/inputs.hpp, bit for bit."""

import numpy as np
import torch


def number(n, stream):
    """[n] numbers in [0, 1) with 24 bits, of a named stream."""
    h = np.arange(n, dtype=np.uint64).astype(np.uint32) * np.uint32(2654435761)
    h += np.uint32(stream * 0x9E3779B9 & 0xFFFFFFFF)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def near(logp, stream):
    """Log-probabilities within 0.3 nats of others."""
    return logp + np.float32(0.6) * (number(len(logp), stream) - np.float32(0.5))


def offsets(n, length):
    return np.append(np.arange(0, n, length), n)


def tensors(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(a)) for a in arrays]


def rewards(groups):
    """Rewards and ids of ragged groups: group g has 1 + (7 g mod 19), scattered over the rows."""
    group_of = np.repeat(np.arange(groups), 1 + 7 * np.arange(groups) % 19)
    n = len(group_of)
    ids = np.empty(n, np.int64)
    ids[np.arange(n) * 1_000_003 % n] = (group_of.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)
    reward = (number(n, 5) < 0.5).astype(np.float32) + np.where(number(n, 6) < 0.8, np.float32(0.1), np.float32(0))
    return reward, ids

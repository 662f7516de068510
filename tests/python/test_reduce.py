# SPDX-License-Identifier: MIT
"""Statistics of several ranks: merged, added, as bytes, and over torch.distributed."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from python_batches import GRPO, packed

import aha

EVERYTHING = ["default", "ess", "chi_square"]


def shards(ranks=3):
    """The statistics of parts of one batch, and of the whole batch."""
    logp, columns = packed()
    cu = columns.pop("cu_seqlens")
    adv = columns.pop("adv").values
    objective = GRPO - 0.1 * aha.token_mean(aha.kl("k2"))

    def stats(sequences):
        tokens = np.concatenate([np.arange(cu[i], cu[i + 1]) for i in sequences])
        part = {k: x[tokens] if isinstance(x, np.ndarray) else x for k, x in columns.items()}
        lens = [cu[i + 1] - cu[i] for i in sequences]
        part.update(cu_seqlens=np.cumsum([0, *lens]), adv=aha.per_sequence(adv[list(sequences)]))
        return aha.loss(objective, logp[tokens], observe=EVERYTHING, **part).stats

    return [stats(range(r, len(adv), ranks)) for r in range(ranks)], stats(range(len(adv)))


class Communicator:
    """What mpi4py's communicators offer, over ranks of one process."""

    def __init__(self, everybody):
        self.everybody = everybody

    def allgather(self, mine):
        assert isinstance(mine, bytes)
        return [pickled(s) for s in self.everybody]


def pickled(stats):
    return stats.to_array().tobytes()


def assert_equal_up_to_rounding(got, want):
    got, want = got.to_dict(), want.to_dict()
    assert got.keys() == want.keys() and len(want) > 15
    for name in want:
        exact = name in ("tokens", "sequences", "ratio/min", "ratio/max") or name.startswith("clip")
        assert got[name] == want[name] if exact else math.isclose(got[name], want[name], rel_tol=1e-12), name


def test_merged_added_and_reduced_are_the_whole():
    parts, whole = shards()
    total = parts[0] + parts[1] + parts[2]
    assert_equal_up_to_rounding(total, whole)
    merged = aha.loss_stats()
    for s in parts:
        merged.merge(s)
    assert merged == total and parts[0] != total
    reduced = parts[1].reduce(Communicator(parts))
    assert reduced == total
    assert aha.loss_stats() + total == total == total + aha.loss_stats()


def test_arrays_hold_every_bit():
    parts, whole = shards()
    for s in (*parts, whole, aha.loss_stats()):
        a = s.to_array()
        assert a.dtype == np.uint8 and a.ndim == 1
        for b in (a, torch.from_numpy(a.copy())):
            assert aha.loss_stats.from_array(b) == s
    wrong = whole.to_array()
    for bad, text in (
        (wrong[:-1], "bytes of a loss_stats of this version, got"),
        (np.zeros_like(wrong), "bytes of something else"),
        (np.concatenate([wrong[:8] ^ 1, wrong[8:]]), "bytes of something else"),
    ):
        with pytest.raises(ValueError, match=f"aha::loss_stats.from_array: array: expected .*{text}"):
            aha.loss_stats.from_array(np.ascontiguousarray(bad))
    with pytest.raises(TypeError, match="expected uint8, got float64"):
        aha.loss_stats.from_array(np.zeros(4))
    with pytest.raises(ValueError, match="advantage_stats.*bytes"):
        aha.advantage_stats.from_array(wrong)


def test_counts_are_exact_beyond_what_a_double_holds():
    s = shards()[1]
    big = s
    for _ in range(52):  # doubles every count: 13 tokens become 13 * 2^52
        big = big + big
    assert big.tokens == 13 * 2**52
    odd = big + s + s
    assert odd.tokens == 13 * (2**52 + 2) and float(odd.tokens) != odd.tokens + 1
    assert odd.reduce(Communicator([odd])).tokens == odd.tokens
    assert aha.loss_stats.from_array(odd.to_array()).tokens == odd.tokens


def test_advantages_and_totals_reduce_too():
    reward, ids = np.random.default_rng(1).random(12), np.repeat(np.arange(4), 3)
    whole = aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=ids)).stats
    parts = [
        aha.advantages(aha.advantage.grpo, reward[a:b], aha.groups(ids=ids[a:b])).stats for a, b in ((0, 6), (6, 12))
    ]
    got = parts[0].reduce(Communicator(parts))
    assert got.groups == 4 and got.rewards == 12
    assert got.mean == pytest.approx(whole.mean, rel=1e-14) and got.std == pytest.approx(whole.std, rel=1e-14)
    assert got == parts[0] + parts[1] and got.std == pytest.approx(reward.std(ddof=1), rel=1e-12)
    measured = [aha.measure(reward[a:b]) for a, b in ((0, 5), (5, 12))]
    got = measured[0].reduce(Communicator(measured))
    assert got == measured[0] + measured[1] and got.entries == 12
    assert (got.low, got.high) == (reward.min(), reward.max())
    moments = [s.moments for s in measured]
    assert moments[1].reduce(Communicator(moments)) == moments[0] + moments[1] == got.moments
    for record in (got, moments[0], parts[0]):
        assert type(record).from_array(record.to_array()) == record

    class Totals:
        def allgather(self, mine):
            return [mine, aha.totals(5, 2), aha.totals(1, None)]

    assert aha.totals(3, 4).reduce(Totals()) == aha.totals(9, None)


def test_what_is_no_group():
    s = aha.loss_stats()
    with pytest.raises(
        ValueError, match="^aha::loss_stats.reduce: group: expected torch.distributed to be initialised"
    ):
        s.reduce()
    with pytest.raises(TypeError, match="aha::loss_stats.reduce: group: expected a torch.distributed process group or"):
        s.reduce(3)


RANK = """
import sys
sys.path[:0] = sys.argv[3:]
import aha
assert "torch" not in sys.modules
import torch, torch.distributed as dist
from test_reduce import assert_equal_up_to_rounding, shards
rank = int(sys.argv[1])
dist.init_process_group("gloo", store=dist.FileStore(sys.argv[2], 2), rank=rank, world_size=2)
parts, whole = shards(2)
got = parts[rank].reduce()
assert_equal_up_to_rounding(got, whole)
assert got == parts[0] + parts[1]
assert parts[rank].reduce(dist.group.WORLD) == got
# the host's own communication: one gather of bytes
mine = torch.from_numpy(parts[rank].to_array())
every = [torch.empty_like(mine) for _ in range(2)]
dist.all_gather(every, mine)
assert aha.loss_stats.from_array(every[0]) + aha.loss_stats.from_array(every[1]) == got
assert aha.totals(3 + rank, 2).reduce() == aha.totals(7, 4)
alone = dist.new_group([0])
if rank == 0:
    assert parts[0].reduce(alone) == parts[0]
else:
    try:
        parts[1].reduce(alone)
    except ValueError as e:
        assert "expected a group that this rank is in" in str(e), e
    else:
        raise AssertionError
dist.barrier()
dist.destroy_process_group()
print("done", got.to_array().tobytes().hex())
"""


def test_over_torch_distributed(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("a torch without torch.distributed")
    here = __file__.rsplit("/", 1)[0]
    paths = [aha.__file__.rsplit("/", 2)[0], here, here + "/../support"]
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(tmp_path / "store"), *paths],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [p.communicate(timeout=120) for p in ranks]
    assert [p.returncode for p in ranks] == [0, 0], said
    assert said[0][0] == said[1][0] and said[0][0].startswith("done ")  # every rank has the same bits

# SPDX-License-Identifier: MIT
"""The rows `aha python` of `bash bench/run.sh cuda`: aha.torch on the device, and what a call costs the host. A JSON object a line.

Left out by name where the package has no `_aha_cuda`. --host-only: the host's part alone, for tests/gpu/python.sh.
"""

import json
import statistics
import sys
import time

import torch
from peers import DEVICE, SMOKE, inputs, measured

import aha
import aha.torch

GRPO = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))


def columns_of(old, adv, logits):
    """What the peers' rows have: sequences of equal length, the reference policy is the old one."""
    sequences, length = old.shape
    return logits.view(sequences, length, -1), {
        "old_logp": old, "ref_logp": old, "adv": aha.per_token(adv),
        "totals": aha.totals(tokens=sequences * length, sequences=sequences),
    }


def shape_rows(rows, vocabulary, dtype):
    logits, targets, old, adv = inputs(rows, vocabulary, dtype)
    whole, columns = columns_of(old, adv, logits)
    whole.requires_grad_(True)
    ids = targets.view(old.shape)
    shape, type_name = f"[{rows}, {vocabulary}]", str(dtype).split(".")[1]
    rounds = 3 if SMOKE else 25
    one_way = logits.numel() * logits.element_size()

    def step():
        whole.grad = None
        aha.torch.loss_from_logits(GRPO, whole, ids, observe="none", **columns).loss.backward()

    def entropy():
        return aha.torch.token_logp(whole.detach(), ids, entropy=True)

    measured("logits_loss_grad", shape, type_name, "aha python", 2 * one_way, step, rounds)
    whole.grad = None
    measured("token_logp entropy", shape, type_name, "aha python", one_way, entropy, rounds)


def on_the_host(name, shape, dtype, call, rounds=25, calls=50):
    """Seconds that the host spends in a call whose work is too small to be waited for; as bench/cuda/timing.cuh has it."""
    for _ in range(3 * calls):
        call()
    torch.cuda.synchronize()
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        seconds.append((time.perf_counter() - begin) / calls)
        torch.cuda.synchronize()
    if "--host-only" in sys.argv:
        print(f"{name} {shape}: {statistics.median(seconds) * 1e6:.1f} us", file=sys.stderr)
    print(json.dumps({"work": "host cost of a call", "shape": shape, "dtype": dtype, "implementation": name, "bytes": 0,
                      "seconds": seconds, "extra_bytes": None}), flush=True)


def host_rows():
    logits, targets, old, adv = inputs(64, 1024, torch.bfloat16)
    logits, columns = columns_of(old, adv, logits)
    targets = targets.view(old.shape)
    logp = torch.full_like(old, -9.5)
    active = logp.clone().requires_grad_(True)
    on_the_host("aha python loss", "[64]", "float32", lambda: aha.loss(GRPO, logp, **columns))
    on_the_host("aha python torch.loss", "[64]", "float32", lambda: aha.torch.loss(GRPO, active, **columns))
    on_the_host("aha python torch.loss, backward", "[64]", "float32",
                lambda: aha.torch.loss(GRPO, active, **columns).loss.backward())
    on_the_host("aha python loss_from_logits", "[64, 1024]", "bfloat16",
                lambda: aha.loss_from_logits(GRPO, logits, targets, dlogits=True, **columns))
    on_the_host("aha python token_logp", "[64, 1024]", "bfloat16", lambda: aha.token_logp(logits, targets))


def main():
    if "cuda" not in aha.show_config("dicts")["backends"]:
        print("left out: aha python: the package has no _aha_cuda", file=sys.stderr)
        return
    if "--host-only" not in sys.argv:
        if SMOKE:
            shape_rows(64, 1003, torch.bfloat16)
        else:
            shape_rows(8192, 151936, torch.bfloat16)
            shape_rows(64, 151936, torch.bfloat16)
    host_rows()


if __name__ == "__main__":
    assert DEVICE == "cuda"
    main()

# SPDX-License-Identifier: MIT
"""The peers' rows of `bash bench/run.sh cuda`: PyTorch's forms and, where they import, those of peer_imports.py, a JSON object a line.

GRPO with k3 (clip 0.2, 0.28; beta 0.04), token mean of sequences' means as the C++ side has it; works and shapes bear its names.
What cannot be imported or does not fit into memory is named on stderr as "left out".
"""

import gc
import json
import sys

import torch
import torch.nn.functional as F
from peer_imports import liger, quack, trl, verl

SMOKE = "--smoke" in sys.argv
DEVICE = "cuda"


def inputs(rows, vocabulary, dtype):
    generator = torch.Generator(DEVICE).manual_seed(0)
    logits = (3 * torch.randn(rows, vocabulary, device=DEVICE, dtype=torch.float32, generator=generator)).to(dtype) \
        if rows * vocabulary < 2**30 else \
        torch.randn(rows, vocabulary, device=DEVICE, dtype=dtype, generator=generator).mul_(3)
    targets = torch.arange(rows, device=DEVICE) * 7919 % vocabulary
    length = min(rows, 512)
    old = torch.full((rows // length, length), -9.0, device=DEVICE)
    adv = torch.randn(rows // length, length, device=DEVICE, generator=generator)
    return logits, targets, old, adv


def grpo(logp, old, adv):
    logp = logp.view_as(old)
    ratio = torch.exp(logp - old)
    surrogate = -torch.minimum(ratio * adv, ratio.clamp(0.8, 1.28) * adv)
    d = old - logp  # the reference policy is the old one
    return (surrogate + 0.04 * (torch.exp(d) - d - 1)).mean(-1).mean()


def eager_fp32(logits, targets):
    return F.log_softmax(logits.float(), -1).gather(-1, targets[:, None])[:, 0]


def by_rows(logits, targets):
    """What trainers do in 16 bits: a log-softmax a row, so that only one row's float32 copy lives."""
    return torch.stack([F.log_softmax(row, -1)[target] for row, target in zip(logits, targets)])


def loss_and_gradient(logp_of, logits, targets, old, adv):
    logits.grad = None
    grpo(logp_of(logits, targets), old, adv).backward()


def log_prob_and_entropy(logits, targets):
    with torch.no_grad():
        logp = F.log_softmax(logits.float(), -1)
        return logp.gather(-1, targets[:, None])[:, 0], -(logp.exp() * logp).sum(-1)


def measured(work, shape, dtype, name, size, call, rounds, calls=1):
    """A row, or why there is none. A sample is so many calls, one after another, as timing.cuh has it."""
    try:
        call()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        extra = torch.cuda.max_memory_allocated() - before
        seconds = []
        for _ in range(rounds):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            for _ in range(calls):
                call()
            end.record()
            end.synchronize()
            seconds.append(begin.elapsed_time(end) / 1e3 / calls)
    except Exception as error:  # a peer's own failure must not end the others' rows
        print(f"left out: {name} at {shape}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
        torch.cuda.empty_cache()
        return
    print(json.dumps({"work": work, "shape": shape, "dtype": dtype, "implementation": name, "bytes": size,
                      "seconds": seconds, "extra_bytes": extra}), flush=True)


def shape_rows(rows, vocabulary, dtype, everything, peers):
    logits, targets, old, adv = inputs(rows, vocabulary, dtype)
    logits.requires_grad_(True)
    shape, type_name = f"[{rows}, {vocabulary}]", str(dtype).split(".")[1]
    one_way = logits.numel() * logits.element_size()
    rounds, calls = (3, 1) if SMOKE else (25, 1) if rows < 1024 else (7, 4)

    def row(work, name, factor, call):
        measured(work, shape, type_name, name, factor * one_way, call, rounds, calls)
        logits.grad = None
        gc.collect()
        torch.cuda.empty_cache()

    both = "logits_loss_grad"
    compiled = torch.compile(eager_fp32, dynamic=False)
    row(both, "torch.compile", 2, lambda: loss_and_gradient(compiled, logits, targets, old, adv))
    if everything:
        tuned = torch.compile(eager_fp32, dynamic=False, mode="max-autotune-no-cudagraphs")
        row(both, "torch.compile max-autotune", 2, lambda: loss_and_gradient(tuned, logits, targets, old, adv))
        row(both, "torch eager fp32", 2, lambda: loss_and_gradient(eager_fp32, logits, targets, old, adv))
    entropy = torch.compile(log_prob_and_entropy, dynamic=False)
    row("token_logp entropy", "torch.compile", 1, lambda: entropy(logits.detach(), targets))
    if peers["liger"]:
        triton_grpo_loss, selective = peers["liger"]
        sequences, length = old.shape
        # It takes [B, L + 1, V] and leaves the last position of each sequence out.
        longer = torch.empty(sequences, length + 1, vocabulary, device=DEVICE, dtype=dtype)
        longer[:, :-1] = logits.detach().view(sequences, length, vocabulary)
        longer[:, -1] = 0
        longer.requires_grad_(True)
        ids = targets.view(sequences, length)

        def liger_grpo(inplace):
            longer.grad = None
            out = triton_grpo_loss(longer, old, old, ids, adv[:, 0].contiguous(), temperature=1.0, beta=0.04, eps_low=0.2,
                                   eps_high=0.28, inplace=inplace, loss_type="grpo", reduce=True)
            (out[0] if isinstance(out, tuple) else out).backward()

        row("token_logp", "Liger Triton selective log-softmax", 1, lambda: selective(longer.detach(), ids, 1.0))
        row(both, "Liger Triton GRPO", 2, lambda: liger_grpo(False))
        row(both, "Liger Triton GRPO in place", 2, lambda: liger_grpo(True))
        longer.grad = None
        del longer
    if peers["trl"]:
        selective, entropy_of = peers["trl"]
        if everything:
            row(both, "TRL selective_log_softmax", 2, lambda: loss_and_gradient(selective, logits, targets, old, adv))

        def trl_forward():
            with torch.no_grad():
                return selective(logits, targets), entropy_of(logits)

        row("token_logp entropy", "TRL", 1, trl_forward)
    if peers["verl"]:
        logp_of, entropy_of_chunks, _ = peers["verl"]
        if everything:
            row(both, "verl logprobs_from_logits", 2, lambda: loss_and_gradient(logp_of, logits, targets, old, adv))

        def verl_forward():
            with torch.no_grad():
                return logp_of(logits, targets), entropy_of_chunks(logits)

        row("token_logp entropy", "verl", 1, verl_forward)
    if peers["quack"]:
        # The gradient of each row's cross-entropy alone: no objective, no second input.
        x = logits.detach()
        row(both, "quack cross-entropy", 2, lambda: peers["quack"](x, targets, return_dx=True))
        copy = x.clone()
        row(both, "quack cross-entropy in place", 2,
            lambda: peers["quack"](copy, targets, return_dx=True, inplace_backward=True))


def hidden_rows(rows, hidden, vocabulary, peers):
    """verl's fused forward starts from hidden states, so its row stands beside the product that gives logits and ours."""
    if not peers["verl"]:
        return
    generator = torch.Generator(DEVICE).manual_seed(0)
    states = torch.randn(rows, hidden, device=DEVICE, dtype=torch.bfloat16, generator=generator)
    weight = torch.randn(vocabulary, hidden, device=DEVICE, dtype=torch.bfloat16, generator=generator) / hidden**0.5
    targets = torch.arange(rows, device=DEVICE) * 7919 % vocabulary
    work, shape, rounds = "hidden to logp entropy", f"[{rows}, {hidden}] to {vocabulary}", 3 if SMOKE else 7

    def fused():
        with torch.no_grad():
            return peers["verl"][2](states, weight, targets, 1.0, "none")

    def product():
        with torch.no_grad():
            return states @ weight.t()

    measured(work, shape, "bfloat16", "verl linear_cross_entropy", 0, fused, rounds)
    measured(work, shape, "bfloat16", "the product alone", 0, product, rounds)


def main():
    torch.manual_seed(0)
    peers = {"liger": liger(), "trl": trl(), "verl": verl(), "quack": quack()}
    if SMOKE:
        hidden_rows(64, 128, 1003, peers)
        return shape_rows(64, 1003, torch.bfloat16, True, peers)
    hidden_rows(8192, 4096, 128256, peers)
    shape_rows(8192, 151936, torch.bfloat16, True, peers)
    for vocabulary in (32000, 50257, 128256, 129280, 248320):
        shape_rows(8192, vocabulary, torch.bfloat16, False, peers)
    for rows in (1, 64):
        shape_rows(rows, 151936, torch.bfloat16, True, peers)
    return shape_rows(4096, 151936, torch.float32, False, peers)


if __name__ == "__main__":
    main()

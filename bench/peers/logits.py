# SPDX-License-Identifier: MIT
"""The same objective straight from logits, and log-probabilities (with entropies) of given tokens."""

import aha
import aha.torch
import numpy as np
import torch
from cases import Case

from . import inputs
from .candidate import Candidate, compiled
from .logp import checked, grpo_tokens, objective


def grpo(logits, targets, old_logp, ref_logp, adv):
    logp = torch.log_softmax(logits.float(), -1).gather(-1, targets[:, None])[:, 0]
    return grpo_tokens(logp, old_logp, ref_logp, adv).mean()


def token_logp(logits, targets):
    return logits.gather(-1, targets[:, None])[:, 0].float() - torch.logsumexp(logits.float(), -1)


def token_logp_entropy(logits, targets):
    logp = torch.log_softmax(logits.float(), -1)
    return logp.gather(-1, targets[:, None])[:, 0], -(logp.exp() * logp).sum(-1)


def candidates(sizes, threads):
    for dtype in (torch.float32, torch.bfloat16):
        yield from of_type(sizes.rows, sizes.vocabulary, dtype, threads, sizes.compiler)


def of_type(rows, vocabulary, dtype, threads, compiler):
    name = str(dtype).removeprefix("torch.")
    bytes_ = rows * vocabulary * dtype.itemsize
    logits = torch.from_numpy(np.float32(16) * inputs.number(rows * vocabulary, 7) - np.float32(8))
    logits = logits.to(dtype).view(rows, vocabulary).requires_grad_()
    old_logp, ref_logp = (-12 - 4 * inputs.number(rows, stream) for stream in (1, 2))
    cu_seqlens = inputs.offsets(rows, 64)
    adv = np.float32(2) * inputs.number(len(cu_seqlens) - 1, 3) - np.float32(1)
    targets = np.arange(rows, dtype=np.int64) * 7919 % vocabulary
    spread = np.repeat(adv, np.diff(cu_seqlens))
    targets, old_logp, ref_logp, adv, spread, cu_seqlens = inputs.tensors(targets, old_logp, ref_logp, adv, spread, cu_seqlens)

    case = Case("logits_loss_grad", f"[{rows}, {vocabulary}]", name, 2 * bytes_)

    def torch_form(function):
        def call():
            logits.grad = None
            loss = function(logits, targets, old_logp, ref_logp, spread)
            loss.backward()
            return loss

        return call

    def python_form():
        logits.grad = None
        loss = aha.torch.loss_from_logits(
            objective(), logits, targets, old_logp=old_logp, ref_logp=ref_logp, adv=aha.per_sequence(adv),
            cu_seqlens=cu_seqlens, totals=aha.totals(tokens=rows), threads=threads, observe="none").loss
        loss.backward()
        return loss

    for implementation, call in (("torch eager", torch_form(grpo)),
                                 ("torch.compile", torch_form(compiled(grpo, compiler))),
                                 ("aha python", python_form)):
        yield Candidate(case, implementation, call, lambda call=call: checked(call, logits))

    plain = logits.detach()
    for entropy in (False, True):
        case = Case("token_logp", f"[{rows}, {vocabulary}]" + (" entropy" if entropy else ""), name, bytes_)
        function = token_logp_entropy if entropy else token_logp

        def python_logp(entropy=entropy):
            return aha.torch.token_logp(plain, targets, entropy=entropy, threads=threads)

        for implementation, form in (("torch eager", function), ("torch.compile", compiled(function, compiler))):
            yield Candidate(case, implementation, no_grad(form, plain, targets), magnitudes(no_grad(form, plain, targets)))
        yield Candidate(case, "aha python", python_logp, magnitudes(python_logp))


def no_grad(function, *arguments):
    def call():
        with torch.no_grad():
            return function(*arguments)

    return call


def magnitudes(call):
    """Sums of |log-probability| and of |entropy|, 0 where there is none."""

    def check():
        result = call()
        columns = result if isinstance(result, tuple) else (result,)
        sums = [float(c.abs().sum(dtype=torch.float64)) for c in columns]
        return (*sums, 0.0)[:2]

    return check

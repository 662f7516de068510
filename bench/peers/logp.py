# SPDX-License-Identifier: MIT
"""GRPO with the k3 penalty and its gradient, from log-probabilities."""

import aha
import aha.torch
import numpy as np
import torch
from cases import Case

from . import inputs
from .candidate import Candidate, compiled


def grpo_tokens(logp, old_logp, ref_logp, adv):
    """Loss of each token as PyTorch trainers write it."""
    ratio = torch.exp(logp - old_logp)
    policy = -torch.min(ratio * adv, torch.clamp(ratio, 0.8, 1.28) * adv)
    d = ref_logp - logp
    return policy + 0.04 * (torch.exp(d) - d - 1)


def grpo(logp, old_logp, ref_logp, adv, mask, tokens):
    return (grpo_tokens(logp, old_logp, ref_logp, adv) * mask).sum() / tokens


def objective():
    return aha.token_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))


def candidates(sizes, threads):
    for tokens in sizes.tokens:
        yield from of_size(tokens, threads, sizes.compiler)


def of_size(n, threads, compiler):
    case = Case("logp_loss_grad", f"[{n}]", "float32", 21 * n)
    logp = np.float32(-3) * inputs.number(n, 0)
    adv = np.float32(2) * inputs.number(n, 3) - np.float32(1)
    logp, old_logp, ref_logp, adv, mask, cu_seqlens = inputs.tensors(
        logp, inputs.near(logp, 1), inputs.near(logp, 2), adv, inputs.number(n, 4) < 0.9, inputs.offsets(n, 1024))
    logp.requires_grad_()
    counted = int(mask.sum())
    # PyTorch's form multiplies by the mask, which is a float column in trainers; aha reads the bytes.
    columns = (old_logp, ref_logp, adv, mask.float(), counted)

    def torch_form(function):
        def call():
            logp.grad = None
            loss = function(logp, *columns)
            loss.backward()
            return loss

        return call

    def python_form(**observe):
        def call():
            logp.grad = None
            loss = aha.torch.loss(objective(), logp, old_logp=old_logp, ref_logp=ref_logp, adv=aha.per_token(adv), mask=mask,
                                  cu_seqlens=cu_seqlens, totals=aha.totals(tokens=counted), threads=threads, **observe).loss
            loss.backward()
            return loss

        return call

    for implementation, call in (("torch eager", torch_form(grpo)),
                                 ("torch.compile", torch_form(compiled(grpo, compiler))),
                                 ("aha python", python_form(observe="none")),
                                 ("aha python observed", python_form())):
        yield Candidate(case, implementation, call, lambda call=call: checked(call, logp))


def checked(call, active):
    loss = float(call().detach())
    return loss, float(active.grad.abs().sum(dtype=torch.float64))

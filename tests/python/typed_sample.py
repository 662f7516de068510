# SPDX-License-Identifier: MIT
"""Checked by mypy, never run: the stubs fit ordinary use. Lines that must be errors say so."""

import numpy as np
import torch

import aha
import aha.recipe
import aha.reward
import aha.torch

logp = np.zeros(4, dtype=np.float32)
tensor = torch.zeros(4, requires_grad=True)
objective = aha.sequence_mean(
    aha.weight * aha.clip(0.2, 0.28, level="sequence") + 0.04 * aha.kl("k3", gradient="ratio")
)
objective = objective - 0.001 * aha.token_mean(aha.entropy(), total=12)
objective = objective + aha.constant_length(128)(aha.keep * aha.clip())
cu = np.array([0, 4])
counts = aha.count_totals(cu_seqlens=cu)
result = aha.loss(
    objective,
    logp,
    old_logp=aha.on_policy,
    adv=aha.per_sequence(np.zeros(1, dtype=np.float32)),
    cu_seqlens=cu,
    totals=counts,
    observe=["clip", "ess"],
    outputs=aha.outputs(dlogp=True, token_loss=np.zeros(4, dtype=np.float32)),
)
value: float = result.loss
named: dict[str, float] = result.stats.to_dict()
adv = aha.advantages(aha.advantage.group(baseline="leave_one_out", scale="none"), logp, aha.groups(ids=cu)).adv
out = aha.torch.loss(objective, tensor, old_logp=tensor.detach(), adv=aha.per_token(adv), mask=torch.ones(4))
out.loss.backward()  # type: ignore[no-untyped-call]
one: torch.Tensor = aha.torch.token_logp(tensor, cu)
both: tuple[torch.Tensor, torch.Tensor] = aha.torch.token_logp(tensor, cu, entropy=True)
three: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = aha.torch.token_logp(tensor, cu, entropy=True, lse=True)
everywhere: aha.loss_stats = (result.stats + aha.loss_stats.from_array(result.stats.to_array())).reduce()
config: dict[str, object] | None = aha.show_config(mode="dicts")
text: str = repr(aha.parse("token_mean(clip(0.2, 0.2))")) + aha.terms_table()

aha.loss(objective, [1.0, 2.0])  # type: ignore[arg-type]
aha.loss(aha.clip(), logp)  # type: ignore[arg-type]
aha.kl("k4")  # type: ignore[arg-type]
aha.clip(level="row")  # type: ignore[arg-type]
aha.clip(0.2, 0.2, (-1, 1))  # type: ignore[call-arg]
aha.loss(objective, logp, adv=logp)  # type: ignore[arg-type]
aha.groups(ids=cu, offsets=cu)  # type: ignore[call-overload]
aha.loss(objective, logp, refs=logp)  # type: ignore[call-arg]
aha.totals(rows=3)  # type: ignore[arg-type]
aha.outputs(dlogits=True)  # type: ignore[arg-type]

verdict = aha.reward.math.verify("1/2", "\\boxed{0.5}", strict=True, choices=())
right: bool = verdict.equal
why: str = verdict.outcome.reason
verdicts = aha.reward.math.verify_batch("1/2", ["0.5", b"0.6"], threads=2)
first: aha.reward.math.verdict = verdicts[0]
correct, length = aha.reward.column("correct"), aha.reward.column("length", "tokens")
score = aha.reward.gate(0.5, correct) - 0.1 * aha.reward.overlong(length, 8192, 2048)
seen = aha.reward.evaluate(score, {"correct": verdicts, "length": aha.reward.tokens([3, 4])}, groups=[0, 0], raw=correct)
print(seen.report, aha.recipe.r1_rule(correct, score))
aha.reward.task.gsm8k("1", "1", often=1)  # type: ignore[call-arg]
aha.reward.tag_format(1)  # type: ignore[arg-type]

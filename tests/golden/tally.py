# SPDX-License-Identifier: MIT
"""Loads cases, puts each into one of four classes, and prints the counts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from peers import Answer, Case, NotYet, same, translate
from peers.case import array

# f32_noise and float32_rounding are two files' names for one thing: the number is rounding, not mathematics.
DELIBERATE_TAGS = ("peer_defect", "nan_at_padding", "f32_noise", "float32_rounding")


SHIPPED = Path(__file__).resolve().parent / "data"


@dataclass
class Verdict:
    kind: str  # passed, failed, deliberate, not yet
    reason: str = ""
    metrics_compared: int = 0
    metrics_differ: tuple[str, ...] = ()


VERDICTS: dict[tuple[str, str, str], Verdict] = {}  # (peer, kind, id)


def load(folder: Path) -> list[Case]:
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise FileNotFoundError(f"no *.jsonl in {folder}")
    return [Case(json.loads(line)) for file in files for line in file.read_text().splitlines() if line.strip()]


def passed(cases: list[Case], aha: ModuleType, oracle: ModuleType) -> Counter[str]:
    """How many cases of each peer pass; what has been classified already is not run again."""
    count: Counter[str] = Counter()
    for case in cases:
        known = VERDICTS.get((case.peer, case.kind, case.id)) or classify(case, aha, oracle)
        count[case.peer] += known.kind == "passed"
    return count


def classify(case: Case, aha: ModuleType, oracle: ModuleType) -> Verdict:
    """The verdict of a case, kept for the table."""
    VERDICTS[case.peer, case.kind, case.id] = result = verdict(case, aha, oracle)
    return result


def verdict(case: Case, aha: ModuleType, oracle: ModuleType) -> Verdict:
    refused = "raises" in case.outputs or "error" in case.outputs
    try:
        answer = translate(case, aha)
    except NotYet as missing:
        return Verdict("not yet", str(missing))
    except (ValueError, TypeError) as error:
        if refused:
            return Verdict("passed", "both refuse")
        return Verdict("failed", f"raised {type(error).__name__}: {error}")
    if refused and answer.deviation is None:
        return Verdict("failed", "the peer refuses, we answer")
    if refused:
        own = _differences_from_oracle(case, answer, translate(case, oracle))
        if own:
            return Verdict(
                "failed", f"deliberate ({answer.deviation}), but our answer is not the oracle's: {'; '.join(own)}"
            )
        return Verdict("deliberate", answer.deviation)
    wrong = _differences(answer.outputs, case, answer)
    if not wrong:
        return _with_metrics(Verdict("passed"), case, answer)
    reason = _why_deliberate(case, answer)
    if reason is None:
        return Verdict("failed", "; ".join(wrong))
    own = _differences_from_oracle(case, answer, translate(case, oracle))
    if own:
        return Verdict("failed", f"deliberate ({reason}), but our answer is not the oracle's: {'; '.join(own)}")
    return Verdict("deliberate", reason)


def _differences(outputs: dict, case: Case, answer: Answer) -> list[str]:
    recorded = {k: v for k, v in case.outputs.items() if k != "metrics" and k not in answer.echoed}
    wrong = [f"{k}: not produced" for k in recorded if k not in outputs]
    for name in recorded.keys() & outputs.keys():
        difference = same(outputs[name], recorded[name], case.rtol, case.atol)
        if difference:
            wrong.append(f"{name}: {difference}")
    return wrong


def _why_deliberate(case: Case, answer: Answer) -> str | None:
    for tag in DELIBERATE_TAGS:
        if tag in case.tags:
            return f"tag {tag}"
    if answer.deviation and _agrees_elsewhere(case, answer):
        return answer.deviation
    for name, got in answer.outputs.items():
        recorded = array(case.outputs[name]) if name in case.outputs else np.zeros(())
        if np.isnan(recorded).any() and not np.isnan(array(got)).any():
            return f"recorded {name} is NaN, ours is a number"
    return None


def _agrees_elsewhere(case: Case, answer: Answer) -> bool:
    """Outside the rows that deviate on purpose the record must be met, and by a single number too."""
    if answer.deviating is None:
        return True
    met = answer.deviating.any()
    for name, got in answer.outputs.items():
        ours, recorded = array(got), array(case.outputs[name])
        kept = np.s_[...] if ours.ndim == 0 else ~answer.deviating
        if ours.shape != recorded.shape or (ours.ndim > 0 and len(ours) != len(answer.deviating)):
            return False
        met = met and same(ours[kept], recorded[kept], case.rtol, case.atol) is None
    return bool(met)


def _differences_from_oracle(case: Case, answer: Answer, oracle: Answer) -> list[str]:
    rtol, atol = (1e-9, 1e-12) if case.dtype == np.float64 else (max(case.rtol, 2e-5), max(min(case.atol, 1e-4), 1e-6))
    wrong = []
    for name, want in oracle.outputs.items():
        difference = same(answer.outputs[name], want, rtol, atol)
        if difference:
            wrong.append(f"{name}: {difference}")
    return wrong


def _with_metrics(result: Verdict, case: Case, answer: Answer) -> Verdict:
    recorded = case.outputs.get("metrics") or {}
    differ = []
    for name, got in answer.metrics.items():
        if name not in recorded or np.isnan(array(recorded[name])).any():
            continue
        result.metrics_compared += 1
        difference = same(got, recorded[name], case.metrics_rtol, case.metrics_atol)
        if difference:
            differ.append(f"{name}: {difference}")
    result.metrics_differ = tuple(differ)
    return result


def report() -> Iterator[str]:
    if not VERDICTS:
        return
    by_peer: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for (peer, kind, _), one in VERDICTS.items():
        by_peer[peer][kind].append(one)
    yield f"golden: {len(VERDICTS)} cases"
    header = (
        f"{'peer':<14} {'kind':<54} {'passed':>7} {'failed':>7} {'deliberate':>11} {'not yet':>8}  metrics ok/compared"
    )
    yield header
    for peer, kinds in sorted(by_peer.items()):
        for kind, verdicts in sorted(kinds.items()):
            yield _row(peer, kind, verdicts)
        yield _row(peer, "total", [v for verdicts in kinds.values() for v in verdicts])
    for title in ("deliberate", "not yet"):
        counts: Counter[tuple[str, str]] = Counter()
        for (peer, _, _), one in VERDICTS.items():
            if one.kind == title:
                counts[peer, one.reason] += 1
        yield f"{title}, by reason:"
        for (peer, reason), n in sorted(counts.items()):
            yield f"  {peer:<12} {n:>5}  {reason}"
        if title == "deliberate":
            for (peer, _, identity), one in sorted(VERDICTS.items(), key=lambda item: item[0]):
                if one.kind == title:
                    yield f"    {identity}: {one.reason}"


def _row(peer: str, kind: str, verdicts: list[Verdict]) -> str:
    n = Counter(v.kind for v in verdicts)
    compared = sum(v.metrics_compared for v in verdicts)
    agree = compared - sum(len(v.metrics_differ) for v in verdicts)
    metrics = f"{agree}/{compared}" if compared else ""
    return f"{peer:<14} {kind:<54} {n['passed']:>7} {n['failed']:>7} {n['deliberate']:>11} {n['not yet']:>8}  {metrics}"

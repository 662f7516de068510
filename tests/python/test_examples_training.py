# SPDX-License-Identifier: MIT
"""The main job's sampling, resuming and command line, with a few tiny steps."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "python"
sys.path.insert(0, str(PROGRAM))

import reasoner.trainer as trainer_module  # noqa: E402
from reasoner.curves import read_curves, write_curves  # noqa: E402
from reasoner.evaluation import held_out_problems  # noqa: E402
from reasoner.model import Reasoner  # noqa: E402
from reasoner.sampling import full_rows, pick, sample  # noqa: E402
from reasoner.settings import Settings  # noqa: E402
from reasoner.task import END, PROMPT_LENGTH, draw_problems, encode_prompts  # noqa: E402
from reasoner.trainer import ColdStartFailed, Trainer  # noqa: E402

TINY = Settings(seed=3, steps=4, cold_steps=12, threads=1, minimum_accuracy=0.0)


@pytest.fixture(autouse=True)
def few_held_out_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrained model rambles to the end of its context: 500 responses take half a second each time."""
    monkeypatch.setattr(trainer_module, "held_out_problems", lambda: held_out_problems(20))


def generator(seed: int) -> Any:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("greedy", [False, True])
def test_the_cache_changes_nothing(greedy: bool) -> None:
    """Also covers dropping finished rows: an untrained model ends its responses at random places."""
    model = Reasoner(generator(0)).double()
    prompts = encode_prompts(draw_problems(10, generator(1)))
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # the cache's type; in float64 no draw sits on a rounding error
    try:
        with_cache, without = (
            sample(model, prompts, None if greedy else generator(2), repeats=4, cached=cached)
            for cached in (True, False)
        )
    finally:
        torch.set_default_dtype(default)
    assert torch.equal(with_cache.tokens, without.tokens)
    assert torch.equal(with_cache.lengths, without.lengths)
    torch.testing.assert_close(with_cache.logits, without.logits, rtol=1e-10, atol=1e-10)
    if not greedy:
        assert with_cache.lengths.unique().numel() > 8
    for ids, length in zip(with_cache.tokens.tolist(), with_cache.lengths.tolist()):
        assert END not in ids[: length - 1]


def test_training_rows_give_the_sampled_logits() -> None:
    model = Reasoner(generator(0))
    rollout = sample(model, encode_prompts(draw_problems(6, generator(1))), generator(2), repeats=3)
    rows = torch.tensor([4, 0, 17, 9])
    ids, next_is_response = full_rows(rollout, rows)
    assert ids.shape[1] == PROMPT_LENGTH + int(rollout.lengths[rows].max()) - 1
    with torch.no_grad():
        logits = model.head(model(ids)[next_is_response])
    drawn_from = torch.cat([rollout.logits[row, : rollout.lengths[row]] for row in rows])
    torch.testing.assert_close(logits, drawn_from, rtol=1e-4, atol=1e-4)


def test_pick_draws_from_the_softmax() -> None:
    logits = torch.log(torch.tensor([0.1, 0.0, 0.6, 0.3] + [0.0] * 15))
    uniform = (torch.arange(1000) + 0.5) / 1000
    counts = pick(logits.expand(1000, -1), uniform).bincount(minlength=4)
    assert counts.tolist() == [100, 0, 600, 300]
    assert pick(logits[None], None).tolist() == [2]


@pytest.mark.parametrize("objective", [TINY.objective, 'token_mean(clip(0.2, 0.28) + 0.1 * kl("k3"))'])
def test_resuming_repeats_the_uninterrupted_run(tmp_path: Path, objective: str) -> None:
    settings = Settings(**{**vars(TINY), "objective": objective})
    whole = Trainer(settings)
    whole.start()
    whole.run(None)

    first = Trainer(settings)
    first.start()
    first.run(tmp_path / "checkpoint.pt", until=2)
    resumed = Trainer.load(tmp_path / "checkpoint.pt", steps=None, threads=1)
    assert resumed.done == 2
    resumed.run(None)

    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    timeless = [[{k: v for k, v in row.items() if "seconds" not in k} for row in t.history] for t in (whole, resumed)]
    assert timeless[0] == timeless[1]
    assert [row["step"] for row in resumed.history] == [0, 1, 2, 3, 4]
    assert (whole.history[-1]["reference_kl"] != 0.0) == ("kl" in objective)


def test_a_hopeless_cold_start_stops() -> None:
    trainer = Trainer(Settings(**{**vars(TINY), "cold_steps": 1, "minimum_accuracy": 0.15}))
    with pytest.raises(ColdStartFailed, match=r"reached an accuracy of 0\.0.*More --cold-steps"):
        trainer.start()


def test_curves_round_trip(tmp_path: Path) -> None:
    histories = {0: [{"step": 0.0, "held_out_accuracy": 0.25}, {"step": 1.0, "reward": 0.5}], 2: [{"step": 0.0}]}
    write_curves(tmp_path / "curves.csv", histories)
    assert read_curves(tmp_path / "curves.csv") == histories


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(PROGRAM), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "reasoner", *arguments], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=300, **options,
    )  # fmt: skip


def test_the_command_writes_what_it_promises(tmp_path: Path) -> None:
    output, summary = tmp_path / "out", tmp_path / "deep" / "summary.json"
    tiny = ["--threads", "1", "--output", str(output), "--json", str(summary)]
    done = command("--steps", "2", "--cold-steps", "2", "--minimum-accuracy", "0", "--controls", *tiny)
    assert done.returncode == 0, done.stderr
    promised = ["checkpoint.pt", "curves.png", "shuffled.csv", "steps.csv", "supervised.csv", "table.txt"]
    assert sorted(p.name for p in output.iterdir()) == [*promised, "transcripts_after.txt", "transcripts_before.txt"]
    assert (output / "curves.png").read_bytes().startswith(b"\x89PNG")
    with (output / "steps.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    numbers = json.loads(summary.read_text())
    assert {"accuracy_before", "accuracy_after", "seconds"} <= numbers.keys()
    assert numbers["steps"] == 2 and 0 < numbers["aha_share"] < 1 and numbers["seconds"] > 0
    for word in ("reward", "accuracy", "length", "KL", "entropy", "clipped", "aha's share", "before", "after"):
        assert word in done.stdout, word
    assert "\r" not in done.stdout

    more = command("--resume", "--steps", "3", *tiny)
    assert more.returncode == 0, more.stderr
    assert json.loads(summary.read_text())["steps"] == 3


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--objective", "token_mean(nonsense())"], 2, "--objective: "),
        (["--resume"], 2, "expected a checkpoint at"),
        (["--steps", "0"], 2, "expected a number of at least 1"),
        (["--cold-steps", "1", "--threads", "1"], 3, "the cold start reached an accuracy of"),
        pytest.param(
            ["--device", "cuda"], 2, "--device cuda: expected a GPU that PyTorch ",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_bad_input_ends_with_a_message(tmp_path: Path, arguments: list[str], status: int, text: str) -> None:
    done = command(*arguments, "--output", str(tmp_path))
    assert (done.returncode, text in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr

# SPDX-License-Identifier: MIT
"""Every entry point once, on one level: `AHA_CPU=v3 python level_program.py FOLDER` leaves what came out in FOLDER.

results.npz holds numbers by name, about.json which functions were called and on what, values.pkl what another level must
unpickle. own_texts.json is what they say; given a second folder, texts.json what the values.pkl in it say here. Sizes: tokens and vocabulary are several batches of the widest lanes and a tail.
"""

import json
import pathlib
import pickle
import sys

import numpy as np

import aha

CU = np.array([0, 21, 21, 70, 71])
TOKENS, SEQUENCES, VOCABULARY, SPLIT = 71, 4, 301, 128
CLIP_LOW, CLIP_HIGH, BETA, ENTROPY = 0.2, 0.28, 0.04, 0.01
OBJECTIVE = "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\"k3\"))"
TOTALS = {"tokens": 71, "sequences": 3}


def inputs(dtype):
    """The numbers that all levels and the reference read: rounded to dtype."""
    r = np.random.default_rng(7)
    logp = -np.abs(r.normal(size=TOKENS)) - 0.1
    x = {
        "logp": logp,
        "old_logp": logp + 0.2 * r.normal(size=TOKENS),
        "ref_logp": logp + 0.3 * r.normal(size=TOKENS),
        "adv": r.normal(size=SEQUENCES) + 0.5,
        "logits": 3 * r.normal(size=(TOKENS, VOCABULARY)),
        "reward": r.normal(size=TOKENS),
        "coefficient": r.normal(size=TOKENS),
    }
    x = {name: column.astype(dtype) for name, column in x.items()}
    x["targets"] = r.integers(0, VOCABULARY, size=TOKENS)
    x["ids"] = r.integers(-5, 5, size=TOKENS)
    return x


def columns(x):
    return {"old_logp": x["old_logp"], "ref_logp": x["ref_logp"], "adv": aha.per_sequence(x["adv"]), "cu_seqlens": CU,
            "totals": aha.totals(**TOTALS)}  # fmt: skip


class Caller:
    """`call.loss(...)` is `aha.loss(...)`, written down."""

    def __init__(self):
        self.called = []

    def __getattr__(self, name):
        self.called.append(name)
        return getattr(aha, name)


def compute(call, dtype):
    x = inputs(dtype)
    objective = aha.parse(OBJECTIVE)
    out = {}
    r = call.loss(objective, x["logp"], outputs=aha.outputs(dlogp=True), **columns(x))
    out["loss"], out["dlogp"] = r.loss, r.dlogp
    out["stats"] = list(r.stats.to_dict().values())
    with_entropy = objective - ENTROPY * aha.token_mean(aha.entropy())
    r = call.loss_from_logits(with_entropy, x["logits"], x["targets"], temperature=1.3, dlogits=True, **columns(x))
    out["loss_from_logits"], out["dlogits"] = r.loss, r.dlogits
    r = call.token_logp(x["logits"], x["targets"], temperature=1.3, entropy=True)
    out["token_logp"], out["entropy"] = r.logp, r.entropy
    out["gradient"] = call.logits_gradient(
        x["logits"], x["targets"], max=r.max, log_sum=r.log_sum, dlogp=x["coefficient"], temperature=1.3
    )
    shards = [
        call.softmax_partials(
            np.ascontiguousarray(x["logits"][:, first:last]), x["targets"], vocab_offset=first, vocab_size=VOCABULARY,
            temperature=1.3,
        )
        for first, last in ((0, SPLIT), (SPLIT, VOCABULARY))
    ]  # fmt: skip
    merged = call.merge_partials(np.stack(shards), temperature=1.3)
    out["sharded_logp"] = call.token_logp_from_partials(merged, temperature=1.3, dtype=np.dtype(dtype).name).logp
    half = x["logits"].astype(np.float16)
    out["half_logp"] = call.token_logp(half, x["targets"]).logp
    out["advantages"] = call.advantages(aha.advantage.grpo, x["reward"], aha.groups(ids=x["ids"])).adv
    seen = call.measure(x["reward"])
    out["moments"] = [seen.moments.count, seen.moments.mean, seen.moments.m2]
    out["whiten"] = call.whiten(aha.advantage.whitening(), x["reward"]).out
    out["to_tokens"] = call.to_tokens(x["adv"], cu_seqlens=CU)
    return {f"{np.dtype(dtype).name} {name}": np.asarray(value, np.float64) for name, value in out.items()}


def values():
    """What is kept between processes."""
    x = inputs(np.float64)
    r = aha.loss(aha.parse(OBJECTIVE), x["logp"], outputs=aha.outputs(dlogp=True), **columns(x))
    return [aha.parse(OBJECTIVE), aha.advantage.grpo, aha.advantage.whitening(), aha.moments(3, 0.5, 0.25), r, r.stats,
            aha.totals(3, 2), aha.groups(ids=x["ids"])]  # fmt: skip


def text_of(value):
    """All of a value, to its representation and numbers."""
    members = {n: getattr(value, n) for n in dir(type(value)) if isinstance(getattr(type(value), n), property)}
    return type(value).__module__, "" if members else repr(value), {n: np.array(m).tolist() for n, m in members.items()}


def main(folder, other=None):
    call = Caller()
    results = {**compute(call, np.float64), **compute(call, np.float32)}
    np.savez(folder / "results.npz", **results)
    about = {"called": sorted(set(call.called)), "config": aha.show_config("dicts")}
    (folder / "about.json").write_text(json.dumps(about))
    (folder / "values.pkl").write_bytes(pickle.dumps(values()))
    if other is not None:
        theirs = pickle.loads((other / "values.pkl").read_bytes())
        again = pickle.loads(pickle.dumps(theirs))
        (folder / "texts.json").write_text(json.dumps([str(text_of(x)) for x in theirs]))
        assert [str(text_of(x)) for x in again] == [str(text_of(x)) for x in theirs]
    (folder / "own_texts.json").write_text(json.dumps([str(text_of(x)) for x in values()]))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))

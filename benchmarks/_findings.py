"""How often flags on items and classes find what is there, and what of what they find is not."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from benchmarks._report import report
from goldwork.flags import find_flags
from goldwork.flags.bets import wilson
from goldwork.judgements import Judgements


def findings(runs: int) -> None:
    """Each flag on tables in which one in twenty items is what it looks for, or a class is."""
    for name, one in (("edge-case", edge_cases), ("between-groups", groups)):
        there, found, wrong = np.sum([one(seed) for seed in range(runs)], axis=0).tolist()
        low, high = wilson(found, there)
        report(f"{name}: found", found / there, "share", f"power; {there} items, {low:.3f} to {high:.3f}")
        low, high = wilson(wrong, found + wrong)
        report(
            f"{name}: wrong among those found",
            wrong / max(found + wrong, 1),
            "share",
            f"FDR .05; {low:.3f} to {high:.3f}",
        )
    for fall in (0.15, 0.0):
        hits = [hit for seed in range(25 * runs) for hit in edits(fall, seed)]
        low, high = wilson(sum(hits), len(hits))
        against = f"{'power' if fall else 'bound .05'}; {len(hits)} edits, {low:.3f} to {high:.3f}"
        report(
            f"guideline-edit, a confusion of .3 falls by {fall}, 20 people: found",
            sum(hits) / len(hits),
            "share",
            against,
        )


def edge_cases(seed: int) -> tuple[int, int, int]:
    """Thirty people right with .95, nine answers an item; one item in twenty has two right answers."""
    rng, rows, there = np.random.default_rng(seed), [], set()
    for item in range(300):
        edge = rng.random() < 0.05
        there |= {item} if edge else set()
        for who in rng.permutation(30)[:9].tolist():
            label = int(rng.integers(3)) if rng.random() < 0.075 else item % 3
            if edge and rng.random() < 0.5:
                label = (item + 1) % 3
            rows.append({"item": item, "annotator": f"p{who}", "label": label})
    found = find_flags(Judgements.from_records(rows), names=["edge-case"])
    return _counted(there, {one.subject for one in found})


def groups(seed: int) -> tuple[int, int, int]:
    """Two groups of twenty; on one item in twenty half of one group sees something else."""
    rng, rows, there = np.random.default_rng(seed), [], set()
    of = {f"p{n}": "ab"[n % 2] for n in range(40)}
    for item in range(100):
        differs = rng.random() < 0.05
        there |= {item} if differs else set()
        for who, group in of.items():
            label = int(rng.random() < 0.1)
            if differs and group == "a" and rng.random() < 0.6:
                label = 2
            rows.append({"item": item, "annotator": who, "label": label})
    found = find_flags(Judgements.from_records(rows), groups={"group": of}, names=["between-groups"])
    return _counted(there, {one.subject for one in found})


def edits(fall: float, seed: int) -> list[bool]:
    """Twenty people, sixty answers each, half before an edit: whether the change of one confusion is found."""
    rng, rows = np.random.default_rng(seed), []
    taste = rng.beta(6, 14, 20)
    for who, n in itertools.product(range(20), range(60)):
        true, item = n % 3, n + 60 * (who % 5)
        confused = rng.random() < np.clip(taste[who] - fall * (n >= 30), 0, 1)
        label = 1 if true == 0 and confused else true
        label = label if rng.random() < 0.95 else int(rng.integers(3))
        rows.append({"item": item, "annotator": f"p{who}", "label": label, "guideline": 1 + (n >= 30)})
    gold: dict[Any, Any] = {row["item"]: row["item"] % 3 for row in rows}
    found = find_flags(Judgements.from_records(rows), gold=gold, names=["guideline-edit"])
    return [any(one.subject.startswith("0 -> 1") for one in found)]


def _counted(there: set[Any], found: set[Any]) -> tuple[int, int, int]:
    return len(there), len(there & found), len(found - there)

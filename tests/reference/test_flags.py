"""Flags on real judgements with known truth: whom they name, and whom they do not."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import goldwork
from goldwork.flags import find_flags
from goldwork.judgements import Judgements
from tests.reference.conftest import truth


@pytest.mark.slow
def test_on_cifar100n_the_fastest_are_left_alone_and_those_who_know_nothing_are_found(
    data: Callable[[str], Path],
) -> None:
    """519 people, one answer an item, gold on a fifth; the fastest tenth is the best."""
    with gzip.open(data("cifar100n") / "labels.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [row[name] for row in rows] for name in ("item", "annotator", "label")}
    table = Judgements.from_columns(columns | {"seconds": [float(row["hit_seconds"]) for row in rows]})
    rng = np.random.default_rng(1)
    gold = {row["item"]: row["truth"] for row in rows if rng.random() < 0.2}
    right = {name: [0, 0] for name in columns["annotator"]}
    for row in rows:
        right[row["annotator"]][0] += row["label"] == row["truth"]
        right[row["annotator"]][1] += 1
    share = {name: hits / size for name, (hits, size) in right.items()}
    named = {one.subject for one in find_flags(table, gold=gold, names=["fast", "random", "skew"])}
    assert len(named) >= 4
    assert all(share[name] < 0.05 for name in named)
    busy = [code for code, name in enumerate(table.annotators.tolist()) if right[name][1] >= 50]
    typical = {code: float(np.median(table.context["seconds"][table.annotator == code])) for code in busy}
    fastest = [table.annotators[code] for code in sorted(busy, key=typical.__getitem__)[: len(busy) // 10]]
    assert np.mean([share[name] for name in fastest]) > 0.7
    assert not named & set(fastest)


def test_on_snow_rte_those_who_are_named_answer_at_chance(data: Callable[[str], Path]) -> None:
    """164 people on a yes-or-no question, without any gold."""
    folder = data("snow_rte")
    table, known = goldwork.read(folder / "labels.csv"), truth(folder)
    found = [one for one in find_flags(table, names=["random", "skew", "copying"]) if one.e_value]
    right = np.array(
        [known[str(item)] == str(label) for item, label in zip(table.items[table.item], table.labels(), strict=True)]
    )
    share = {name: right[table.annotator == code].mean() for code, name in enumerate(table.annotators.tolist())}
    assert {one.subject for one in found}
    assert all(share[one.subject] < 0.6 for one in found)
    assert np.mean(list(share.values())) > 0.8

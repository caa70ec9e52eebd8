"""Adaptive overlap: found, corrected, said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from goldwork.agreement import measure_agreement
from goldwork.judgements import Judgements

RIGHT, SHARE = np.array([0.5, 0.75, 0.95]), np.array([0.15, 0.25, 0.6])
PAIRS_AGREE = float(SHARE @ (RIGHT**2 + (1 - RIGHT) ** 2))
TRUE = {"percent": PAIRS_AGREE, "alpha": 1 - (1 - PAIRS_AGREE) / 0.5, "gwet": 2 * PAIRS_AGREE - 1}
MOST = 8


def collected(rng: np.random.Generator, items: int, adaptive: bool) -> dict[str, Any]:
    """Two judgements an item; adaptive: further ones until one answer leads by two; else two to four, by lot."""
    truth, right = rng.integers(0, 2, items), rng.choice(RIGHT, items, p=SHARE)
    labels = np.where(rng.random((items, MOST)) < right[:, None], truth[:, None], 1 - truth[:, None])
    lead = np.abs(np.cumsum(2 * labels - 1, axis=1))
    settled = np.argmax(lead[:, 1:] >= 2, axis=1) + 2
    settled[~(lead[:, 1:] >= 2).any(axis=1)] = MOST
    count = settled if adaptive else rng.integers(2, 5, items)
    item, turn = np.nonzero(np.arange(MOST) < count[:, None])
    annotator = np.argsort(rng.random((items, 12)), axis=1)[item, turn]
    return {"item": item, "annotator": annotator, "label": labels[item, turn], "submitted_at": turn * 1e6 + item}


def repeated(adaptive: bool, times: int, items: int = 80) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(3)
    for _ in range(times):
        yield collected(rng, items, adaptive)


@pytest.mark.parametrize("name", TRUE)
def test_the_corrected_figure_is_unbiased_and_its_interval_covers(name: str) -> None:
    """Over all judgements percent agreement reads .88 where the truth is .77; over the first two it is right."""
    corrected, naive, held = [], [], []
    for seed, columns in enumerate(repeated(adaptive=True, times=120)):
        table = Judgements.from_columns(columns)
        made = measure_agreement(table, name, resamples=60, seed=seed)
        corrected.append(made.value)
        naive.append(measure_agreement(table, name, overlap="all", resamples=0).value)
        held.append(made.low <= TRUE[name] <= made.high)
        assert made.overlap == "first 2"
    error = np.std(corrected) / np.sqrt(len(corrected))
    assert abs(np.mean(corrected) - TRUE[name]) < 3 * error + 0.01
    assert 0.9 <= np.mean(held) <= 1
    if name != "alpha":  # alpha weighs items by their judgements, which happens to undo most of it
        assert np.mean(naive) > TRUE[name] + 0.08


def test_where_numbers_of_judgements_mean_nothing_all_count() -> None:
    """A false alarm in one of a hundred tables."""
    made = [
        measure_agreement(Judgements.from_columns(columns), "percent", resamples=0).overlap
        for columns in repeated(adaptive=False, times=150)
    ]
    assert made.count("all") >= 145


def test_without_times_the_figure_is_said_to_lean_high() -> None:
    columns = next(repeated(adaptive=True, times=1, items=200))
    del columns["submitted_at"]
    made = measure_agreement(Judgements.from_columns(columns), "percent")
    assert made.overlap == "all"
    assert any("the figure leans high: submitted_at would tell" in warning for warning in made.warnings)


def test_what_was_done_is_said() -> None:
    table = Judgements.from_columns(next(repeated(adaptive=True, times=1, items=200)))
    made = measure_agreement(table, "percent")
    assert any("only the first 2 of each item count" in warning for warning in made.warnings)
    assert "from 200 items, the first 2 judgements of each" in made.sentence
    whole = measure_agreement(table, "percent", overlap="all")
    assert (whole.overlap, whole.warnings) == ("all", ())
    assert measure_agreement(table, "percent", overlap="first").value == made.value


def test_a_slice_of_items_counts_alone() -> None:
    columns = next(repeated(adaptive=True, times=1, items=300))
    table = Judgements.from_columns(columns)
    twice = [int(i) for i in np.flatnonzero(np.bincount(columns["item"]) == 2)]
    made = measure_agreement(table, "percent", slice=[*twice, 10_000])
    assert (made.value, made.items, made.overlap) == (1, len(twice), "slice")
    assert "of the slice" in made.sentence


def test_numbers_are_tested_by_how_far_they_differ() -> None:
    rng = np.random.default_rng(5)
    spread = rng.uniform(0.1, 3, (200, 1))
    values = rng.normal(size=(200, 1)) * 2 + spread * rng.normal(size=(200, 4))
    more = np.abs(values[:, 0] - values[:, 1]) > 1.5
    item, turn = np.nonzero(np.arange(4) < np.where(more, 4, 2)[:, None])
    table = Judgements.from_columns(
        {"item": item, "annotator": turn, "label": values[item, turn], "submitted_at": turn * 1000 + item}
    )
    assert measure_agreement(table, resamples=0).overlap == "first 2"

"""Intervals over annotators: what leaving one out gives, and how often the interval holds the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from goldwork.agreement import coefficient, measure_agreement
from goldwork.agreement.jackknife import GROUPS, grouped, without_each
from goldwork.agreement.scale import Scale
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd

NAMES = ("alpha", "brennan-prediger", "cohen", "conger", "fleiss", "gwet", "percent", "scott")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_without_each_annotator_is_what_is_left(name: str, weighted: bool) -> None:
    columns = dict(simulate_crowd(items=40, annotators=7, per_item=3, categories=(1, 2, 5)).columns)
    if weighted:
        columns["weight"] = np.random.default_rng(1).uniform(0.2, 2, len(columns["item"]))
    table = Judgements.from_columns(columns)
    for level in ("nominal", "ordinal", "interval", "ratio"):
        values = without_each(table, coefficient.get(name), Scale(level), np.arange(7), 7).values
        for annotator, value in enumerate(values):
            left = table.take(table.annotator != annotator)
            once = left.per_item()[left.item] >= 2
            # all seven stay known, so that a weighting's and a level's categories do
            wanted = measure_agreement(left.take(once), name, level=level, resamples=0).value
            assert math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-9), (name, level, annotator)


def test_copies_in_several_turns_give_the_same(monkeypatch: Any) -> None:
    from goldwork.agreement import jackknife

    table = simulate_crowd(items=60, annotators=12, per_item=4).table
    whole = without_each(table, coefficient.get("alpha"), Scale("nominal"), np.arange(12), 12)
    monkeypatch.setattr(jackknife, "STACKED", 90)
    parts = without_each(table, coefficient.get("alpha"), Scale("nominal"), np.arange(12), 12)
    assert np.allclose(parts.values, whole.values, atol=1e-12)
    assert math.isclose(parts.noise, whole.noise, rel_tol=1e-6)


def test_many_annotators_are_left_out_in_groups_of_like_size() -> None:
    table = simulate_crowd(items=3000, annotators=430, per_item=3).table
    group, groups = grouped(table, 0)
    assert groups == GROUPS
    assert set(np.bincount(group, minlength=groups)) == {4, 5}
    judged = np.bincount(group[table.annotator], minlength=groups)
    assert judged.std() / judged.mean() < 0.25
    for over in ("annotators", "both"):
        made = measure_agreement(table, over=over, resamples=100)
        assert made.low < made.value < made.high


def crowd(
    rng: np.random.Generator, items: int, annotators: int, missing: float, mixed: bool, shape: tuple[int, int]
) -> Judgements:
    """Judgements of `items` by the first `annotators` of those drawn, whose skills and habits differ if mixed."""
    prevalence = np.array([0.5, 0.3, 0.2])
    truth = rng.choice(3, shape[0], p=prevalence)
    skill = rng.beta(6, 2, shape[1]) if mixed else np.full(shape[1], 0.75)
    habit = rng.dirichlet(prevalence * 8, shape[1]) if mixed else np.tile(prevalence, (shape[1], 1))
    guess = (rng.random(shape)[:, :, None] > habit.cumsum(1)[None, :, :-1]).sum(2)
    label = np.where(rng.random(shape) < skill, truth[:, None], guess)[:items, :annotators]
    item, annotator = np.nonzero(rng.random(label.shape) >= missing)
    return Judgements.from_columns({"item": item, "annotator": annotator, "label": label[item, annotator]})


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(("items", "annotators", "missing"), [(60, 5, 0.0), (100, 5, 0.4), (80, 15, 0.6)])
def test_intervals_over_items_and_annotators_cover(items: int, annotators: int, missing: float, mixed: bool) -> None:
    """Other items and other annotators: the value in a large population lies inside 93 to 97 % of the time, and up
    to 99 % where annotators do not differ and five of them cannot know that (see docs/methods/agreement.md)."""
    truth = float(
        np.mean(
            [
                measure_agreement(crowd(np.random.default_rng(seed), 800, 60, 0, mixed, (800, 60)), resamples=0).value
                for seed in range(12)
            ]
        )
    )
    rng = np.random.default_rng(7)
    held = []
    for seed in range(120):
        table = crowd(rng, items, annotators, missing, mixed, (items, annotators))
        made = measure_agreement(table, over="both", resamples=100, seed=seed)
        held.append(made.low <= truth <= made.high)
    assert np.mean(held) >= 0.90, np.mean(held)


def test_an_interval_over_annotators_says_what_it_is_over() -> None:
    table = simulate_crowd(items=60, annotators=4, per_item=3).table
    made = measure_agreement(table, over="annotators", resamples=50)
    assert "over annotators" in made.sentence
    assert any("Only 4 annotators" in warning for warning in made.warnings)
    assert "over items and annotators" in measure_agreement(table, over="both", resamples=50).sentence


def test_few_who_are_alike_do_not_prove_that_all_are() -> None:
    """The warning stands where hardly more than chance tells annotators apart, and not where they differ."""
    said = []
    for mixed in (False, True):
        said.append(0)
        for seed in range(10):
            table = crowd(np.random.default_rng(seed), 200, 5, 0, mixed, (200, 5))
            warnings = measure_agreement(table, over="both", resamples=50).warnings
            said[-1] += any("which so few do not prove" in warning for warning in warnings)
    assert said[0] >= 7
    assert said[1] <= 1


def test_where_leaving_anyone_out_changes_nothing_there_is_no_interval() -> None:
    table = Judgements.from_columns(
        {"item": np.repeat(np.arange(20), 5), "annotator": np.tile(np.arange(5), 20), "label": np.repeat([1, 2], 50)}
    )
    made = measure_agreement(table, over="annotators", resamples=50)
    assert made.value == 1
    assert math.isnan(made.low)
    assert any("leaving any annotator out changes nothing" in warning for warning in made.warnings)

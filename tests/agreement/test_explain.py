"""Where a figure comes from, by group, and compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from goldwork.agreement import agreement_by_group, compare_agreement, explain_agreement, measure_agreement
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd

NAMES = ("alpha", "brennan-prediger", "cohen", "conger", "fleiss", "gwet", "percent", "scott")


@pytest.fixture
def table() -> Judgements:
    return simulate_crowd(items=50, annotators=6, per_item=3, categories=(1, 2, 4), seed=2).table


@pytest.mark.parametrize("name", NAMES)
def test_contributions_are_what_their_names_say(table: Judgements, name: str) -> None:
    found = explain_agreement(table, name)
    whole = measure_agreement(table, name, resamples=0)
    assert found.agreement.value == whole.value
    assert math.isclose(found.items.share.sum(), 1)
    unanimous = [len(set(table.labels()[table.item == i].tolist())) == 1 for i in range(len(table.items))]
    assert np.array_equal(found.items.share < 1e-12, unanimous)
    for row in found.annotators.to_records():
        left = table.take(table.annotators[table.annotator] != row["annotator"])
        assert math.isclose(row["without"], measure_agreement(left, name, resamples=0).value, abs_tol=1e-9)
        assert math.isclose(row["with_others"], with_others(table, row["annotator"], name), abs_tol=1e-9)


def with_others(table: Judgements, annotator: Any, name: str) -> float:
    """The coefficient of a table in which every pair of this annotator's with another is an item of its own."""
    rows = []
    for one, two in zip(*table.pairs(), strict=True):
        pair = [(table.annotators[table.annotator[j]], table.labels()[j]) for j in (one, two)]
        if annotator in (pair[0][0], pair[1][0]):
            rows += [(len(rows) // 2, who, said) for who, said in pair]
    item, who, said = zip(*rows, strict=True)
    made = Judgements.from_columns({"item": item, "annotator": who, "label": said}).with_categories((1, 2, 4))
    return measure_agreement(made, name, resamples=0).value


def test_pairs_have_their_items_and_an_interval(table: Judgements) -> None:
    found = explain_agreement(table).pairs
    one, two = table.pairs()
    assert found.items.sum() == len(one)
    assert len(found) == len({*zip(table.annotator[one].tolist(), table.annotator[two].tolist(), strict=True)})
    for row in found.to_records():
        met = (table.annotators[table.annotator[one]] == row["first"]) & (
            table.annotators[table.annotator[two]] == row["second"]
        )
        assert math.isclose(row["agreement"], (table.value[one] == table.value[two])[met].mean())
        assert 0 <= row["low"] <= row["agreement"] <= row["high"] <= 1
    weighted = explain_agreement(table, weighting="linear").pairs
    assert (weighted.agreement >= found.agreement - 1e-12).all()


def test_pairs_of_numbers_are_against_chance() -> None:
    """The pairs' agreements, weighted by items, are alpha itself where all items have two judgements."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 1)) + 0.5 * rng.normal(size=(80, 2))
    who = np.stack([rng.permutation(4)[:2] for _ in range(80)])
    table = Judgements.from_columns(
        {"item": np.repeat(np.arange(80), 2), "annotator": who.ravel(), "label": values.ravel()}
    )
    found = explain_agreement(table)
    assert math.isclose(float(found.pairs.agreement @ found.pairs.items) / 80, found.agreement.value, abs_tol=1e-9)
    assert (found.pairs.low < found.pairs.agreement).all()


def test_nothing_to_explain_is_no_error() -> None:
    empty = Judgements.from_columns({"item": [1, 2], "annotator": [1, 2], "label": [1, 1]})
    found = explain_agreement(empty)
    assert [len(part) for part in (found.items, found.annotators, found.pairs)] == [0, 0, 0]
    assert found.agreement.warnings


def test_groups_of_items_of_annotators_and_of_judgements(table: Judgements) -> None:
    items = {item: "even" if item % 2 == 0 else "odd" for item in table.items.tolist() if item < 40}
    made = agreement_by_group(table, items, "percent", resamples=50)
    assert list(made) == ["even", "odd"]
    assert [agreement.items for agreement in made.values()] == [20, 20]
    people = {name: int(name) // 3 for name in table.annotators.tolist()}
    teams = agreement_by_group(table, people, of="annotators", resamples=0)
    for team, agreement in teams.items():
        mine = table.take(np.array([people[name] == team for name in table.annotators.tolist()])[table.annotator])
        assert agreement.value == measure_agreement(mine, resamples=0).value
    columns = table.to_columns() | {"batch": np.where(table.items[table.item] < 25, "one", "two")}
    batches = agreement_by_group(Judgements.from_columns(columns), "batch", resamples=0)
    assert {name: agreement.items for name, agreement in batches.items()} == {"one": 25, "two": 25}


def test_bad_groups_are_refused(table: Judgements) -> None:
    with pytest.raises(InputError, match="no context column 'batch' to group by. The columns are: none"):
        agreement_by_group(table, "batch")
    with pytest.raises(InputError, match="the groups are about none of the items: 'x'"):
        agreement_by_group(table, {"x": 1})
    with pytest.raises(InputError, match="of must be items or annotators. Got 'people'"):
        agreement_by_group(table, {1: 1}, of="people")  # type: ignore[arg-type]


def pair_of_tables(rng: np.random.Generator, gap: float, items: int = 80, shared: bool = True) -> list[Judgements]:
    """Two guideline versions on the same items, or on others; the items differ in difficulty."""
    made = []
    truth, right = rng.integers(0, 3, items), rng.choice([0.4, 0.9], items)
    for version in range(2):
        if version and not shared:
            truth, right = rng.integers(0, 3, items), rng.choice([0.4, 0.9], items)
        sure = rng.random((items, 3)) < np.clip(right + version * gap, 0, 1)[:, None]
        label = np.where(sure, truth[:, None], rng.integers(0, 3, (items, 3)))
        made.append(Judgements.from_columns({
            "item": np.repeat(np.arange(items), 3) + (0 if shared else 1000 * version),
            "annotator": np.tile(np.arange(3), items) + 10 * version, "label": label.ravel(),
        }))  # fmt: skip
    return made


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_intervals_of_differences_cover_and_p_values_are_level(shared: bool) -> None:
    rng = np.random.default_rng(1)
    held, p = [], []
    for seed in range(150):
        made = compare_agreement(*pair_of_tables(rng, 0, shared=shared), resamples=100, seed=seed)
        held.append(made.low <= 0 <= made.high)
        p.append(made.p)
        assert (made.p < 0.05) == (not held[-1])
        assert made.paired == shared
    assert 0.9 <= np.mean(held) <= 0.99
    assert 0.35 < np.mean(p) < 0.65


def test_pairing_sharpens_a_comparison() -> None:
    rng = np.random.default_rng(2)
    one, two = pair_of_tables(rng, 0.08, items=200)
    paired, apart = (compare_agreement(one, two, paired=paired) for paired in (True, False))
    assert paired.difference == apart.difference
    assert paired.high - paired.low < 0.9 * (apart.high - apart.low)
    assert paired.p < apart.p
    assert (paired.shared, paired.paired, apart.paired) == (200, True, False)
    assert "200 items being in both" in paired.sentence


def test_comparisons_that_cannot_be_made_are_said() -> None:
    rng = np.random.default_rng(2)
    one, two = pair_of_tables(rng, 0, shared=False)
    with pytest.raises(InputError, match="no item in common"):
        compare_agreement(one, two, paired=True)
    with pytest.raises(InputError, match="2 or more. Got 0"):
        compare_agreement(one, two, resamples=0)
    nothing = Judgements.from_columns({"item": [1], "annotator": [1], "label": [1]})
    made = compare_agreement(one, nothing)
    assert math.isnan(made.difference)
    assert math.isnan(made.p)
    assert made.sentence.startswith("There is no figure for one of the two")

"""Every coefficient of categories against its definition written out, with weightings and judgement weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.agreement import WEIGHTINGS, measure_agreement
from goldwork.errors import InputError
from goldwork.judgements import Judgements

K = 4
CELLS = st.none() | st.tuples(st.integers(1, K), st.sampled_from([0.25, 1.0, 2.0]))
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8)
"""Items by three annotators: an answer and its weight, or None."""
OF_CATEGORIES = ("brennan-prediger", "cohen", "conger", "fleiss", "gwet", "percent", "scott")


def table_of(cells: list[list[Any]]) -> Judgements:
    rows = [(i, a, *cell) for i, row in enumerate(cells) for a, cell in enumerate(row) if cell is not None]
    made = Judgements.from_records({"item": i, "annotator": a, "label": v, "weight": u} for i, a, v, u in rows)
    return made.with_categories(range(1, K + 1)) if rows else made


def matrix(weighting: str) -> npt.NDArray[np.float64]:
    """Gwet's weights between 1, 2, 3, 4."""
    made = np.eye(K)
    for k, m in itertools.permutations(range(1, K + 1), 2):
        d = abs(k - m)
        made[k - 1, m - 1] = {
            "identity": 0.0,
            "linear": 1 - d / (K - 1),
            "quadratic": 1 - d**2 / (K - 1) ** 2,
            "radical": 1 - math.sqrt(d) / math.sqrt(K - 1),
            "ratio": 1 - ((k - m) / (k + m)) ** 2 / ((K - 1) / (K + 1)) ** 2,
            "ordinal": 1 - math.comb(d + 1, 2) / math.comb(K, 2),
        }[weighting]
    return made


def pairs(row: list[Any]) -> Iterator[tuple[Any, Any]]:
    return itertools.combinations([cell for cell in row if cell is not None], 2)


def item_agreement(row: list[Any], w: npt.NDArray[np.float64]) -> float:
    met = [(a[1] * b[1], w[a[0] - 1, b[0] - 1]) for a, b in pairs(row)]
    return sum(u * of for u, of in met) / sum(u for u, _ in met)


def habits(rows: list[list[Any]], a: int) -> npt.NDArray[np.float64]:
    mine = [row[a] for row in rows if row[a] is not None]
    used = np.array([sum(u for v, u in mine if v == k + 1) for k in range(K)])
    return used / used.sum() if mine else used


def written_out(cells: list[list[Any]], name: str, w: npt.NDArray[np.float64]) -> float:
    """The coefficient from its formula; nan where chance agrees fully."""
    rows = [row for row in cells if sum(cell is not None for cell in row) > 1]
    if not rows:
        return math.nan
    agreed = float(np.mean([item_agreement(row, w) for row in rows]))
    shares = []
    for row in rows:
        whole = sum(cell[1] for cell in row if cell is not None)
        shares.append([sum(c[1] for c in row if c is not None and c[0] == k + 1) / whole for k in range(K)])
    pi = np.mean(shares, axis=0)
    each = [habits(rows, a) for a in range(3)]
    judged = [h for h in each if h.any()]
    if name == "percent":
        return agreed
    if name in ("cohen", "scott"):
        above = room = 0.0
        for a, b in itertools.combinations(range(3), 2):
            both = [(row[a], row[b]) for row in rows if row[a] is not None and row[b] is not None]
            first, second = (each[a], each[b]) if name == "cohen" else ((each[a] + each[b]) / 2,) * 2
            n, chance = sum(x[1] * y[1] for x, y in both), float(first @ w @ second)
            above += sum(x[1] * y[1] * w[x[0] - 1, y[0] - 1] for x, y in both) - n * chance
            room += n * (1 - chance)
        return above / room if room > 1e-9 else math.nan
    chance = {
        "fleiss": lambda: pi @ w @ pi,
        "gwet": lambda: w.sum() / (K * (K - 1)) * (pi * (1 - pi)).sum(),
        "brennan-prediger": lambda: w.sum() / K**2,
        "conger": lambda: np.mean([a @ w @ b for a, b in itertools.permutations(judged, 2)]),
    }[name]()
    return float((agreed - chance) / (1 - chance)) if chance < 1 - 1e-9 else math.nan


def close(got: float, wanted: float) -> bool:
    return (math.isnan(got) and math.isnan(wanted)) or math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None, max_examples=150)
@given(TABLES, st.sampled_from(OF_CATEGORIES), st.sampled_from(WEIGHTINGS))
def test_coefficients_are_their_definitions(cells: list[list[Any]], name: str, weighting: str) -> None:
    got = measure_agreement(table_of(cells), name, weighting=weighting, resamples=0).value
    assert close(got, written_out(cells, name, matrix(weighting)))
    own = measure_agreement(table_of(cells), name, weighting=matrix(weighting), resamples=0)
    assert close(own.value, got)


def alpha_written_out(cells: list[list[Any]], apart: Any) -> float:
    """Alpha with judgement weights: a pair counts the product of its weights, an item the sum of its own."""
    rows = [[cell for cell in row if cell is not None] for row in cells]
    rows = [row for row in rows if len(row) > 1]
    every = [cell for row in rows for cell in row]
    whole = sum(u for _, u in every)
    if not every:
        return math.nan
    observed = sum(
        sum(u for _, u in row)
        * sum(a[1] * b[1] * apart(a[0], b[0], every) for a, b in itertools.combinations(row, 2))
        / sum(a[1] * b[1] for a, b in itertools.combinations(row, 2))
        for row in rows
    )
    met = [(a[1] * b[1], apart(a[0], b[0], every)) for a, b in itertools.combinations(every, 2)]
    expected = sum(u * d for u, d in met) / sum(u for u, _ in met)
    return 1 - observed / whole / expected if expected > 0 else math.nan


def distance(level: str) -> Any:
    def apart(a: int, b: int, every: list[Any]) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(u * (1 - ((v == low) + (v == high)) / 2) for v, u in every if low <= v <= high)
        return {
            "nominal": float(a != b),
            "ordinal": between**2 if a != b else 0.0,
            "interval": float((a - b) ** 2),
            "ratio": ((a - b) / (a + b)) ** 2,
        }[level]

    return apart


@settings(deadline=None)
@given(TABLES, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_with_judgement_weights_is_its_definition(cells: list[list[Any]], level: str) -> None:
    got = measure_agreement(table_of(cells), level=level, resamples=0).value
    assert close(got, alpha_written_out(cells, distance(level)))


@settings(deadline=None)
@given(TABLES, st.sampled_from(WEIGHTINGS))
def test_alpha_with_a_weighting_is_its_definition(cells: list[list[Any]], weighting: str) -> None:
    w = matrix(weighting)
    got = measure_agreement(table_of(cells), weighting=weighting, resamples=0).value
    assert close(got, alpha_written_out(cells, lambda a, b, _: 1 - w[a - 1, b - 1]))


def test_an_item_of_double_weight_is_two_items_for_alpha_on_large_tables() -> None:
    """Weights are shares of the evidence: but for the n - 1 of a small sample, twice the weight is twice the item."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, (4000, 1)) * (rng.random((4000, 3)) < 0.7)
    item, annotator = np.repeat(np.arange(4000), 3), np.tile(np.arange(3), 4000)
    double = item < 1000
    weighted = {"item": item, "annotator": annotator, "label": label.ravel(), "weight": 1.0 + double}
    twice = {
        "item": np.r_[item, item[double] + 10_000],
        "annotator": np.r_[annotator, annotator[double]],
        "label": np.r_[label.ravel(), label.ravel()[double]],
    }
    one, two = (measure_agreement(Judgements.from_columns(c), resamples=0).value for c in (weighted, twice))
    assert math.isclose(one, two, abs_tol=1e-4)


def test_items_judged_once_do_not_count() -> None:
    """Their answers would enter the frequencies and not the agreement. Where they differ from the rest, as when one
    part of a project is judged twice, chance is then that of another mixture: irrCAC calls pure guessing -.2 here."""
    rng = np.random.default_rng(0)
    guesses = rng.integers(0, 2, (4000, 2))
    rows = [(i, a, guesses[i, a]) for i in range(4000) for a in range(2)]
    alone = [(4000 + i, i % 2, int(i % 10 == 0)) for i in range(4000)]
    item, annotator, label = zip(*rows, *alone, strict=True)
    table = Judgements.from_columns({"item": item, "annotator": annotator, "label": label})
    for name in OF_CATEGORIES[:-1]:
        if name != "percent":
            assert abs(measure_agreement(table, name, resamples=0).value) < 0.05


def test_categories_that_nobody_used_count_where_they_are_declared() -> None:
    table = Judgements.from_columns({"item": [1, 1, 2, 2, 3, 3], "annotator": [*"ababab"], "label": [*"xxyyxy"]})
    more = table.with_categories(["x", "y", "z", "w"])
    assert math.isclose(measure_agreement(table, "brennan-prediger").value, (2 / 3 - 1 / 2) / (1 / 2))
    assert math.isclose(measure_agreement(more, "brennan-prediger").value, (2 / 3 - 1 / 4) / (3 / 4))
    assert measure_agreement(table, "fleiss").value == measure_agreement(more, "fleiss").value
    assert any("Nobody used 'z', 'w'" in warning for warning in measure_agreement(more).warnings)


@pytest.mark.parametrize(
    ("weighting", "message"),
    [
        (np.eye(2), "a matrix of 3 rows and columns, one a category"),
        (np.eye(3) * 2, "must lie between 0 and 1"),
        (np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]), "must be symmetric, with 1 on its diagonal"),
        (np.full((3, 3), np.nan), "must lie between 0 and 1"),
    ],
)
def test_a_matrix_is_checked(weighting: Any, message: str) -> None:
    table = Judgements.from_columns({"item": [1, 1, 2, 2], "annotator": [*"abab"], "label": [*"xyzz"]})
    with pytest.raises(InputError, match=message):
        measure_agreement(table, "fleiss", weighting=weighting)


def test_weightings_need_an_order_and_not_too_many_categories() -> None:
    text = Judgements.from_columns({"item": [1, 1, 2, 2], "annotator": [*"abab"], "label": [*"xyzz"]})
    with pytest.raises(InputError, match="label 'x' is no number"):
        measure_agreement(text, "cohen", weighting="linear")
    size = 3000
    numbers = Judgements.from_columns(
        {"item": np.arange(size) // 2, "annotator": np.arange(size) % 2, "label": np.arange(size) + 0.5}
    )
    with pytest.raises(InputError, match="weights between 3,000 different answers are too many"):
        measure_agreement(numbers, "cohen")

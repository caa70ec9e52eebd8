"""Coefficients against definitions written out, figures printed elsewhere, and each other."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.agreement import coefficient, measure_agreement
from goldwork.errors import InputError
from goldwork.judgements import Judgements

RATINGS = st.lists(st.lists(st.none() | st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=12)
"""Items by four annotators; None where nobody judged."""


def table_of(ratings: list[list[Any]]) -> Judgements:
    cells = [(i, a, v) for i, row in enumerate(ratings) for a, v in enumerate(row) if v is not None]
    return Judgements.from_records({"item": i, "annotator": a, "label": v} for i, a, v in cells)


def value(ratings: list[list[Any]], name: str, level: str = "nominal") -> float:
    return measure_agreement(table_of(ratings), name, level=level, resamples=0).value


def units(ratings: list[list[Any]]) -> list[list[Any]]:
    """The answers of each item that has two."""
    rows = [[v for v in row if v is not None] for row in ratings]
    return [row for row in rows if len(row) > 1]


def close(got: float, wanted: float) -> bool:
    return (math.isnan(got) and math.isnan(wanted)) or math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None)
@given(RATINGS)
def test_percent_is_the_share_of_agreeing_pairs(ratings: list[list[Any]]) -> None:
    shares = [
        [a == b for a, b in itertools.combinations(row, 2)].count(True) / math.comb(len(row), 2)
        for row in units(ratings)
    ]
    wanted = sum(shares) / len(shares) if shares else math.nan
    assert close(value(ratings, "percent"), wanted)


def alpha_written_out(ratings: list[list[Any]], level: str) -> float:
    rows = units(ratings)
    every = sorted(v for row in rows for v in row)
    n = len(every)

    def distance(a: float, b: float) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(low <= v <= high for v in every) - (every.count(low) + every.count(high)) / 2
        return {
            "nominal": float(a != b),
            "ordinal": between**2 if a != b else 0.0,
            "interval": (a - b) ** 2,
            "ratio": ((a - b) / (a + b)) ** 2 if a + b else 0.0,
        }[level]

    observed = sum(distance(a, b) / (len(row) - 1) for row in rows for a, b in itertools.permutations(row, 2))
    expected = sum(distance(a, b) for a, b in itertools.permutations(every, 2)) / max(n - 1, 1)
    return 1 - observed / expected if expected else math.nan


@settings(deadline=None)
@given(RATINGS, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_is_its_definition(ratings: list[list[Any]], level: str) -> None:
    assert close(value(ratings, "alpha", level), alpha_written_out(ratings, level))


@settings(deadline=None)
@given(RATINGS)
def test_cohen_is_the_mean_of_pairs(ratings: list[list[Any]]) -> None:
    kept = [row for row in ratings if sum(v is not None for v in row) > 1]
    habits = [[row[a] for row in kept if row[a] is not None] for a in range(4)]
    above, room = 0.0, 0.0
    for a, b in itertools.combinations(range(4), 2):
        both = [(row[a], row[b]) for row in kept if row[a] is not None and row[b] is not None]
        if not both:
            continue
        chance = sum(habits[a].count(c) / len(habits[a]) * habits[b].count(c) / len(habits[b]) for c in range(5))
        above += sum(x == y for x, y in both) - len(both) * chance
        room += len(both) * (1 - chance)
    assert close(value(ratings, "cohen"), above / room if room > 1e-9 else math.nan)


def test_krippendorffs_own_example() -> None:
    """Krippendorff 2011, section C: four observers, twelve units, missing data."""
    rows = [
        "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."
    ]  # fmt: skip
    ratings = [
        [None if v == "." else int(v) for v in column] for column in zip(*(r.split() for r in rows), strict=True)
    ]
    wanted = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    assert {level: round(value(ratings, "alpha", level), 3) for level in wanted} == wanted


def test_conger_is_what_cohen_becomes_with_complete_data() -> None:
    """Conger 1980: chance is that of pairs of annotators; written out over all of them."""
    rng = np.random.default_rng(3)
    ratings = rng.integers(0, 3, (30, 3)).tolist()
    shares = np.array([[np.mean([row[a] == c for row in ratings]) for c in range(3)] for a in range(3)])
    pairs = list(itertools.combinations(range(3), 2))
    agreed = np.mean([[row[a] == row[b] for a, b in pairs] for row in ratings])
    chance = np.mean([shares[a] @ shares[b] for a, b in pairs])
    assert close(value(ratings, "cohen"), float((agreed - chance) / (1 - chance)))


def test_categories_need_an_order_for_ordinal() -> None:
    columns = {"item": [1, 1, 2, 2, 3, 3], "annotator": [*"ababab"]}
    table = Judgements.from_columns(columns | {"label": ["low", "low", "mid", "high", "high", "high"]})
    with pytest.raises(InputError, match="label 'high' is no number"):
        measure_agreement(table, level="ordinal")
    ordered = table.with_categories(["low", "mid", "high"])
    numbers = Judgements.from_columns(columns | {"label": [1, 1, 2, 3, 3, 3]})
    assert measure_agreement(ordered, level="ordinal").value == measure_agreement(numbers, level="ordinal").value
    with pytest.raises(InputError, match="label 'low' is no number"):
        measure_agreement(ordered, level="interval")


def test_ratio_with_many_values_is_interpolated_to_the_last_digits() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.1, 3.0, 20.0):
        values = np.exp(spread * rng.normal(size=(300, 1)) + rng.normal(size=(300, 3)))
        values[0, :2] = 0
        table = Judgements.from_columns({
            "item": np.repeat(np.arange(300), 3), "annotator": np.tile(np.arange(3), 300), "label": values.ravel()
        })  # fmt: skip
        u, v = np.meshgrid(values, values)
        total = (np.divide(u - v, u + v, out=np.zeros_like(u), where=u + v > 0) ** 2).sum() / (u.size**0.5 - 1)
        x, y = values[:, :, None], values[:, None, :]
        within = np.divide(x - y, x + y, out=np.zeros((300, 3, 3)), where=x + y > 0) ** 2
        wanted = float(1 - within.sum() / 2 / total)
        assert math.isclose(measure_agreement(table, level="ratio", resamples=0).value, wanted, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coefficient": "beta"}, "no coefficient is called 'beta'. There are: alpha, brennan-prediger, cohen"),
        ({"level": "log"}, "level must be one of nominal, ordinal, interval, ratio, distance. Got 'log'"),
        ({"resamples": -1}, "resamples must be 0 or more. Got -1"),
        ({"question": "colour"}, "no question 'colour'"),
        ({"over": "judges"}, "over must be one of items, annotators, both. Got 'judges'"),
        ({"overlap": "last"}, "overlap must be one of auto, all, first. Got 'last'"),
        ({"overlap": "first"}, "a time \\(submitted_at\\) of every judgement"),
        ({"slice": ["x"]}, "no item that was judged twice: 'x'"),
        ({"level": "distance"}, "needs a distance: a function of two answers, or one of boxes, "),
        ({"distance": "manhattan"}, "no distance is called 'manhattan'"),
        ({"distance": "jaccard", "level": "nominal"}, "a distance is a level of its own"),
        ({"coefficient": "fleiss", "distance": "nominal"}, "only alpha takes a distance"),
        ({"coefficient": "percent", "distance": "nominal"}, "for a distance there is alpha"),
        ({"weighting": "cubic"}, "weighting must be one of identity, linear, .* or a matrix. Got 'cubic'"),
        ({"kinds": ["robot"]}, "kind must be one of"),
    ],
)
def test_errors_name_the_value(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_agreement(table_of([[1, 1], [2, 1]]), **options)


def test_ratio_refuses_negative_numbers() -> None:
    with pytest.raises(InputError, match="ratio needs numbers at or above 0. Got -2"):
        value([[1, -2], [3, 3]], "alpha", "ratio")


def test_lists_need_a_distance() -> None:
    table = Judgements.from_columns({"item": [1, 1], "annotator": [*"ab"], "label": [["x"], ["x", "y"]]})
    with pytest.raises(InputError, match="lists or objects: say how far apart two of them are by distance="):
        measure_agreement(table)
    assert measure_agreement(table, level="nominal").items == 1
    assert measure_agreement(table, distance="jaccard").level == "distance"


def test_the_level_is_the_one_that_answers_look_like() -> None:
    whole = table_of([[1, 2], [2, 2], [3, 1]])
    numbers = table_of([[1.5, 2], [2, 2], [3, 1]])
    assert measure_agreement(whole).level == "nominal"
    assert measure_agreement(numbers).level == "interval"
    assert measure_agreement(numbers).value == measure_agreement(numbers, level="interval").value


def test_several_questions_must_be_chosen_from() -> None:
    table = Judgements.from_records(
        {"item": i, "annotator": a, "question": q, "label": label}
        for q, rows in {"mood": [[1, 1], [2, 2]], "size": [[1, 2], [2, 1]]}.items()
        for i, row in enumerate(rows)
        for a, label in enumerate(row)
    )
    with pytest.raises(InputError, match="asks 2 questions: mood, size"):
        measure_agreement(table)
    assert measure_agreement(table, question="mood").value == 1
    assert measure_agreement(table, question="size").value < 0


def test_what_is_said() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 200)
    good = [[int(t), int(t) if rng.random() < 0.97 else int(1 - t)] for t in truth]
    poor = [[int(t), int(rng.integers(0, 2))] for t in truth]
    assert measure_agreement(table_of(good)).sentence.startswith("The annotators' agreement is 9")
    assert "reliable (.80 or more)" in measure_agreement(table_of(good)).sentence
    assert "no conclusions" in measure_agreement(table_of(poor)).sentence
    opposite = measure_agreement(table_of([[0, 1], [1, 0]] * 10))
    assert opposite.sentence.startswith(
        "The annotators agree no better than chance would (95 % interval -0.95 to -0.68"
    )
    assert measure_agreement(table_of(good), "cohen").sentence.startswith("The two annotators agree 9")
    alone = measure_agreement(table_of([[1], [2]]))
    assert alone.sentence == "There is no figure. No item was judged by two annotators."
    assert "It is about single judgements, not about their consensus" in measure_agreement(table_of(good)).sentence


def test_every_coefficient_is_tested_here() -> None:
    here = {"alpha", "brennan-prediger", "cohen", "conger", "fleiss", "gwet", "percent", "scott"}
    assert here <= set(coefficient.names())

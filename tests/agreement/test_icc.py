"""Intraclass correlation: published values, the analysis of variance, incomplete tables, coverage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from goldwork.agreement import measure_agreement
from goldwork.agreement.anova import classical_icc
from goldwork.agreement.bootstrap import total_of
from goldwork.agreement.variances import rows_of, variances
from goldwork.errors import InputError
from goldwork.judgements import Judgements

FORMS = ("icc1", "icc2", "icc3", "icc1k", "icc2k", "icc3k")
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def of_matrix(matrix: Any, **more: Any) -> Judgements:
    """A table of [items, annotators]; nan where there is no judgement."""
    matrix = np.asarray(matrix, float)
    item, annotator = np.nonzero(~np.isnan(matrix))
    columns = {"item": item, "annotator": annotator, "label": matrix[item, annotator]}
    return Judgements.from_columns(columns | {name: column[item, annotator] for name, column in more.items()})


def ratings(rng: np.random.Generator, items: int, levels: Any, *, noise: float = 0.7, each: int | None = None) -> Any:
    """Items of variance 1, annotators with `levels`; `each` judgements an item, or all."""
    people = len(levels)
    made = rng.normal(size=(items, 1)) + levels + noise * rng.normal(size=(items, people))
    if each is not None:
        made[np.argsort(np.argsort(rng.random((items, people)), axis=1), axis=1) >= each] = np.nan
    return made


def test_shrout_and_fleiss_1979() -> None:
    """Their table 4: .17 .29 .71 .44 .62 .91; intervals as psych::ICC and pingouin 0.7 print them."""
    published = {
        "icc1": (0.17, -0.13, 0.72), "icc2": (0.29, 0.02, 0.76), "icc3": (0.71, 0.34, 0.95),
        "icc1k": (0.44, -0.88, 0.91), "icc2k": (0.62, 0.07, 0.93), "icc3k": (0.91, 0.68, 0.99),
    }  # fmt: skip
    table = of_matrix(SHROUT_FLEISS)
    for form in classical_icc(table):
        assert (round(form.value, 2), round(form.low, 2), round(form.high, 2)) == published[form.name]
        made = measure_agreement(table, form.name)
        assert made.value == pytest.approx(form.value, abs=1e-12)
        assert made.low < made.value < made.high
        assert made.level == "interval"


def test_complete_tables_give_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        items, people = rng.integers(3, 30), rng.integers(2, 7)
        table = of_matrix(ratings(rng, items, rng.normal(size=people)))
        for form in classical_icc(table):
            assert measure_agreement(table, form.name, resamples=0).value == pytest.approx(form.value, abs=1e-9)


def test_variances_are_unbiased_whoever_judged_what() -> None:
    """Over 150 tables with three quarters of the judgements missing, their means are the true ones; the variance of
    the rest is told far better than by Gao and Owen's moment, which holds the items' variance."""
    rng = np.random.default_rng(1)
    found, of_gao_and_owen = [], []
    for _ in range(150):
        matrix = ratings(rng, 60, 0.8 * rng.normal(size=12), noise=0.5, each=3)
        v = variances(total_of(rows_of(of_matrix(matrix))))
        found.append([v.items[0], v.annotators[0], v.rest[0], v.within[0]])
        of_gao_and_owen.append(gao_and_owen(matrix))
    true = np.array([1, 0.64, 0.25, 0.89])
    error = np.std(found, axis=0) / math.sqrt(150)
    assert (np.abs(np.mean(found, axis=0) - true) < 4 * error).all()
    assert abs(np.mean(of_gao_and_owen) - 0.25) < 4 * np.std(of_gao_and_owen) / math.sqrt(150)
    assert np.std(of_gao_and_owen) > 1.5 * np.std(found, axis=0)[2]


def gao_and_owen(matrix: Any) -> float:
    """The variance of the rest by their U-statistics within items, within annotators, and of all."""
    kept = ~np.isnan(matrix)
    size, rows, columns = kept.sum(), kept.sum(axis=1), kept.sum(axis=0)
    within = sum(np.nanvar(row) * n for row, n in zip(matrix, rows, strict=True)) / (size - len(rows))
    across = sum(np.nanvar(column) * n for column, n in zip(matrix.T, columns, strict=True)) / (size - len(columns))
    a, b = size**2 - (rows**2).sum(), size**2 - (columns**2).sum()
    everything = size**2 * np.nanvar(matrix)
    return float((across * a + within * b - everything) / (a + b - size**2 + size))


def test_full_agreement_is_one_on_incomplete_tables() -> None:
    rng = np.random.default_rng(2)
    table = of_matrix(ratings(rng, 40, np.zeros(6), noise=0, each=3))
    for name in FORMS:
        made = measure_agreement(table, name)
        assert made.value == pytest.approx(1, abs=1e-12)
        assert 0.5 < made.low < 1


def test_levels_of_annotators_count_as_each_form_says() -> None:
    rng = np.random.default_rng(3)
    matrix = ratings(rng, 300, np.zeros(5))
    shifted = matrix + np.array([0, 1, 2, 3, 4])
    before, after = ({name: measure_agreement(of_matrix(m), name, resamples=0).value for name in FORMS}
                     for m in (matrix, shifted))  # fmt: skip
    assert after["icc3"] == pytest.approx(before["icc3"], abs=1e-9)
    assert after["icc2"] < before["icc2"] - 0.3
    assert after["icc1"] < after["icc2"]
    scaled = {name: measure_agreement(of_matrix(100 - 7 * matrix), name, resamples=0).value for name in FORMS}
    assert scaled == pytest.approx(before, abs=1e-9)


def test_a_judgement_of_little_weight_hardly_counts() -> None:
    rng = np.random.default_rng(4)
    matrix = ratings(rng, 60, np.zeros(4))
    wrong, weight = matrix.copy(), np.ones(matrix.shape)
    wrong[:, 3], weight[:, 3] = rng.normal(size=60), 1e-6
    for name in ("icc1", "icc2", "icc3"):
        three = measure_agreement(of_matrix(matrix[:, :3]), name, resamples=0).value
        four = measure_agreement(of_matrix(wrong, weight=weight), name, resamples=0).value
        assert four == pytest.approx(three, abs=1e-4)


def test_what_cannot_be_measured_is_said() -> None:
    nothing_shared = Judgements.from_columns({
        "item": [1, 1, 2, 2, 3, 3], "annotator": [1, 2, 3, 4, 5, 6], "label": [1.0, 2.0, 3.5, 3.0, 7.0, 8.0]
    })  # fmt: skip
    made = measure_agreement(nothing_shared, "icc3")
    assert math.isnan(made.value)
    assert any("share two items" in warning for warning in made.warnings)
    assert measure_agreement(nothing_shared, "icc1").value > 0.8
    text = Judgements.from_columns({"item": [1, 1], "annotator": [1, 2], "label": ["low", "high"]})
    with pytest.raises(InputError, match="'high' is no number"):
        measure_agreement(text, "icc2")
    with pytest.raises(InputError, match="no distance"):
        measure_agreement(of_matrix(SHROUT_FLEISS), "icc2", distance="nominal")
    with pytest.raises(InputError, match="item 0 has 3 of 4"):
        classical_icc(of_matrix([[np.nan, 2, 5, 8], *SHROUT_FLEISS[1:]]))
    with pytest.raises(InputError, match="differ"):
        classical_icc(of_matrix([[1, 1], [2, 2]]))


def test_what_is_said() -> None:
    rng = np.random.default_rng(5)
    said = measure_agreement(of_matrix(ratings(rng, 200, np.zeros(5))), "icc2k").sentence
    assert "of the variance of the mean of 5 judgements of an item is differences between items" in said
    assert "In Koo and Li's words that may be anything from good to excellent." in said
    apart = of_matrix([[1, 9], [9, 1], [2, 8], [8, 2], [5, 5]])
    assert measure_agreement(apart, "icc1").sentence.startswith("Judgements of one item are no nearer to each other")


def coverage(name: str, over: Any, items: int, repetitions: int, *, people: int, each: int | None, seed: int) -> float:
    """How often the interval held the true value; over items for the same annotators, over both for ever new ones."""
    rng = np.random.default_rng(seed)
    fixed = 0.5 * rng.normal(size=people)
    if over == "items":
        big = ratings(np.random.default_rng(99), 30_000, fixed, each=each)
        true = measure_agreement(of_matrix(big), name, resamples=0).value
    else:
        k = (each or people) if name.endswith("k") else 1
        true = 1 / (1 + (0.25 + 0.49) / k)
    held = 0
    for repetition in range(repetitions):
        levels = fixed if over == "items" else 0.5 * rng.normal(size=people)
        table = of_matrix(ratings(rng, items, levels, each=each))
        made = measure_agreement(table, name, over=over, resamples=200, seed=repetition)
        held += made.low <= true <= made.high
    return held / repetitions


@pytest.mark.slow
@pytest.mark.parametrize("over", ["items", "both"])
@pytest.mark.parametrize(("people", "each"), [(5, None), (5, 3), (20, 4)])
def test_intervals_cover(over: str, people: int, each: int | None) -> None:
    """93 to 97 % with five annotators, with missing judgements and in a crowd, within the noise of 240 repetitions."""
    names = ("icc1", "icc3", "icc2", "icc2k") if over == "items" else ("icc2", "icc2k")
    shares = [
        coverage(name, over, items, 240 // len(names) // 2, people=people, each=each, seed=7 * place)
        for place, name in enumerate(names)
        for items in (30, 60)
    ]
    noise = 2 * math.sqrt(0.95 * 0.05 / 240)
    assert 0.93 - noise <= np.mean(shares) <= 0.97 + noise, shares


@pytest.mark.parametrize(("items", "skewed"), [(10, True), (40, True), (10, False), (40, False)])
def test_intervals_cover_where_few_items_carry_the_variance(items: int, skewed: bool) -> None:
    """Exponential items, on which an error and a t quantile cover 86 to 89 %; and normal ones, not too well."""
    rng = np.random.default_rng(4)
    level = 0.3 * rng.normal(size=5)
    held = []
    for repetition in range(250):
        item = rng.exponential(1, (items, 1)) if skewed else rng.normal(size=(items, 1))
        table = of_matrix(item + level + rng.normal(size=(items, 5)))
        made = measure_agreement(table, "icc3", resamples=200, seed=repetition)
        held.append(made.low <= 0.5 <= made.high)
    noise = 2 * math.sqrt(0.95 * 0.05 / 250)
    assert 0.93 - noise <= np.mean(held) <= 0.97 + noise, np.mean(held)


def test_upper_ends_reach_further_where_few_items_are_far_off() -> None:
    rng = np.random.default_rng(5)
    error = rng.normal(size=(30, 5)) / 2
    spreads = []
    for item in (np.linspace(-1.7, 1.7, 30), np.r_[np.zeros(27), 3.0, 3.2, 3.1]):
        made = measure_agreement(of_matrix(item[:, None] + error), "icc3", resamples=400)
        above, below = (np.log((end + 0.25) / (1 - end)) for end in (made.high, made.low))
        middle = np.log((made.value + 0.25) / (1 - made.value))
        spreads.append((above - middle, middle - below))
    assert spreads[1][0] > 1.3 * spreads[0][0]
    assert spreads[1][0] > 1.1 * spreads[1][1]


@pytest.mark.slow
def test_a_large_crowd_is_quick() -> None:
    """20,000 items, five judgements, 500 annotators, 1,000 resamples: measured .4 s."""
    import time

    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(20_000), 5)
    annotator = rng.permuted(np.tile(np.arange(500), (20_000, 1)), axis=1)[:, :5].ravel()
    label = np.round(rng.normal(size=20_000)[item] + rng.normal(size=500)[annotator] + rng.normal(size=100_000), 2)
    table = Judgements.from_columns({"item": item, "annotator": annotator, "label": label})
    start = time.process_time()
    made = measure_agreement(table, "icc2")
    assert time.process_time() - start < 4
    assert made.low < 1 / 3 + 0.02
    assert made.high > 1 / 3 - 0.02

"""Kendall's W: textbook examples, the formula with ties, Spearman's correlations, coverage."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from goldwork.agreement import measure_agreement
from goldwork.agreement.kendall import kendall
from goldwork.agreement.scale import Scale
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from tests.agreement.test_icc import of_matrix, ratings


def by_formula(matrix: Any) -> float:
    """12 S / (k^2 (n^3 - n) - k T), of [items, annotators]."""
    ranks = np.stack([rankdata(column) for column in np.asarray(matrix).T], axis=1)
    n, k = ranks.shape
    sums = ranks.sum(axis=1)
    ties = sum(float((np.unique(column, return_counts=True)[1] ** 3.0).sum()) - n for column in ranks.T)
    return float(12 * ((sums - sums.mean()) ** 2).sum() / (k**2 * (n**3 - n) - k * ties))


def test_siegel_1956() -> None:
    """Chapter 9: three executives rank six applicants, W = .16; with ties, three judges rank ten objects, W = .828."""
    executives = [[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]
    assert round(measure_agreement(of_matrix(np.transpose(executives)), "kendall").value, 3) == 0.162
    judges = [
        [1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10],
        [2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5],
        [2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10],
    ]
    made = measure_agreement(of_matrix(np.transpose(judges)), "kendall")
    assert round(made.value, 3) == 0.828
    assert made.low < made.value < made.high
    assert made.level == "ordinal"


def test_complete_tables_give_the_formula_with_ties() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        items, people = rng.integers(3, 40), rng.integers(2, 7)
        matrix = np.round(ratings(rng, items, np.zeros(people)) * rng.integers(1, 5))
        matrix[0] += 20  # so that nobody gives all items the same
        made = measure_agreement(of_matrix(matrix), "kendall", resamples=0)
        assert made.value == pytest.approx(by_formula(matrix), abs=1e-9)


def test_incomplete_tables_give_the_mean_of_pairs() -> None:
    """Without ties r is the mean of Spearman's correlations, each weighted by the variance of its ranks."""
    matrix = ratings(np.random.default_rng(1), 80, np.zeros(5), each=3)
    r = weight = 0.0
    for one, two in itertools.combinations(matrix.T, 2):
        both = ~np.isnan(one) & ~np.isnan(two)
        n = both.sum()
        share = (n * n - 1) / n
        r, weight = r + share * spearmanr(one[both], two[both]).statistic, weight + share
    made = measure_agreement(of_matrix(matrix), "kendall", resamples=0)
    assert made.value == pytest.approx((1 + 2 * r / weight) / 3, abs=1e-9)


def test_only_the_order_counts() -> None:
    rng = np.random.default_rng(2)
    matrix = ratings(rng, 50, np.zeros(4))
    one, other = (measure_agreement(of_matrix(m), "kendall") for m in (matrix, np.exp(2 * matrix) + np.arange(4)))
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), abs=1e-9)
    same = measure_agreement(of_matrix(np.arange(30)[:, None] ** np.arange(1, 4)), "kendall")
    assert same.value == pytest.approx(1, abs=1e-12)


def test_declared_categories_have_an_order() -> None:
    words = np.array(["poor", "fair", "good"])
    codes = np.array([[0, 0], [1, 2], [2, 2], [0, 1], [2, 1], [1, 1]])
    item, annotator = np.indices(codes.shape)
    columns = {"item": item.ravel(), "annotator": annotator.ravel(), "label": words[codes.ravel()]}
    table = Judgements.from_columns(columns)
    made = measure_agreement(table.with_categories(words.tolist()), "kendall", resamples=0)
    assert made.value == pytest.approx(by_formula(codes), abs=1e-9)
    with pytest.raises(InputError, match="no number"):
        measure_agreement(table, "kendall")


def test_rows_hold_what_an_item_adds() -> None:
    """Their sum over a resample is close to the formula of the resample, ranked anew."""
    rng = np.random.default_rng(3)
    matrix = np.round(ratings(rng, 400, np.zeros(4)), 1)
    sums = kendall(of_matrix(matrix), Scale("ordinal"))
    apart, changes = [], []
    for _ in range(40):
        drawn = rng.integers(0, 400, 400)
        linear = float(sums.formula(sums.rows[drawn].sum(axis=0)[None])[0])
        apart.append(linear - by_formula(matrix[drawn]))
        changes.append(linear - by_formula(matrix))
    assert np.std(apart) < 0.15 * np.std(changes)


def test_few_shared_items_are_said() -> None:
    matrix = ratings(np.random.default_rng(4), 40, np.zeros(12), each=3)
    assert any("share" in warning for warning in measure_agreement(of_matrix(matrix), "kendall").warnings)


def test_pairs_who_share_two_items_give_no_interval() -> None:
    rng = np.random.default_rng(0)
    who = np.argsort(rng.random((40, 20)), axis=1)[:, :4].ravel()
    item = np.repeat(np.arange(40), 4)
    label = item + 20 * rng.normal(size=160)
    made = measure_agreement(Judgements.from_columns({"item": item, "annotator": who, "label": label}), "kendall")
    assert np.isfinite(made.value)
    assert np.isnan(made.low)
    assert any("more common items would give one" in warning for warning in made.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("items", [20, 60])
def test_intervals_cover(items: int) -> None:
    """93 to 97 % (up to 98 at 20 items), within the noise of 300 repetitions."""
    rng = np.random.default_rng(items)
    levels = np.zeros(5)
    true = measure_agreement(of_matrix(ratings(rng, 30_000, levels, noise=0.9)), "kendall", resamples=0).value
    held = 0
    for repetition in range(300):
        table = of_matrix(ratings(rng, items, levels, noise=0.9))
        made = measure_agreement(table, "kendall", resamples=200, seed=repetition)
        held += made.low <= true <= made.high
    noise = 2 * math.sqrt(0.95 * 0.05 / 300)
    assert 0.93 - noise <= held / 300 <= (0.97 if items > 20 else 0.98) + noise, held / 300

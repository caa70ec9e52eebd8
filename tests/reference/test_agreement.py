"""Agreement against the packages that people use for it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from goldwork.agreement import measure_agreement
from goldwork.judgements import Judgements
from tests.reference.conftest import labels

LEVELS = ("nominal", "ordinal", "interval", "ratio")


def of_matrix(matrix: Any) -> Judgements:
    annotator, item = np.nonzero(~np.isnan(matrix))
    return Judgements.from_columns({"item": item, "annotator": annotator, "label": matrix[annotator, item]})


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_krippendorffs_on_random_tables(level: str) -> None:
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(60):
        items, annotators, values = rng.integers(3, 60), rng.integers(2, 8), rng.integers(2, 9)
        matrix = rng.integers(0, values, (annotators, items)).astype(float)
        if rng.random() < 0.3:
            matrix = np.abs(matrix + rng.normal(size=matrix.shape))
        matrix[rng.random(matrix.shape) < rng.uniform(0, 0.7)] = np.nan
        judged = (~np.isnan(matrix)).sum(axis=0)
        if not (judged > 1).any() or len(np.unique(matrix[:, judged > 1][~np.isnan(matrix[:, judged > 1])])) < 2:
            continue
        ours = measure_agreement(of_matrix(matrix), level=level, resamples=0).value
        assert math.isclose(ours, krippendorff.alpha(matrix, level_of_measurement=level), rel_tol=0, abs_tol=1e-9)
        compared += 1
    assert compared > 40


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_krippendorffs_on_real_labels(level: str, data: Callable[[str], Path]) -> None:
    table = labels(data("face_sentiment"))
    matrix = np.full((len(table.annotators), len(table.items)), np.nan)
    matrix[table.annotator, table.item] = table.numbers()
    agreement = measure_agreement(table, level=level)
    assert math.isclose(agreement.value, krippendorff.alpha(matrix, level_of_measurement=level), abs_tol=1e-9)
    assert agreement.low < agreement.value < agreement.high


def test_cohen_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        size, k = rng.integers(2, 60), rng.integers(2, 6)
        one = rng.integers(0, k, size)
        two = np.where(rng.random(size) < rng.random(), one, rng.integers(0, k + 1, size))
        ours = measure_agreement(of_matrix(np.stack([one, two]).astype(float)), "cohen", resamples=0).value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = cohen_kappa_score(one, two)
        assert (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, abs_tol=1e-9)


@pytest.mark.parametrize("name", ["product", "snow_rte", "bluebird"])
def test_figures_hang_together_on_real_labels(name: str, data: Callable[[str], Path]) -> None:
    """Crowds of two classes: agreement beyond chance is alpha's or kappa's, close to each other, below percent."""
    table = labels(data(name))
    percent, alpha, cohen = (measure_agreement(table, of) for of in ("percent", "alpha", "cohen"))
    assert alpha.value < percent.value
    assert abs(alpha.value - cohen.value) < 0.02
    for agreement in (percent, alpha, cohen):
        assert agreement.low < agreement.value < agreement.high

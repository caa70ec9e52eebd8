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


@pytest.mark.parametrize("weighting", ["linear", "quadratic"])
def test_weighted_cohen_is_scikit_learns(weighting: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        size, k = rng.integers(5, 60), rng.integers(2, 6)
        one = rng.integers(0, k, size)
        two = np.where(rng.random(size) < rng.random(), one, rng.integers(0, k, size))
        table = of_matrix(np.stack([one, two]).astype(float)).with_categories(range(k))
        ours = measure_agreement(table, "cohen", weighting=weighting, resamples=0).value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = cohen_kappa_score(one, two, weights=weighting, labels=range(k))
        assert (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, abs_tol=1e-9)


PSYCHIATRIC = """
    00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
    00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
"""Fleiss 1971, table 1: how many of six psychiatrists gave each of five diagnoses to each of thirty patients."""


def test_fleiss_is_fleisss() -> None:
    """Fleiss 1971: observed agreement .5556, expected .2201, kappa .430; statsmodels 0.15 gives .43024452."""
    rows = [
        (patient, place, diagnosis)
        for patient, counts in enumerate(PSYCHIATRIC.split())
        for place, diagnosis in enumerate(d for d, count in enumerate(counts) for _ in range(int(count)))
    ]
    table = Judgements.from_records({"item": i, "annotator": a, "label": d} for i, a, d in rows)
    assert len(table) == 180
    assert round(measure_agreement(table, "percent", resamples=0).value, 4) == 0.5556
    assert math.isclose(measure_agreement(table, "fleiss", resamples=0).value, 0.43024452006014074, abs_tol=1e-12)


GWET = "11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 ..3."
"""Gwet 2014, Handbook of Inter-Rater Reliability, 4th edition, table 2.1: twelve units by four raters, `raw_4raters` in
irrCAC; also Krippendorff's example of 2011."""

GWETS = {"alpha": 0.74342, "percent": 0.81818, "brennan-prediger": 0.77273}
"""irrCAC 0.4.4 on all twelve units, and its documentation."""

ON_ELEVEN = {
    "identity": {"fleiss": 0.76248, "conger": 0.76245, "gwet": 0.77515, "brennan-prediger": 0.77273, "alpha": 0.74342},
    "linear": {"fleiss": 0.82409, "conger": 0.81489, "gwet": 0.85769, "brennan-prediger": 0.84848, "alpha": 0.80038},
    "quadratic": {"fleiss": 0.87423, "conger": 0.85991, "gwet": 0.9128, "brennan-prediger": 0.90152, "alpha": 0.84911},
    "ordinal": {"fleiss": 0.85891, "conger": 0.8456, "gwet": 0.89771, "brennan-prediger": 0.88636, "alpha": 0.83364},
    "radical": {"fleiss": 0.79373, "conger": 0.78873, "gwet": 0.81906, "brennan-prediger": 0.81263, "alpha": 0.77198},
    "ratio": {"fleiss": 0.82983, "conger": 0.81327, "gwet": 0.85568, "brennan-prediger": 0.84024, "alpha": 0.7974},
}
"""irrCAC 0.4.4 without the twelfth unit, which one rater judged: it takes its answer into the frequencies, we do not
(docs/methods/agreement.md says why)."""


def test_gwets_coefficients_are_irrcacs() -> None:
    cells = [(i, a, int(v)) for i, row in enumerate(GWET.split()) for a, v in enumerate(row) if v != "."]
    table = Judgements.from_records({"item": i, "annotator": a, "label": v} for i, a, v in cells)
    for name, wanted in GWETS.items():
        assert round(measure_agreement(table, name, resamples=0).value, 5) == wanted
    for weighting, figures in ON_ELEVEN.items():
        made = {name: measure_agreement(table, name, weighting=weighting, resamples=0).value for name in figures}
        assert {name: round(value, 5) for name, value in made.items()} == figures


@pytest.mark.parametrize("name", ["product", "snow_rte", "bluebird"])
def test_figures_hang_together_on_real_labels(name: str, data: Callable[[str], Path]) -> None:
    """Crowds of two classes: agreement beyond chance is alpha's or kappa's, close to each other, below percent."""
    table = labels(data(name))
    percent, alpha, cohen = (measure_agreement(table, of) for of in ("percent", "alpha", "cohen"))
    assert alpha.value < percent.value
    assert abs(alpha.value - cohen.value) < 0.02
    for agreement in (percent, alpha, cohen):
        assert agreement.low < agreement.value < agreement.high

"""Mean, median and trimmed mean: the formulas, the intervals, the confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import infer_consensus
from goldwork.consensus.ratings import spread_of
from goldwork.errors import InputError
from goldwork.judgements import Judgements

METHODS = ("mean", "median", "trimmed-mean")
CELLS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(-50, 50), st.integers(1, 3)),
    min_size=1,
    max_size=40,
    unique_by=lambda cell: cell[:2],
)


def ratings(
    rng: np.random.Generator, size: tuple[int, int, int], *, lean: float = 0.5, differ: float = 0.3, tails: bool = False
) -> tuple[Judgements, np.ndarray[Any, Any]]:
    """Judgements by annotators who lean and scatter, and the truth of every item."""
    items, annotators, per_item = size
    truth = rng.normal(3, 2, items)
    bias, error = rng.normal(0, lean, annotators), np.exp(rng.normal(0, differ, annotators))
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    noise = rng.standard_t(3, len(item)) / np.sqrt(3) if tails else rng.normal(size=len(item))
    said = truth[item] + bias[who] + error[who] * noise
    return Judgements.from_columns({"item": item, "annotator": who, "label": said}), truth


@settings(deadline=None)
@given(CELLS)
def test_a_weight_is_so_many_judgements(cells: Any) -> None:
    """Weights of 1 to 3 against numpy and scipy on judgements written out so often."""
    item, annotator, label, weight = (np.array(column) for column in zip(*cells, strict=True))
    columns = {"item": item, "annotator": annotator, "label": label / 7, "weight": weight}
    table = Judgements.from_columns(columns)
    made = {name: infer_consensus(table, name).labels for name in METHODS}
    for place, name in enumerate(table.items.tolist()):
        own = np.sort(np.repeat((label / 7)[item == name], weight[item == name]))
        assert np.isclose(made["mean"][place], own.mean())
        assert np.isclose(made["median"][place], np.median(own))
        fine = np.repeat(own, 10)  # a fifth of ten times as many is a whole number
        cut = len(fine) // 5
        assert np.isclose(made["trimmed-mean"][place], fine[cut : len(fine) - cut].mean())


@pytest.mark.parametrize(("trim", "like"), [(0.0, "mean"), (0.4999, "median")])
def test_trimming_goes_from_the_mean_to_the_median(trim: float, like: str) -> None:
    table, _ = ratings(np.random.default_rng(0), (30, 9, 4))
    other = infer_consensus(table, like)
    assert np.allclose(infer_consensus(table, "trimmed-mean", trim=trim).labels, other.labels, atol=1e-3)


@pytest.mark.parametrize("trim", [-0.1, 0.5, float("nan")])
def test_trim_is_checked(trim: float) -> None:
    table, _ = ratings(np.random.default_rng(0), (5, 3, 3))
    with pytest.raises(InputError, match="trim must be at least 0 and below"):
        infer_consensus(table, "trimmed-mean", trim=trim)


@pytest.mark.parametrize("tails", [False, True], ids=["normal", "heavy tails"])
@pytest.mark.parametrize(
    ("size", "lean"), [((60, 5, 5), 0.0), ((60, 5, 3), 0.5), ((100, 30, 2), 0.5), ((30, 5, 4), 0.3)], ids=str
)
@pytest.mark.parametrize("name", METHODS)
def test_intervals_cover(name: str, size: tuple[int, int, int], lean: float, tails: bool) -> None:
    """Also with five annotators who all judge everything: then it is five biases that are known."""
    rng = np.random.default_rng(4)
    held = []
    for _ in range(50):
        table, truth = ratings(rng, size, lean=lean, tails=tails)
        made = infer_consensus(table, name)
        assert made.low is not None
        assert made.high is not None
        held.append(((made.low <= truth) & (truth <= made.high)).mean())
    assert 0.93 <= np.mean(held) <= 0.97


def test_the_pooled_variance_parts_into_biases_and_the_rest() -> None:
    rng = np.random.default_rng(5)
    made = [spread_of(ratings(rng, (300, 30, 3), lean=0.8, differ=0.0)[0]) for _ in range(10)]
    assert np.isclose(np.mean([spread.between for spread in made]), 0.64, atol=0.1)
    assert np.isclose(np.mean([spread.within for spread in made]), 1.0, atol=0.05)


def test_the_variance_is_that_of_an_analysis_of_variance() -> None:
    """Everybody judged everything: against the textbook's sums of squares."""
    rng = np.random.default_rng(6)
    table, _ = ratings(rng, (40, 6, 6), lean=1.0)
    grid = table.numbers().reshape(40, 6)
    rest = grid - grid.mean(axis=1, keepdims=True) - grid.mean(axis=0) + grid.mean()
    error = (rest**2).sum() / (39 * 5)
    found = spread_of(table)
    assert np.isclose(found.within, error)
    assert np.isclose(found.variance, grid.var(axis=1, ddof=1).mean())
    assert found.freedom < 40


@pytest.mark.parametrize("name", METHODS)
def test_confidence_is_the_probability_to_be_near(name: str) -> None:
    """Answers with a confidence of c lie within the tolerance in c of the cases."""
    rng = np.random.default_rng(7)
    near, said = [], []
    for _ in range(40):
        table, truth = ratings(rng, (80, 12, 4))
        made = infer_consensus(table, name, within=0.6)
        near.append((np.abs(made.labels - truth) <= 0.6).mean())
        said.append(made.confidence.mean())
    assert abs(np.mean(near) - np.mean(said)) < 0.03


def test_confidence_without_a_tolerance_is_about_half_a_standard_deviation() -> None:
    table, _ = ratings(np.random.default_rng(8), (50, 8, 4))
    within = table.numbers().std() / 2
    given_, default = infer_consensus(table, "mean", within=float(within)), infer_consensus(table, "mean")
    assert np.allclose(given_.confidence, default.confidence)
    assert np.ptp(default.confidence) < 1e-12, "equally many judgements are worth as much"


@pytest.mark.parametrize("name", [*METHODS, "bias-precision"])
def test_without_overlap_there_is_no_interval(name: str) -> None:
    table = Judgements.from_columns({"item": [1, 2, 3], "annotator": ["ann", "bob", "ann"], "label": [1.5, 2, 4]})
    made = infer_consensus(table, name)
    assert made.low is not None
    assert np.isnan(made.low).all()
    assert (made.confidence == 0).all()
    assert any("no interval" in warning for warning in made.warnings)


@pytest.mark.parametrize("name", [*METHODS, "bias-precision"])
def test_gold_is_certain_and_the_tolerance_checked(name: str) -> None:
    table, _ = ratings(np.random.default_rng(9), (20, 5, 3))
    made = infer_consensus(table, name, gold={4: 7.25})
    assert (made.labels[4], made.confidence[4], bool(made.known[4])) == (7.25, 1, True)
    assert (made.low[4], made.high[4]) == (7.25, 7.25)  # type: ignore[index]
    with pytest.raises(InputError, match="within must be 0 or more"):
        infer_consensus(table, name, within=-1)


@pytest.mark.parametrize("name", [*METHODS, "bias-precision"])
def test_numbers_whose_squares_are_too_large_are_refused(name: str) -> None:
    columns = {"item": [1, 1, 2, 2], "annotator": ["ann", "bob"] * 2, "label": [1.5, -1e300, 2, 3]}
    with pytest.raises(InputError, match="label -1e\\+300 is beyond"):
        infer_consensus(Judgements.from_columns(columns), name)
    columns["label"] = [1.5, 2, 2, 3]
    with pytest.raises(InputError, match="gold 1e\\+200 is beyond"):
        infer_consensus(Judgements.from_columns(columns), name, gold={1: 1e200})
    columns["label"] = [1e49, -1e49, 2, 3e49]
    assert np.isfinite(infer_consensus(Judgements.from_columns(columns), name).confidence).all()


@pytest.mark.parametrize("name", [*METHODS, "bias-precision"])
def test_numbers_that_hardly_differ_are_borne(name: str) -> None:
    columns = {"item": [1, 1, 2, 2], "annotator": ["ann", "bob"] * 2, "label": [5e-324, 1e-310, 0.0, 1e-200]}
    made = infer_consensus(Judgements.from_columns(columns), name)
    assert (made.labels <= 1e-200).all()

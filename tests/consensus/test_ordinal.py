"""Ordinal: the objective, the slopes, the order of classes, and intervals that cover."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from goldwork.consensus import Annotators, infer_consensus
from goldwork.consensus.thresholds import Ordered, Scale
from goldwork.errors import InputError
from goldwork.judgements import Judgements

CELLS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(1, 4), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=40,
    unique_by=lambda cell: cell[:2],
)
GUESS = 0.02


@dataclasses.dataclass
class Crowd:
    """Answers drawn from the model, and what they were drawn from."""

    table: Judgements
    truth: Any
    bias: Any
    error: Any
    confusion: Any
    prevalence: Any


def written_out(bias: float, error: float, thresholds: Any, k: int) -> Any:
    """One annotator's confusion, cell by cell."""
    ends = [-math.inf, *thresholds, math.inf]
    return np.array(
        [
            [
                (1 - GUESS) * (norm.cdf((ends[l + 1] - t - bias) / error) - norm.cdf((ends[l] - t - bias) / error))
                + GUESS / k
                for l in range(k)  # noqa: E741
            ]
            for t in range(k)
        ]
    )


def crowd(rng: np.random.Generator, size: tuple[int, int, int, int]) -> Crowd:
    items, annotators, per_item, k = size
    bias, error = rng.normal(0, 0.4, annotators), np.exp(rng.normal(-0.3, 0.3, annotators))
    prevalence = rng.dirichlet(np.full(k, 4.0))
    truth = rng.choice(k, items, p=prevalence)
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    confusion = np.stack([written_out(b, s, np.arange(k - 1) + 0.5, k) for b, s in zip(bias, error, strict=True)])
    reached = confusion.cumsum(axis=2)[who, truth[item]]
    said = (rng.random(len(item))[:, None] > reached).sum(axis=1).clip(max=k - 1)
    table = Judgements.from_columns({"item": item, "annotator": who, "label": said}).with_categories(list(range(k)))
    return Crowd(table, truth, bias, error, confusion, prevalence)


def known(made: Any) -> Annotators:
    assert made.annotators is not None
    return made.annotators  # type: ignore[no-any-return]


@settings(deadline=None)
@given(CELLS, st.sampled_from(["even", "free"]), st.dictionaries(st.integers(0, 6), st.integers(1, 4), max_size=2))
def test_the_objective_is_the_log_posterior_and_never_falls(cells: Any, steps: str, gold: dict[int, int]) -> None:
    """Against the posterior written out; with weights, gold and tiny tables."""
    item, annotator, label, weight = zip(*cells, strict=True)
    columns = {"item": item, "annotator": annotator, "label": label, "weight": weight}
    table = Judgements.from_columns(columns).with_categories([1, 2, 3, 4])
    fitting = {i: v for i, v in gold.items() if i in item}
    made = infer_consensus(table, "ordinal", gold=fitting, steps=steps, tolerance=0, max_iterations=25)
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * max(1, abs(made.objective[-1]))
    state, who = made.state, made.annotators.names.tolist()  # type: ignore[union-attr]
    theta = [
        written_out(b, math.exp(s), state["thresholds"], 4)
        for b, s in zip(state["bias"], state["log_error"], strict=True)
    ]
    assert np.allclose(known(made).confusion, theta)
    total = 0.1 * float(np.log(state["prevalence"]).sum())
    total -= float((state["bias"] ** 2).sum()) / 0.5
    for name in made.items.tolist():
        joint = np.log(state["prevalence"])
        for i, a, v, w in cells:
            if i == name:
                joint = joint + w * np.log(theta[who.index(a)][:, v - 1])
        total += joint[fitting[name] - 1] if name in fitting else float(np.logaddexp.reduce(joint))
    total -= float(((state["log_error"] - state["middling"]) ** 2).sum()) / 0.5
    assert math.isclose(total, made.objective[-1], rel_tol=1e-9, abs_tol=1e-9)


def test_slopes_are_the_derivatives() -> None:
    """Against differences of the confusion."""
    table = crowd(np.random.default_rng(0), (30, 6, 3, 5)).table
    model = Ordered(
        table, np.full(30, -1, np.int32), bias_prior=0.5, error_prior=0.5, guess=GUESS, smoothing=0.1, free=True
    )
    rng = np.random.default_rng(1)
    scale = Scale(np.full(5, 0.2), np.array([0.3, 1.6, 2.4, 3.7]), rng.normal(0, 1, 6), rng.normal(-0.5, 0.5, 6), 0.0)
    _, by_bias, by_error = model.slopes(scale)
    for name, slope in (("bias", by_bias), ("log_error", by_error)):
        ends = [
            model.confusion(dataclasses.replace(scale, **{name: getattr(scale, name) + step})) for step in (1e-5, -1e-5)
        ]
        assert np.allclose((ends[0] - ends[1]) / 2e-5, slope, atol=1e-8)


def test_biases_and_errors_are_found_and_used() -> None:
    right = dict.fromkeys(("ordinal", "majority", "dawid-skene"), 0.0)
    for seed in range(3):
        made_of = crowd(np.random.default_rng(seed), (400, 12, 4, 5))
        for name in right:
            made = infer_consensus(made_of.table, name)
            right[name] += float((made.codes == made_of.truth).mean()) / 3
            if name == "ordinal":
                who, more = known(made).names.astype(int), known(made).more
                assert np.corrcoef(more["bias"], made_of.bias[who])[0, 1] > 0.9
                assert np.corrcoef(more["error"], made_of.error[who])[0, 1] > 0.6
    assert right["ordinal"] > right["majority"] + 0.05
    assert right["ordinal"] > right["dawid-skene"] + 0.05


@pytest.mark.parametrize(
    ("size", "repeats"), [((100, 5, 5, 5), 40), ((200, 10, 4, 3), 25), ((100, 5, 3, 4), 40)], ids=str
)
def test_intervals_cover(size: tuple[int, int, int, int], repeats: int) -> None:
    """Of accuracies, confusions, biases and errors."""
    rng = np.random.default_rng(12)
    held = np.zeros((repeats, 4))
    for row in range(repeats):
        made_of = crowd(rng, size)
        found = known(infer_consensus(made_of.table, "ordinal", ambiguity=False))
        who, more = found.names.astype(int), found.more
        accuracy = np.einsum("t,att->a", made_of.prevalence, made_of.confusion)
        held[row] = [
            ((low <= true[who]) & (true[who] <= high)).mean()
            for low, true, high in (
                (found.low, accuracy, found.high),
                (found.confusion_low, made_of.confusion, found.confusion_high),
                (more["bias_low"], made_of.bias, more["bias_high"]),
                (more["error_low"], made_of.error, more["error_high"]),
            )
        ]
    cover, noise = held.mean(axis=0), 2 * held.std(axis=0) / repeats**0.5
    assert (cover + noise >= 0.93).all(), cover
    assert (cover - noise <= 0.97).all(), cover


def test_many_annotators_are_taken_alone() -> None:
    """Above the limit of the matrix the intervals are there too, and narrower."""
    table = crowd(np.random.default_rng(3), (300, 12, 3, 4)).table
    together = known(infer_consensus(table, "ordinal"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("goldwork.consensus.thresholds_intervals.MAX_PARAMETERS", 0)
        alone = known(infer_consensus(table, "ordinal"))
    ratio = (alone.high - alone.low) / (together.high - together.low)
    assert 0.6 < ratio.mean() < 1.0


def test_the_median_is_off_by_the_fewest_steps_expected() -> None:
    """Each answer is the best by its own loss, for the posterior that there is."""
    table = crowd(np.random.default_rng(1), (300, 8, 2, 7)).table
    mode, median = (infer_consensus(table, "ordinal", loss=loss) for loss in ("exact", "absolute"))
    probabilities = median.choices()[2]
    assert np.allclose(probabilities, mode.choices()[2])
    away = np.abs(np.arange(7)[:, None] - np.arange(7))
    assert (median.codes == (probabilities @ away).argmin(axis=1)).all()
    assert (mode.codes == probabilities.argmax(axis=1)).all()
    assert (median.codes != mode.codes).any()
    assert np.allclose(median.confidence, probabilities[np.arange(300), median.codes])


def test_weights_count_as_so_many_judgements() -> None:
    """A weight of four halves the intervals, but for the priors."""
    table = crowd(np.random.default_rng(9), (200, 8, 4, 4)).table
    columns = dict(table.to_columns()) | {"weight": np.full(len(table), 4.0)}
    heavy = Judgements.from_columns(columns).with_categories(list(range(4)))
    one, four = (known(infer_consensus(made, "ordinal")) for made in (table, heavy))
    assert 0.45 < ((four.high - four.low) / (one.high - one.low)).mean() < 0.85


def test_text_needs_an_order() -> None:
    labels = ["bad", "good", "fair", "good", "bad", "fair"]
    columns = {"item": [1, 1, 2, 2, 3, 3], "annotator": ["ann", "bob"] * 3, "label": labels}
    table = Judgements.from_columns(columns)
    assert any("in this order: bad, fair, good" in w for w in infer_consensus(table, "ordinal").warnings)
    declared = infer_consensus(table.with_categories(["bad", "fair", "good"]), "ordinal")
    assert not any("order" in warning for warning in declared.warnings)


def test_gold_is_used() -> None:
    """All shift by one class: only gold can tell."""
    made_of = crowd(np.random.default_rng(4), (300, 6, 4, 5))
    columns = dict(made_of.table.to_columns())
    shifted = Judgements.from_columns(columns | {"label": np.minimum(made_of.table.value + 1, 4)})
    shifted = shifted.with_categories(list(range(5)))
    gold = dict(enumerate(made_of.truth[:100].tolist()))
    right = [
        (infer_consensus(shifted, "ordinal", gold=told, bias_prior=1.0).codes == made_of.truth)[100:].mean()
        for told in (None, gold)
    ]
    assert right[1] > right[0] + 0.2


def test_a_start_is_quicker_and_ends_there() -> None:
    table = crowd(np.random.default_rng(5), (300, 12, 4, 5)).table
    earlier = infer_consensus(table.take(table.annotator < 10).compact(), "ordinal")
    cold = infer_consensus(table, "ordinal", tolerance=1e-9, max_iterations=1000)
    warm = infer_consensus(table, "ordinal", tolerance=1e-9, max_iterations=1000, start=earlier)
    assert np.allclose(cold.choices()[2], warm.choices()[2], atol=1e-2)
    again = infer_consensus(table, "ordinal", start=infer_consensus(table, "ordinal"))
    assert again.iterations < infer_consensus(table, "ordinal").iterations
    with pytest.raises(InputError, match="start must be a result of ordinal"):
        infer_consensus(table, "ordinal", start=infer_consensus(table, "majority"))


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "squared"},
        {"steps": "wide"},
        {"guess": 1.0},
        {"bias_prior": 0},
        {"error_prior": -1},
        {"smoothing": -0.1},
        {"max_iterations": 0},
        {"tolerance": -1},
    ],
    ids=str,
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    table = crowd(np.random.default_rng(6), (10, 3, 3, 3)).table
    with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
        infer_consensus(table, "ordinal", **options)

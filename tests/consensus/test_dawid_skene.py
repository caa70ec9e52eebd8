"""Dawid-Skene: the objective, the prior, gold, and intervals that cover."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Annotators, infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd

CELLS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 4), st.sampled_from("abc"), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=40,
    unique_by=lambda cell: cell[:2],
)


def known(made: Any) -> Annotators:
    assert made.annotators is not None
    return made.annotators  # type: ignore[no-any-return]


@settings(deadline=None)
@given(CELLS, st.sampled_from([0.0, 0.01, 1.0]), st.dictionaries(st.integers(0, 6), st.sampled_from("abc"), max_size=2))
def test_the_objective_is_the_log_posterior_and_never_falls(cells: Any, smoothing: float, gold: dict[int, str]) -> None:
    """Against the posterior written out; with weights, gold and tiny tables."""
    item, annotator, label, weight = zip(*cells, strict=True)
    table = Judgements.from_columns({"item": item, "annotator": annotator, "label": label, "weight": weight})
    fitting = {i: v for i, v in gold.items() if i in item and v in label}
    made = infer_consensus(table, smoothing=smoothing, gold=fitting, tolerance=0, max_iterations=30)
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * max(1, abs(made.objective[-1]))
    assert made.prevalence is not None
    confusion, total = known(made).confusion, 0.0
    for place, name in enumerate(made.items.tolist()):
        joint = np.log(np.maximum(made.prevalence, 1e-300))
        for i, a, v, w in cells:
            if i == name:
                who = made.annotators.names.tolist().index(a)  # type: ignore[union-attr]
                joint = joint + w * np.log(np.maximum(confusion[who, :, made.categories.tolist().index(v)], 1e-300))
        if name in fitting:
            total += joint[made.codes[place]]
        else:
            total += float(np.logaddexp.reduce(joint))
    if smoothing:
        total += smoothing * float(np.log(confusion).sum() + np.log(made.prevalence).sum())
    assert math.isclose(total, made.objective[-1], rel_tol=1e-9, abs_tol=1e-9)


def test_smoothing_is_the_prior_of_every_count() -> None:
    """With everything known, a confusion is counts plus smoothing, as shares."""
    table = Judgements.from_columns({
        "item": [1, 2, 3, 4], "annotator": ["a"] * 4, "label": ["x", "x", "y", "y"]
    })  # fmt: skip
    made = infer_consensus(table, gold={1: "x", 2: "x", 3: "x", 4: "y"}, smoothing=0.5)
    assert known(made).confusion[0].tolist() == [[2.5 / 4, 1.5 / 4], [0.5 / 2, 1.5 / 2]]
    assert made.prevalence is not None
    assert made.prevalence.tolist() == [3.5 / 5, 1.5 / 5]


def test_biased_annotators_are_seen_through() -> None:
    """Two who always swap the classes, three who are right: swapped answers count as evidence."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    answers = [np.where(rng.random(300) < 0.85, truth, 1 - truth) for _ in range(3)]
    answers += [np.where(rng.random(300) < 0.95, 1 - truth, truth) for _ in range(2)]
    table = Judgements.from_columns({
        "item": np.tile(np.arange(300), 5), "annotator": np.repeat(np.arange(5), 300), "label": np.concatenate(answers)
    })  # fmt: skip
    right = dict(enumerate(truth.tolist()))
    made = infer_consensus(table)
    assert (
        expected_accuracy(made, right).value
        > 0.97
        > 0.9
        > expected_accuracy(infer_consensus(table, "majority"), right).value
    )
    assert known(made).skill[3:].max() < 0.1
    assert [record["annotator"] for record in known(made).to_records() if record["high"] < 0.5] == [3, 4]


def test_it_says_when_it_has_not_converged() -> None:
    made = infer_consensus(simulate_crowd().table, max_iterations=2)
    assert not made.converged
    assert made.iterations == len(made.objective) == 2
    assert any(warning.startswith("The fit had not converged after 2 iterations") for warning in made.warnings)


def test_gold_teaches_about_annotators() -> None:
    crowd = simulate_crowd(items=400, annotators=6, per_item=3, skill=(3, 2), seed=4)
    gold = {item: crowd.truth[item] for item in range(0, 400, 2)}
    others = {item: label for item, label in crowd.truth.items() if item not in gold}
    bare, helped = infer_consensus(crowd.table), infer_consensus(crowd.table, gold=gold)
    error = [np.abs(known(made).confusion - crowd.confusion).mean() for made in (bare, helped)]
    assert error[1] < error[0]
    assert expected_accuracy(helped, others).value > expected_accuracy(bare, others).value
    width = [(known(made).high - known(made).low).mean() for made in (bare, helped)]
    assert width[1] < width[0]


def test_intervals_and_ambiguity_can_be_left_out() -> None:
    made = infer_consensus(simulate_crowd().table, intervals=False, ambiguity=False)
    assert made.ambiguity is None
    assert "ambiguity" not in made.to_columns()
    assert np.isnan(known(made).low).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "annotators", "per_item", "classes", "least"),
    [(400, 12, 5, 3, 0.93), (400, 20, 3, 2, 0.91), (200, 6, 6, 4, 0.93), (150, 5, 5, 2, 0.93)],
)
def test_intervals_cover(items: int, annotators: int, per_item: int, classes: int, least: float) -> None:
    """Confusions and accuracies of simulated annotators lie in their intervals 93 to 97 times of 100.

    With three judgements an item and annotators who err in a fifth of them, accuracies reach 91 only.
    """
    inside: list[Any] = []
    right: list[Any] = []
    for seed in range(25):
        crowd = simulate_crowd(
            items=items, annotators=annotators, per_item=per_item, categories=range(classes), skill=(8, 2), seed=seed
        )
        made = infer_consensus(crowd.table.with_categories(list(range(classes))), ambiguity=False)
        about = known(made)
        inside.append((about.confusion_low <= crowd.confusion) & (crowd.confusion <= about.confusion_high))
        accuracy = np.einsum("t,att->a", crowd.prevalence, crowd.confusion)
        right.append((about.low <= accuracy) & (accuracy <= about.high))
    noise = 2 * math.sqrt(0.05 * 0.95 / (25 * annotators))
    assert least - noise / 2 <= np.concatenate(inside).mean() <= 0.98
    assert least - noise <= np.concatenate(right).mean() <= 0.97 + noise


def test_large_crowds_are_described_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cut for many parameters: close to the whole matrix where items are judged often."""
    crowd = simulate_crowd(items=600, annotators=15, per_item=8, seed=2)
    whole = known(infer_consensus(crowd.table))
    monkeypatch.setattr("goldwork.consensus.information.MAX_PARAMETERS", 10)
    short = known(infer_consensus(crowd.table))
    ratio = (short.confusion_high - short.confusion_low) / (whole.confusion_high - whole.confusion_low)
    assert 0.8 < ratio.mean() < 1.05
    ratio = (short.high - short.low) / (whole.high - whole.low)
    assert 0.8 < ratio.mean() < 1.1


def test_an_annotator_of_one_judgement_has_wide_intervals() -> None:
    columns = simulate_crowd().columns
    more = {
        "item": [*columns["item"].tolist(), 0],
        "annotator": [*columns["annotator"].tolist(), 99],
        "label": [*columns["label"].tolist(), "a"],
    }
    about = known(infer_consensus(Judgements.from_columns(more)))
    assert about.names[-1] == 99
    assert about.high[-1] - about.low[-1] > 0.5


@pytest.mark.slow
def test_time_is_linear_in_judgements() -> None:
    """Sixteen times the judgements take no more than about sixteen times as long: the best of three of each."""
    best = []
    options: dict[str, Any] = {"max_iterations": 10, "tolerance": 0, "intervals": False, "ambiguity": False}
    for items in (5_000, 80_000):
        table = simulate_crowd(items=items, annotators=50, per_item=5, seed=1).table
        took = []
        for _ in range(3):
            start = time.process_time()
            infer_consensus(table, **options)
            took.append(time.process_time() - start)
        best.append(min(took))
    assert best[1] < 50 * best[0]

"""Consensus on real judgements, against known truth, published figures and Crowd-Kit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldwork.consensus import infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd
from tests.reference.conftest import labels, truth

SETS = {
    # set: majority over ties, Dawid-Skene at least
    "product": (0.8966, 0.9390),
    "snow_rte": (0.8969, 0.9275),
    "face_sentiment": (0.6367, 0.640),
    "bluebird": (0.7593, 0.888),
}

ITERATIONS = 12


@pytest.mark.parametrize("name", SETS)
def test_majority_has_the_published_accuracy(name: str, data: Callable[[str], Path]) -> None:
    folder = data(name)
    score = expected_accuracy(infer_consensus(labels(folder), "majority"), truth(folder))
    assert round(score.value, 4) == SETS[name][0]
    assert score.low < score.value < score.high


@pytest.mark.parametrize("smoothing", [None, 0])
@pytest.mark.parametrize("name", SETS)
def test_dawid_skene_reaches_what_is_known(name: str, smoothing: float | None, data: Callable[[str], Path]) -> None:
    """With the prior that is the default, and without any, as the paper has it."""
    folder = data(name)
    options = {} if smoothing is None else {"smoothing": smoothing}
    made = infer_consensus(labels(folder), "dawid-skene", **options)
    assert made.converged
    assert np.diff(made.objective).min() > 0
    assert expected_accuracy(made, truth(folder)).value >= SETS[name][1]


@pytest.mark.parametrize("name", SETS)
def test_dawid_skene_is_crowd_kits(name: str, data: Callable[[str], Path]) -> None:
    compare(labels(data(name)))


@pytest.mark.parametrize("seed", range(3))
def test_dawid_skene_is_crowd_kits_on_simulated_crowds(seed: int) -> None:
    compare(simulate_crowd(items=300, annotators=15, per_item=5, seed=seed).table)


def compare(table: Judgements) -> None:
    """Without a prior, after as many iterations, both have the same probabilities.

    But for a little: where an annotator never gave an answer, Crowd-Kit says 1e-10 and the paper 0.
    """
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    columns = table.to_columns()
    frame = pd.DataFrame({"task": columns["item"], "worker": columns["annotator"], "label": columns["label"]})
    fitted = DawidSkene(n_iter=ITERATIONS, tol=-1e9).fit(frame)
    theirs = fitted.probas_.loc[table.items, table.coded()[1]].to_numpy()
    made = infer_consensus(table, smoothing=0, tolerance=0, max_iterations=ITERATIONS, intervals=False, ambiguity=False)
    assert made.iterations == ITERATIONS
    assert not made.converged
    apart = np.abs(made.probabilities - theirs).max(axis=1)
    assert np.median(apart) < 1e-4
    assert apart.max() < 0.05
    assert (made.probabilities.argmax(axis=1) != theirs.argmax(axis=1)).mean() < 0.001


def test_the_anaesthetists_of_1979(data: Callable[[str], Path]) -> None:
    """The prevalences that Dawid and Skene published, and what their equations 2.3 to 2.5 give, written out."""
    table = labels(data("ds_anesthesia"), annotator="rater", value="rating", duplicates="repeat")
    made = infer_consensus(table, smoothing=0, tolerance=1e-14, max_iterations=2000)
    assert made.prevalence is not None
    assert made.annotators is not None
    assert made.prevalence.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    prevalence, errors, probabilities = by_the_paper(table)
    assert np.allclose(made.prevalence, prevalence, atol=1e-6)
    assert np.allclose(made.annotators.confusion, errors, atol=1e-5)
    assert np.allclose(made.probabilities, probabilities, atol=1e-5)
    first = made.annotators.confusion[0].round(2).tolist()
    assert first[1:] == [[0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]


def by_the_paper(table: Judgements) -> tuple[Any, Any, Any]:
    """Dawid and Skene 1979, equations 2.3, 2.4, 2.5, from the start of section 3."""
    n = np.zeros((len(table.items), len(table.annotators), 4))
    np.add.at(n, (table.item, table.annotator, table.value), 1)
    probabilities = n.sum(axis=1) / n.sum(axis=(1, 2))[:, None]
    for _ in range(2000):
        prevalence = probabilities.mean(axis=0)
        errors = np.einsum("ij,ikl->kjl", probabilities, n)
        errors /= errors.sum(axis=2, keepdims=True)
        joint = prevalence * np.prod(errors[None] ** n[:, :, None, :], axis=(1, 3))
        probabilities = joint / joint.sum(axis=1, keepdims=True)
    return prevalence, errors, probabilities


def test_gold_helps_where_annotators_are_few(data: Callable[[str], Path]) -> None:
    """Gold on a third of bluebird's items: the others do not get worse, and annotators are known better."""
    folder = data("bluebird")
    table, known = labels(folder), truth(folder)
    gold = {item: known[item] for item in table.items[::3].tolist()}
    others = {item: label for item, label in known.items() if item not in gold}
    bare, helped = infer_consensus(table), infer_consensus(table, gold=gold)
    assert expected_accuracy(helped, gold).value == 1
    assert expected_accuracy(helped, others).value >= expected_accuracy(bare, others).value - 0.02

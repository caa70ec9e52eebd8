"""Annotators and a model together: simulated truth, gold, label errors, and what labels are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from goldwork.errors import InputError
from goldwork.learning.impact import CLEANED, JOINT, MAJORITY, ONE, measure_impact
from goldwork.learning.joint import Votes, infer_jointly
from goldwork.learning.suspects import find_suspects


def crowd(seed: int = 0, n: int = 400, k: int = 3, right: tuple[float, ...] = (0.9, 0.7, 0.6, 0.35)) -> Any:
    """Features that tell most of the class, and one judgement each of people who are right so often."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    x = 2.2 * np.eye(k)[truth] + rng.normal(size=(n, k))
    item = np.repeat(np.arange(n), len(right))
    who = np.tile(np.arange(len(right)), n)
    hit = rng.random(len(item)) < np.array(right)[who]
    answer = np.where(hit, truth[item], (truth[item] + rng.integers(1, k, len(item))) % k)
    return x, truth, Votes(item, who, answer, n, k)


def test_together_they_know_more_than_either() -> None:
    x, truth, votes = crowd(right=(0.7, 0.6, 0.5))
    found = infer_jointly(x, votes)
    together = (found.shares.argmax(axis=1) == truth).mean()
    assert together > (votes.shares().argmax(axis=1) == truth).mean() + 0.05
    assert together > (found.fitted.unseen.argmax(axis=1) == truth).mean() + 0.01


def test_confusions_are_recovered() -> None:
    right = (0.9, 0.7, 0.5)
    x, _, votes = crowd(n=1500, right=right)
    told = np.einsum("akk->a", infer_jointly(x, votes).confusion) / 3
    np.testing.assert_allclose(told, right, atol=0.05)


def test_gold_is_taken_as_given() -> None:
    x, truth, votes = crowd(n=100)
    known = np.where(np.arange(100) < 30, (truth + 1) % 3, -1)
    found = infer_jointly(x, votes, known=known)
    np.testing.assert_array_equal(found.shares[:30].argmax(axis=1), known[:30])


def test_judgements_of_weight_zero_say_nothing() -> None:
    x, _, votes = crowd(n=120)
    bad = votes.annotator == 3
    weighed = Votes(votes.item, votes.annotator, votes.answer, votes.items, 3, (~bad).astype(float))
    without = Votes(votes.item[~bad], votes.annotator[~bad], votes.answer[~bad], votes.items, 3)
    np.testing.assert_allclose(infer_jointly(x, weighed).shares, infer_jointly(x, without).shares, atol=1e-6)


def test_codes_outside_are_refused() -> None:
    with pytest.raises(InputError, match="answer must be codes from 0 below 2"):
        Votes(np.array([0]), np.array([0]), np.array([2]), 1, 2)
    with pytest.raises(InputError, match="features of 3 items"):
        infer_jointly(np.eye(3), Votes(np.array([0]), np.array([0]), np.array([1]), 1, 2))


@pytest.mark.parametrize("seed", range(3))
def test_label_errors_on_digits_are_found(seed: int) -> None:
    """A tenth of the labels wrong, symmetric: cleanlab's F1 is .942 (benchmarks/learning.py has twenty seeds)."""
    from sklearn.datasets import load_digits

    from goldwork.features.pictures import describe

    digits = load_digits()
    rng = np.random.default_rng(seed)
    label, bad = digits.target.copy(), rng.permutation(len(digits.target))[:180]
    label[bad] = (label[bad] + rng.integers(1, 10, 180)) % 10
    found = find_suspects(describe(digits.images / 16), label, seed=seed)
    chosen = found.chosen()
    hits = np.isin(chosen, bad).sum()
    assert 2 * hits / (len(chosen) + 180) > 0.93
    assert abs(found.number - 180) < 40
    assert (found.better[np.intersect1d(chosen, bad)] == digits.target[np.intersect1d(chosen, bad)]).mean() > 0.95


def test_several_judgements_find_errors_that_the_label_alone_does_not() -> None:
    from sklearn.metrics import roc_auc_score

    x, truth, votes = crowd(right=(0.8, 0.7, 0.6))
    label = votes.shares().argmax(axis=1)
    wrong = label != truth
    alone, several = find_suspects(x, label), find_suspects(x, label, votes)
    assert roc_auc_score(wrong, several.wrong) > roc_auc_score(wrong, alone.wrong)


def test_items_without_a_label_are_refused() -> None:
    with pytest.raises(InputError, match="every item needs a label"):
        find_suspects(np.eye(3), np.array([0, 1, -1]))


def test_impact_says_what_each_way_is_worth() -> None:
    x, _, votes = crowd(right=(0.8, 0.7, 0.6, 0.2))
    fresh, known, _ = crowd(seed=1, n=800)
    rows = {row.way: row for row in measure_impact(x, votes, votes.shares(), (fresh, known), suspects=np.array([3]))}
    assert rows[ONE].judgements == 400
    assert rows[MAJORITY].judgements == 1600
    assert rows[MAJORITY].gain == rows[MAJORITY].gain_low == rows[MAJORITY].gain_high == 0
    assert rows[JOINT].accuracy > rows[ONE].accuracy
    assert np.isnan(rows[ONE].each)
    assert rows[JOINT].each == pytest.approx((rows[JOINT].accuracy - rows[ONE].accuracy) / 1200)
    assert rows[JOINT].each_low <= rows[JOINT].each <= rows[JOINT].each_high
    assert rows[CLEANED].accuracy > rows[MAJORITY].accuracy
    for row in rows.values():
        assert row.low <= row.accuracy <= row.high
        assert row.gain_low <= row.gain <= row.gain_high


def test_impact_needs_items_to_be_held_against() -> None:
    x, _, votes = crowd(n=60)
    with pytest.raises(InputError, match="no item to hold the models against"):
        measure_impact(x, votes, votes.shares(), (x[:0], np.zeros(0, int)))

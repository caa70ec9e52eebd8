"""A model on soft labels: against scikit-learn's on the same rows, calibration, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from goldwork.errors import InputError
from goldwork.learning import model as models
from goldwork.learning.model import FOLDS, Model, fit


def made(n: int = 300, k: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Features with a class each, drawn from a multinomial logistic model."""
    x = np.random.default_rng(seed).normal(size=(n, 4))
    scores = x @ (2 * np.random.default_rng(99).normal(size=(4, k)))
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return x, shares / shares.sum(axis=1, keepdims=True)


def test_the_fit_is_scikit_learns_on_expanded_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setattr(models, "STRENGTHS", (10.0,))
    x, shares = made()
    weight = np.random.default_rng(1).uniform(0.2, 2, len(x))
    ours = fit(x, shares, weight).model
    item, label = np.nonzero(shares > 0)
    theirs = LogisticRegression(C=10.0, max_iter=2000, tol=1e-8).fit(
        x[item], label, sample_weight=shares[item, label] * weight[item]
    )
    scores = ours.scores(x)
    np.testing.assert_allclose(
        np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), theirs.predict_proba(x), atol=2e-3
    )


def test_many_columns_give_the_same_fit_as_their_products(monkeypatch: pytest.MonkeyPatch) -> None:
    x, shares = made(80)
    rng = np.random.default_rng(2)
    wide = sparse.csr_matrix(x @ rng.normal(size=(4, 400)) / 20)
    turned = fit(wide, shares)
    monkeypatch.setattr(models, "MOST_ROTATED", 0)
    straight = fit(wide, shares)
    np.testing.assert_allclose(turned.model.predict(wide), straight.model.predict(wide), atol=5e-3)
    np.testing.assert_allclose(turned.unseen, straight.unseen, atol=5e-3)


def test_fits_made_at_once_are_those_made_one_by_one() -> None:
    """Among them one whose rows say nothing of a class."""
    x, shares = made(150)
    soft = np.eye(3)[shares.argmax(axis=1)]
    regression = models._Regression(x, soft, np.ones(len(x)))
    rng = np.random.default_rng(5)
    rows = np.vstack([rng.random((2, len(x))) < 0.8, soft[:, 2] == 0])
    together = regression.fit(rows, 10.0)
    for one, model in zip(rows, together, strict=True):
        [alone] = models._Regression(x, soft, np.ones(len(x))).fit(one[None], 10.0)
        np.testing.assert_allclose(model.predict(x), alone.predict(x), atol=5e-3)
    assert np.isneginf(together[2].constant[2])


def test_probabilities_come_true_on_items_that_were_not_seen() -> None:
    x, shares = made(2000)
    rng = np.random.default_rng(3)
    said = np.array([rng.choice(3, p=row) for row in shares])
    found = fit(x, np.eye(3)[said])
    fresh, truth = made(2000, seed=1)
    error = np.abs(found.model.predict(fresh) - truth).mean()
    assert error < 0.05
    assert 0.5 < found.model.temperature < 2


def test_nothing_is_predicted_by_its_own_copy() -> None:
    """Labels that say nothing about features: a copy in another fold would give an item's label away."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(60, 80))
    label = rng.integers(0, 2, 60)
    doubled, both = np.vstack([x, x]), np.tile(label, 2)
    groups = np.tile(np.arange(60), 2)
    apart = (fit(doubled, np.eye(2)[both]).unseen.argmax(axis=1) == both).mean()
    together = (fit(doubled, np.eye(2)[both], groups=groups).unseen.argmax(axis=1) == both).mean()
    assert together < 0.7 < 0.75 < apart


def test_a_class_that_nobody_named_has_probability_zero() -> None:
    x, shares = made(100, 2)
    found = fit(x, np.column_stack([shares, np.zeros(len(x))]))
    assert (found.model.predict(x)[:, 2] == 0).all()
    assert (found.unseen[:, 2] == 0).all()


def test_rare_classes_are_said() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    found = fit(x, np.eye(3)[[0] * 20 + [1] * 18 + [2] * 2])
    assert found.few == (2,)


def test_a_model_is_the_same_read_again() -> None:
    x, shares = made(100)
    for features in (x, sparse.csr_matrix(np.where(np.abs(x) > 1, x, 0))):
        model = fit(features, shares).model
        np.testing.assert_array_equal(Model.from_bytes(model.to_bytes()).predict(features), model.predict(features))


@given(st.integers(0, 2**32 - 1))
def test_folds_hold_groups_together_and_classes_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    likely, groups = rng.integers(0, 3, 60), rng.integers(0, 30, 60)
    fold = models._folds(likely, groups, seed)
    assert set(fold.tolist()) <= set(range(FOLDS))
    for group in np.unique(groups):
        assert len(set(fold[groups == group].tolist())) == 1
    alone = models._folds(likely, None, seed)
    for label in range(3):
        number = np.bincount(alone[likely == label], minlength=FOLDS)
        assert number.max() - number.min() <= 1


@pytest.mark.parametrize(
    ("shares", "weight", "said"),
    [
        (np.ones((10, 1)), None, "two classes"),
        (np.tile([1.0, 0.0], (10, 1)), None, "two classes"),
        (np.full((9, 2), 0.5), None, "a row for each of 10 items"),
        (np.full((10, 2), 0.4), None, "sum to 1"),
        (np.tile([1.5, -0.5], (10, 1)), None, "at or above 0"),
        (np.full((10, 2), np.nan), None, "at or above 0"),
        (np.eye(2)[[0, 1] * 5], -np.ones(10), "weights"),
        (np.eye(2)[[0, 1] * 5], np.zeros(10), "two classes"),
    ],
)
def test_what_cannot_be_fitted_is_refused(shares: Any, weight: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit(np.random.default_rng(0).normal(size=(10, 2)), shares, weight)

"""A model of the answers: logistic regression on soft labels, calibrated on items that it was not fitted on.

Each item says with what probability it is of each class, and how much it counts. How strongly the weights are held
back, and by what temperature the probabilities are divided, are chosen by cross-validation; both by the mean logarithm
of the probability given to what the labels say. Items of equal content stand in one part, so that nothing is predicted
by its own copy.

*Source:* multinomial logistic regression on expected classes, Raykar et al. 2010, Journal of Machine Learning Research
11, 1297-1322, section 2.3; temperature, Guo et al. 2017, On Calibration of Modern Neural Networks, ICML, 1321-1330.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 3))
    >>> sure = 1 / (1 + np.exp(-3 * x[:, 0]))
    >>> found = fit(x, np.column_stack([1 - sure, sure]))
    >>> found.model.predict(np.array([[2.0, 0, 0]])).round(1).tolist()
    [[0.0, 1.0]]
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

STRENGTHS = (1.0, 10.0, 100.0)
"""C of the penalty |w|^2 / (2 C), from which the best is chosen."""
FOLDS = 5
SEARCHED = 2000
"""From so many items on the penalty is chosen on one part of the folds alone."""
LEAST = 2
"""Items of a class without which it is held to be unknown."""
ITERATIONS = 300
GRADIENT = 3e-4
"""Of the mean loss, by the scaled steps: a fit ends where no weight has more."""
TYPICAL = 0.1
"""p (1 - p) of a typical prediction: times a column's mean square, how curved the loss is: steps are scaled by it."""
SHORT = np.float32
"""In which the products of a fit are counted: half the time of longer numbers, and exact enough for `GRADIENT`."""
MOST_ROTATED = 2000
"""Items, or columns, up to which these are turned."""


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """Weights [d, K] and a constant [K] of K classes; `temperature` calibrates; `strength` is the chosen C.

    Classes that no label named have weight 0 and a constant of minus infinity: probability 0.
    """

    weights: Floats
    constant: Floats
    temperature: float
    strength: float
    columns: npt.NDArray[np.int64] | None = None
    """The columns of the features that the fit has seen, None for all: others say nothing."""

    def predict(self, features: Any) -> Floats:
        """Calibrated probabilities [n, K] of features [n, d], dense or sparse."""
        return _softmax(self.scores(features) / self.temperature)

    def scores(self, features: Any) -> Floats:
        """Before calibration [n, K]."""
        seen = features if self.columns is None else features[:, self.columns]
        return np.asarray(seen @ self.weights + self.constant)

    def to_bytes(self) -> bytes:
        """The model as an .npz file. Nothing in it is code."""
        file = io.BytesIO()
        columns = np.empty(0, np.int64) if self.columns is None else self.columns
        scalars = np.array([self.temperature, self.strength, self.columns is not None])
        np.savez(file, weights=self.weights, constant=self.constant, scalars=scalars, columns=columns)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Model:
        """What `to_bytes` made."""
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            temperature, strength, some = file["scalars"].tolist()
            columns = file["columns"] if some else None
            return cls(file["weights"], file["constant"], temperature, strength, columns)


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """A model, and what its like said of each item without having seen it: `unseen` [n, K], calibrated. `few`: classes
    of fewer than FOLDS items, of which what it says is a guess."""

    model: Model
    unseen: Floats
    few: tuple[int, ...] = ()


def fit(features: Any, shares: Any, weight: Any = None, *, groups: Any = None, seed: int = 0) -> Fitted:
    """Fit a model on features [n, d] and `shares` [n, K], the probability of each class by item.

    `weight` [n] at or above 0, 1 where it is not given; `groups` [n]: rows of one group stand in one fold. Raises
    InputError where shares or weights do not fit, or fewer than two classes have two items each.
    """
    soft, sizes = _checked(features, shares, weight)
    likely = soft.argmax(axis=1)
    counted = np.bincount(likely[sizes > 0], minlength=soft.shape[1])
    if (counted >= LEAST).sum() < 2:
        raise InputError(
            f"a model needs two classes with {LEAST} items each. Got {', '.join(map(str, counted.tolist()))} items."
        )
    seen, columns = _seen(features)
    rows, back = _rotated(seen)
    part = _folds(likely, groups, seed)
    regression = _Regression(rows, soft, sizes)
    strength, unseen = _choose(regression, part)
    temperature = _temperature(unseen, soft, sizes)
    [whole] = regression.fit(np.ones((1, len(soft)), bool), strength)
    model = dataclasses.replace(whole, weights=back(whole.weights), temperature=temperature, columns=columns)
    return Fitted(model, _softmax(unseen / temperature), tuple(np.flatnonzero(counted < FOLDS).tolist()))


def _checked(features: Any, shares: Any, weight: Any) -> tuple[Floats, Floats]:
    soft = np.asarray(shares, np.float64)
    n = features.shape[0]
    if soft.ndim != 2 or len(soft) != n:
        raise InputError(f"shares must be a table with a row for each of {n} items. Got shape {soft.shape}.")
    if not np.isfinite(soft).all() or (soft < 0).any() or (n and np.abs(soft.sum(axis=1) - 1).max() > 1e-6):
        raise InputError("the shares of an item must be at or above 0 and sum to 1.")
    sizes = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    if sizes.shape != (n,) or not np.isfinite(sizes).all() or (sizes < 0).any():
        raise InputError(f"weights must be {n} finite numbers at or above 0.")
    return soft, sizes


def _seen(features: Any) -> tuple[Any, npt.NDArray[np.int64] | None]:
    """Of sparse features only the columns that some item has."""
    if not hasattr(features, "tocsr"):
        return np.asarray(features, np.float64), None
    rows = features.tocsr()
    columns = np.unique(rows.indices).astype(np.int64)
    return rows[:, columns].astype(np.float64), columns


def _rotated(features: Any) -> tuple[Any, Callable[[Floats], Floats]]:
    """The same rows, turned so that their columns are orthogonal: a fit then takes few steps, each column its own. And
    what turns its weights back.

    Where items are fewer than columns, these are the items' own products: the weights of a penalised fit are a sum of
    items (representer theorem: Kimeldorf and Wahba 1971, Journal of Mathematical Analysis and Applications 33, 82-95).
    With X = U S V' the rows of U S have the same products as those of X, so the fit is the same.
    """
    n, d = features.shape
    if min(n, d) > MOST_ROTATED:
        return features, lambda weights: weights
    products = features @ features.T if n < d else features.T @ features
    size, turned = np.linalg.eigh(products.toarray() if hasattr(products, "tocsr") else products)
    kept = size > 1e-10 * max(float(size.max(initial=0)), 1e-300)
    root, turned = np.sqrt(size[kept]), turned[:, kept]
    if n < d:
        return turned * root, lambda weights: np.asarray(features.T @ (turned / root @ weights))
    return np.asarray(features @ turned), lambda weights: turned @ weights


def _folds(likely: npt.NDArray[np.int64], groups: Any, seed: int) -> npt.NDArray[np.int64]:
    """A fold for each item: of every class about equally many in each, groups together."""
    code = np.arange(len(likely)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    first = np.unique(code, return_index=True)[1]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(first))
    order = order[np.argsort(likely[first[order]], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    return np.asarray(fold[code])


def _choose(regression: _Regression, part: npt.NDArray[np.int64]) -> tuple[float, Floats]:
    """The C whose predictions, each at its best temperature, are the best on items left out; and their scores."""
    folds = range(FOLDS) if len(part) < SEARCHED else range(1)
    rows = np.isin(part, folds)
    soft, sizes = regression.soft[rows], regression.sizes[rows]
    made = {strength: _left_out(regression, part, folds, strength) for strength in STRENGTHS}
    lost = {
        strength: _loss(scores[rows] / _temperature(scores[rows], soft, sizes), soft, sizes)
        for strength, scores in made.items()
    }
    best = min(STRENGTHS, key=lambda strength: lost[strength])
    rest = range(len(folds), FOLDS)
    return best, made[best] + _left_out(regression, part, rest, best)


def _left_out(regression: _Regression, part: npt.NDArray[np.int64], folds: Iterable[int], strength: float) -> Floats:
    """Scores [n, K] of the items of each of the folds by a fit to all others; 0 for other folds."""
    scores = np.zeros(regression.soft.shape)
    left_out = [rest for rest in (part == fold for fold in folds) if rest.any()]
    if left_out:
        for rest, model in zip(left_out, regression.fit(~np.array(left_out), strength), strict=True):
            scores[rest] = model.scores(regression.features[rest])
    return scores


class _Regression:
    """Weighted logistic regression on soft labels [n, K]. A fit begins where the last one to the same rows ended.

    Never where one to other rows did: it would remember the rows that it is to be judged by.

    Several fits are made at once, for reading the features takes longer than counting with them. scikit-learn's takes
    one class an item, so that an item would stand once for every class that it may be of: eight times the work for
    eight classes, of which this does once.
    """

    def __init__(self, features: Any, soft: Floats, sizes: Floats) -> None:
        self.features, self.soft, self.sizes = features, soft, sizes
        self._short = features.astype(SHORT)
        rotated = not hasattr(features, "tocsr")
        self._curved = TYPICAL * np.mean(features**2, axis=0) if rotated else np.full(features.shape[1], TYPICAL)
        self._last: dict[bytes, Floats] = {}

    def fit(self, rows: npt.NDArray[np.bool_], strength: float) -> list[Model]:
        """Fit to some of the rows: m times, `rows` [m, n]. Classes of which they say nothing are left out."""
        total = np.maximum(rows @ self.sizes, 1e-300)
        told = [_Told(self.soft, np.where(one, self.sizes, 0.0) / size) for one, size in zip(rows, total, strict=True)]
        ends = np.cumsum([0, *(len(one.classes) for one in told)])
        columns = [slice(first, end) for first, end in itertools.pairwise(ends.tolist())]
        held = np.repeat(1 / (strength * total), np.diff(ends))
        step = np.vstack([1 / np.sqrt(self._curved[:, None] + held), np.ones(len(held))])

        def loss(flat: Floats) -> tuple[float, Floats]:
            beta = flat.reshape(step.shape) * step
            scores = np.asarray(self._short @ beta[:-1].astype(SHORT)) + beta[-1]
            pull, lost = np.empty(scores.shape, SHORT), 0.0
            for one, these in zip(told, columns, strict=True):
                lost += one.loss(scores[:, these], pull[:, these])
            slope = np.vstack([self._short.T @ pull + held * beta[:-1], pull.sum(axis=0)])
            return lost + float((held * beta[:-1] ** 2).sum()) / 2, (slope * step).ravel()

        key = rows.tobytes()
        start = self._last.get(key, np.zeros(step.shape)) / step
        found = minimize(
            loss,
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": ITERATIONS, "gtol": GRADIENT, "ftol": 1e-12},
        )
        beta = self._last[key] = found.x.reshape(step.shape) * step
        return [one.model(beta[:, these], strength) for one, these in zip(told, columns, strict=True)]


class _Told:
    """What rows say: `sizes` [n], which sum to 1, and their probabilities of the `classes` that they name."""

    def __init__(self, soft: Floats, sizes: Floats) -> None:
        self.sizes, self.of = sizes, soft.shape[1]
        self.classes = np.flatnonzero(sizes @ soft > 0)
        self.soft = soft[:, self.classes]

    def loss(self, scores: Floats, pull: npt.NDArray[np.float32]) -> float:
        """The mean loss of scores [n, classes]; its slope is written into `pull`."""
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top)
        total = raised.sum(axis=1, keepdims=True)
        pull[:] = self.sizes[:, None] * (raised / total - self.soft)
        return float(self.sizes @ ((np.log(total) + top)[:, 0] - (self.soft * scores).sum(axis=1)))

    def model(self, beta: Floats, strength: float) -> Model:
        weights, constant = np.zeros((len(beta) - 1, self.of)), np.full(self.of, -np.inf)
        weights[:, self.classes], constant[self.classes] = beta[:-1], beta[-1]
        return Model(weights, constant, 1.0, strength)


def _temperature(scores: Floats, soft: Floats, sizes: Floats) -> float:
    """The temperature of the best mean logarithm, between .05 and 20."""
    found = minimize_scalar(
        lambda log: _loss(scores / np.exp(log), soft, sizes), bounds=(np.log(0.05), np.log(20)), method="bounded"
    )
    return float(np.exp(found.x))


def _loss(scores: Floats, soft: Floats, sizes: Floats) -> float:
    shares = np.maximum(_softmax(scores), 1e-12)
    return float(-(sizes * (soft * np.log(shares)).sum(axis=1)).sum() / max(sizes.sum(), 1e-12))


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-1e300))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

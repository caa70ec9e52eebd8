"""How well a fit of ratings knows items, biases and errors: 95 % intervals.

Given the precisions, items and biases are jointly normal, and the bound's independence is undone: with the items
integrated out, the biases and the items' mean m have the precision matrix

    sum over items X' V^-1 X,   V = diag(1 / w) + tau 11',   plus (beta I + gamma 11')^-1 for the biases

and an item's variance is 1 / (1 / tau + sum of its w) plus what the biases and m leave open. Up to MAX_ANNOTATORS the
matrix is inverted; above, only its diagonal and the common shift of each group of annotators that share items. That
precisions are estimated costs a factor and degrees of freedom (Meier 1953, Biometrics 9, 59-73); that beta is known
from few annotators costs degrees of freedom too, and both are combined as in Satterthwaite 1946 (Biometrics
Bulletin 2, 110-114).

An annotator's error is told against what the others say of the same items: with the bias integrated out, the likelihood
of s for the differences between their judgements and the items' means without them, on a grid that narrows down in
GRIDS passes to where s may lie under an inverse gamma prior worth one judgement of a middling annotator. What all
annotators' likelihoods say of log s together is the prior of each (`goldwork.consensus.crowd_prior`).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from goldwork.consensus.crowd_prior import pooled
from goldwork.consensus.gaussian import TINY, Belief, Ratings, sums

Floats = npt.NDArray[np.float64]

MAX_ANNOTATORS = 300
BLOCK = 4_000_000
"""Cells of a block of items times annotators held at once."""
GRIDS, POINTS, FINE = 2, 17, 33
WEAK = 4.0
"""What a precision's prior is worth at most where it is about one annotator: a strong one is about the average."""
RIDGE = 1e-12
"""Of the diagonal: what rounding may take."""
WIDEST = 9.0
"""Errors' variances are sought within e^-9 to e^9 of the middling one."""


def item_errors(model: Ratings, belief: Belief, parts: npt.NDArray[np.int32]) -> tuple[Floats, Floats]:
    """The standard error of every item on the standardised scale and its degrees of freedom, [I]."""
    weight = model.weight(belief)
    total = sums(model.item, weight, model.items)
    own = np.where(model.known, 0.0, 1 / (1 / belief.spread + total))
    open_, _ = _left_open(model, belief, parts, own, weight)
    share = weight * own[model.item]
    freedom = _freedom(model, share, model.p)[model.annotator]
    known_by = sums(model.item, share**2 / freedom, model.items)
    if math.isfinite(model.q):
        known_by += sums(model.item, share, model.items) ** 2 / (model.q + model.by_item)
    factor = 1 + 4 * sums(model.item, share * (1 - share).clip(0) / freedom, model.items)
    variance = own * factor + open_
    lost = (own * factor) ** 2 * known_by + open_**2 / model.lean_freedom
    degrees = np.divide(variance**2, lost, out=np.full(model.items, 1e6), where=lost > 0)
    return np.sqrt(variance), np.clip(degrees, 1, 1e6)


def bias_errors(model: Ratings, belief: Belief, parts: npt.NDArray[np.int32]) -> tuple[Floats, Floats]:
    """The standard error of every bias and its degrees of freedom, [A]."""
    weight = model.weight(belief)
    total = sums(model.item, weight, model.items)
    own = np.where(model.known, 0.0, 1 / (1 / belief.spread + total))
    _, variance = _left_open(model, belief, parts, own, weight)
    alone = 1 / (1 / model.lean + sums(model.annotator, weight, model.annotators))
    shared = np.maximum(variance - alone, 0)
    freedom = _freedom(model, weight * own[model.item], min(model.p, WEAK))
    lost = alone**2 / freedom + shared**2 / model.lean_freedom
    return np.sqrt(variance), np.maximum(variance**2 / lost, 1)


def _freedom(model: Ratings, share: Floats, prior: float) -> Floats:
    """How many known errors each precision is worth, [A]: the prior's, and those that the items leave to tell."""
    return np.maximum(prior + sums(model.annotator, model.weights * (1 - share) ** 2, model.annotators) - 1, 1)


def _left_open(
    model: Ratings, belief: Belief, parts: npt.NDArray[np.int32], own: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """What biases and the mean leave open of every item's variance [I], and the variance of every bias [A]."""
    if model.annotators > MAX_ANNOTATORS:
        return _apart(model, belief, parts, own, weight)
    from scipy.sparse import csr_array

    a = model.annotators
    shape = (model.items, a)
    given = csr_array((weight, (model.item, model.annotator)), shape=shape)
    free = ~model.known
    scaled = csr_array((weight * np.sqrt(own[model.item]), (model.item, model.annotator)), shape=shape)
    precision = np.zeros((a + 1, a + 1))
    precision[:a, :a] = -np.asarray((scaled.T @ scaled).toarray())
    precision[:a, :a] -= model.shared / model.lean / (model.lean + a * model.shared)
    precision[np.arange(a), np.arange(a)] += sums(model.annotator, weight, a) + 1 / model.lean
    towards = own / belief.spread
    precision[a, :a] = precision[:a, a] = np.asarray(given.T @ towards)
    total = sums(model.item, weight, model.items)
    precision[a, a] = float((total * towards)[free].sum()) + float(model.known.sum()) / belief.spread
    covariance = _inverse(precision)
    open_ = np.zeros(model.items)
    size = max(1, BLOCK // (a + 1))
    for first in range(0, model.items, size):
        rows = slice(first, min(first + size, model.items))
        pull = np.c_[np.asarray(given[rows].toarray()) * -own[rows, None], towards[rows]]
        open_[rows] = np.einsum("ik,kl,il->i", pull, covariance, pull, optimize=True)
    return open_.clip(0), np.diag(covariance)[:a].clip(TINY)


def _inverse(precision: Floats) -> Floats:
    """The inverse of a matrix that is positive definite but for rounding."""
    scale = 1 / np.sqrt(np.diag(precision).clip(TINY))
    scaled = precision * scale[:, None] * scale
    return np.asarray(np.linalg.inv(scaled + RIDGE * np.eye(len(scaled))) * scale[:, None] * scale, np.float64)


def _apart(
    model: Ratings, belief: Belief, parts: npt.NDArray[np.int32], own: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """The same from the diagonal, and the common shift of each group."""
    groups = int(parts.max()) + 1
    squares = weight**2 * own[model.item]
    alone = 1 / (1 / model.lean + sums(model.annotator, weight - squares, model.annotators))
    told = weight * model.known[model.item]
    group = parts[model.annotator]
    prior = model.lean / np.bincount(parts, minlength=groups) + model.shared
    shift = 1 / (1 / prior + sums(group, told, groups))
    of_item = np.zeros(model.items, np.int64)
    of_item[model.item] = group
    open_ = own**2 * sums(model.item, weight**2 * alone[model.annotator], model.items) + shift[of_item]
    return np.where(model.known, 0.0, open_), alone + shift[parts]


def error_variances(model: Ratings, belief: Belief) -> tuple[Floats, Floats, Floats]:
    """The median of every annotator's variance of errors, and its interval, on the standardised scale."""
    weight = model.weight(belief)
    known = model.known[model.item]
    bias = belief.bias[model.annotator]
    without = 1 / belief.mu_variance[model.item].clip(TINY) - weight
    variance = np.where(known, 0.0, 1 / without.clip(1 / belief.spread))
    mean = belief.mu[model.item] / belief.mu_variance[model.item].clip(TINY) - weight * (model.y - bias)
    difference = model.y - belief.common - np.where(known, belief.mu[model.item], mean * variance)
    ease = _ease_without(model, belief)
    grid = math.log(belief.noise) + np.linspace(-WIDEST, WIDEST, POINTS) * np.ones((model.annotators, 1))
    for _ in range(GRIDS):
        logs = _likelihoods(model, belief, difference, variance, ease, grid)
        away = math.log(belief.noise) - grid
        grid = _narrowed(grid, logs + 0.5 * (away - np.exp(away)))
    ends = pooled(grid, _likelihoods(model, belief, difference, variance, ease, grid))
    median, low, high = (np.exp(end) for end in ends)
    return median, low, high


def _ease_without(model: Ratings, belief: Belief) -> Floats:
    """By judgement, the item's ease as the other judgements tell it: one that is far off makes its item look hard."""
    if not math.isfinite(model.q):
        return belief.ease[model.item]
    shape = (model.q + model.by_item[model.item]) / 2
    size = shape / belief.ease[model.item]
    own = model.weights * model.squares(belief) * belief.precision[model.annotator]
    return np.asarray((shape - model.weights / 2) / (size - own / 2))


def _likelihoods(
    model: Ratings, belief: Belief, difference: Floats, variance: Floats, ease: Floats, grid: Floats
) -> Floats:
    columns = [_likelihood(model, belief, difference, variance, ease, grid[:, k]) for k in range(grid.shape[1])]
    return np.stack(columns, axis=1)


def _narrowed(grid: Floats, logs: Floats) -> Floats:
    """A grid of FINE points over where the log posterior lies within 12 of its top, and one step more."""
    there = logs > -12
    first = (there.argmax(axis=1) - 1).clip(0)
    last = (grid.shape[1] - there[:, ::-1].argmax(axis=1)).clip(max=grid.shape[1] - 1)
    rows = np.arange(len(grid))
    low, high = grid[rows, first], grid[rows, last]
    return np.asarray(low[:, None] + (high - low)[:, None] * np.linspace(0, 1, FINE))


def _likelihood(
    model: Ratings, belief: Belief, difference: Floats, variance: Floats, ease: Floats, log_error: Floats
) -> Floats:
    """The log likelihood of each annotator's log variance at one point each, [A]; the bias integrated out."""
    size = model.annotators
    total = np.exp(log_error)[model.annotator] / ease + variance
    scaled = model.weights / total
    precision = 1 / model.lean + sums(model.annotator, scaled, size)
    pull = sums(model.annotator, scaled * difference, size)
    squares = sums(model.annotator, scaled * difference**2, size)
    width = sums(model.annotator, model.weights * np.log(total), size)
    return np.asarray(-0.5 * (width + squares - pull**2 / precision + np.log(precision)))

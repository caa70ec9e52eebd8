"""Annotators and a model together: each says what the other cannot know.

Item i is of class k with the probability that the model gives its features; annotator a answers l with probability
theta_a(k, l), independently given k. In turn the model is fitted on the classes' probabilities, and says of each item
what it says without having seen it; the confusions are counted; and both together give the probabilities anew. With
one judgement an item this finds label errors; with several it is a consensus that also looks at the items.

The rows of a confusion are shrunken towards the one that all annotators share, as in hierarchical Dawid-Skene.

*Source:* Raykar et al. 2010, Learning From Crowds, Journal of Machine Learning Research 11, 1297-1322, section 4, with
predictions by cross-validation in place of fitted ones: a model that is fitted on an answer repeats it.

*Assumes* that, given the class, annotators and model err independently. Where they share a mistake it stands.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.learning.model import Fitted, Model, fit

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[Any]

ROUNDS = 4
"""Fits of the model after the first. On labelme's part for validation more than four change nothing."""
INNER = 50
MOVED = 1e-3
SHARED = 2.0
"""Judgements that the shared confusion counts for in each row of somebody's own."""
LEAST = 0.01
SURELY = 1.0
"""Right answers that every row of the shared confusion begins with, besides `BESIDE` of every answer."""
BESIDE = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Votes:
    """v judgements: `item` [v] below `items`, `annotator` [v], `answer` [v] below `classes`, `weight` [v]."""

    item: Codes
    annotator: Codes
    answer: Codes
    items: int
    classes: int
    weight: Floats | None = None

    def __post_init__(self) -> None:
        for name, column, below in (("item", self.item, self.items), ("answer", self.answer, self.classes)):
            if len(column) and not 0 <= column.min() <= column.max() < below:
                raise InputError(f"{name} must be codes from 0 below {below}. Got {column.min()} to {column.max()}.")

    @property
    def sizes(self) -> Floats:
        """Each judgement's weight [v]."""
        return np.ones(len(self.item)) if self.weight is None else np.asarray(self.weight, np.float64)

    def shares(self) -> Floats:
        """The share of every answer [items, classes], of items without any the same for all."""
        counted = np.full((self.items, self.classes), 1e-9)
        np.add.at(counted, (self.item, self.answer), self.sizes)
        return np.asarray(counted / counted.sum(axis=1, keepdims=True))


@dataclasses.dataclass(frozen=True, eq=False)
class Joint:
    """`shares` [n, K]: the classes' probabilities by annotators and model together; `fitted`: the model, and what it
    says by itself; `confusion` [A, K true, K answered]."""

    shares: Floats
    fitted: Fitted
    confusion: Floats

    @property
    def model(self) -> Model:
        return self.fitted.model


def infer_jointly(
    features: Any, votes: Votes, *, known: Codes | None = None, groups: Any = None, seed: int = 0
) -> Joint:
    """Infer classes, confusions and a model from features [n, d] and judgements of the same n items.

    `known` [n]: the class where gold tells it, else -1; `groups` [n] as for `fit`. Raises InputError as `fit` does.
    """
    if features.shape[0] != votes.items:
        raise InputError(f"there are features of {features.shape[0]:,} items and judgements of {votes.items:,}.")
    prior = np.zeros((votes.items, votes.classes))
    judged = np.bincount(votes.item, votes.sizes, minlength=votes.items) > 0
    if known is not None:
        judged |= known >= 0
    shares, confusion = _settle(votes, votes.shares(), prior, known, level=True)
    for round in range(ROUNDS + 1):
        fitted = fit(features, shares, judged.astype(float), groups=groups, seed=seed + round)
        shares, confusion = _settle(votes, shares, np.log(np.maximum(fitted.unseen, 1e-9)), known)
    return Joint(shares, fitted, confusion)


def _settle(
    votes: Votes, shares: Floats, prior: Floats, known: Codes | None, *, level: bool = False
) -> tuple[Floats, Floats]:
    """Classes and confusions that agree with each other and a log prior [n, K]; `level`: the same for all items."""
    for _ in range(INNER):
        confusion = _confusions(votes, shares)
        logs = prior + np.log(shares.mean(axis=0) + 1e-9) if level else prior.copy()
        np.add.at(logs, votes.item, votes.sizes[:, None] * np.log(confusion[votes.annotator, :, votes.answer]))
        after = np.exp(logs - logs.max(axis=1, keepdims=True))
        after /= after.sum(axis=1, keepdims=True)
        if known is not None:
            after[known >= 0] = np.eye(votes.classes)[known[known >= 0]]
        moved = np.abs(after - shares).max(initial=0)
        shares = after
        if moved < MOVED:
            break
    return shares, _confusions(votes, shares)


def _confusions(votes: Votes, shares: Floats) -> Floats:
    people, K = int(votes.annotator.max(initial=-1)) + 1, votes.classes
    counts = np.zeros((people, K, K))
    told = votes.sizes[:, None] * shares[votes.item]
    for k in range(K):
        np.add.at(counts[:, k], (votes.annotator, votes.answer), told[:, k])
    shared = counts.sum(axis=0) + BESIDE + SURELY * np.eye(K)
    shared /= shared.sum(axis=1, keepdims=True)
    own = counts + SHARED * shared + LEAST
    return np.asarray(own / own.sum(axis=2, keepdims=True))

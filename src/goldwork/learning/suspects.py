"""Label errors: items whose label annotators and model together hold to be wrong, the likeliest first.

Confident learning (Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70, 1373-1411) counts
how often each class is taken for each other where the model, not having seen the item, is as sure of another class as
it is of that class's own items on average. Here the same counts become probabilities: the label is one more annotator
with a confusion of its own (`goldwork.learning.joint`), and what several annotators said about an item is not thrown
away once a label was made of it.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 2)) + 4 * np.eye(2)[rng.integers(0, 2, 300)]
    >>> label = (x[:, 0] < x[:, 1]).astype(int)
    >>> label[:5] = 1 - label[:5]
    >>> found = find_suspects(x, label)
    >>> sorted(found.order[:5].tolist())
    [0, 1, 2, 3, 4]
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.learning.joint import Joint, Votes, infer_jointly

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Suspects:
    """For n items: `wrong` [n], the probability that the label is; `better` [n], the likeliest class; `order`: the
    items with the likeliest errors first; `joint`: what it rests on."""

    wrong: Floats
    better: Codes
    order: Codes
    joint: Joint

    @property
    def number(self) -> float:
        """How many labels are expected to be wrong."""
        return float(self.wrong.sum())

    def chosen(self) -> Codes:
        """The items whose label is more probably wrong than right, the likeliest errors first."""
        return self.order[self.wrong[self.order] > 0.5]


def find_suspects(
    features: Any, labels: Codes, votes: Votes | None = None, *, groups: Any = None, seed: int = 0
) -> Suspects:
    """Which of the labels [n], codes from 0, features [n, d] and judgements contradict.

    Without `votes` each label is the only judgement of its item. Raises InputError as `goldwork.learning.model.fit`.
    """
    labels = np.asarray(labels)
    if votes is None:
        if len(labels) and labels.min() < 0:
            raise InputError("every item needs a label. Leave those without one out.")
        n = len(labels)
        votes = Votes(np.arange(n), np.zeros(n, int), labels, n, int(labels.max(initial=0)) + 1)
    found = infer_jointly(features, votes, groups=groups, seed=seed)
    wrong = 1 - found.shares[np.arange(len(labels)), labels]
    return Suspects(wrong, found.shares.argmax(axis=1), np.argsort(-wrong, kind="stable"), found)

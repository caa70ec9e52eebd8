"""Scoring a consensus against a truth that is known.

>>> from goldwork.consensus import infer_consensus
>>> from goldwork.judgements import Judgements
>>> table = Judgements.from_columns({
...     "item": [1, 1, 2, 2, 2], "annotator": ["ann", "bob", "ann", "bob", "cam"], "label": [*"xyyyx"]
... })
>>> score = expected_accuracy(infer_consensus(table, "majority"), {1: "x", 2: "y"})
>>> score.value, score.items
(0.75, 2)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from goldwork.consensus.result import TIE, Consensus
from goldwork.errors import InputError

Z = 1.959964


@dataclasses.dataclass(frozen=True)
class Score:
    """A share between `low` and `high` (95 %, Wilson 1927), and the items that it rests on."""

    value: float
    low: float
    high: float
    items: int

    def __float__(self) -> float:
        return self.value


def expected_accuracy(consensus: Consensus, truth: Mapping[Any, Any]) -> Score:
    """The share of items answered right, counting a tie among m categories with the truth in it as 1 / m.

    Items without a truth, and truths without an item, do not count. Raises InputError when none is left.
    """
    categories, _, every = consensus.choices()
    category = {value: code for code, value in enumerate(categories.tolist())}
    items = consensus.items.tolist()
    rows = np.array([row for row, item in enumerate(items) if item in truth], np.intp)
    if not len(rows):
        example = f" Items are called {items[0]!r}, truths {next(iter(truth))!r}." if items and truth else ""
        raise InputError(f"no item of the consensus has a truth to compare with.{example}")
    codes = np.array([category.get(truth[items[row]], -1) for row in rows])
    probabilities = every[rows]
    first = probabilities >= probabilities.max(axis=1, keepdims=True) - TIE
    hit = np.where(codes >= 0, first[np.arange(len(rows)), codes], False)
    return _score(float((hit / first.sum(axis=1)).mean()), len(rows))


def _score(value: float, n: int) -> Score:
    scale = 1 + Z * Z / n
    middle = (value + Z * Z / (2 * n)) / scale
    half = Z * math.sqrt(value * (1 - value) / n + Z * Z / (4 * n * n)) / scale
    return Score(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), n)

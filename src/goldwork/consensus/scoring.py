"""Scoring a consensus against a truth that is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from goldwork.consensus.result import TIE, Consensus
from goldwork.errors import InputError


@dataclasses.dataclass(frozen=True)
class Score:
    """A share with its 95 % interval (Wilson 1927) and the items that it rests on."""

    value: float
    low: float
    high: float
    items: int

    def __float__(self) -> float:
        return self.value


def expected_accuracy(consensus: Consensus, truth: Mapping[Any, Any]) -> Score:
    """The share of items answered right, counting a tie among m categories with the truth in it as 1 / m.

    Items without a truth, or not in the consensus, do not count. Raises InputError when none is left.
    """
    category = {value: code for code, value in enumerate(consensus.categories.tolist())}
    places = [(row, category.get(truth[item], -1)) for row, item in enumerate(consensus.items) if item in truth]
    if not places:
        raise InputError("no item of the consensus has a truth to compare with.")
    rows, codes = np.array(places).T
    probabilities = consensus.probabilities[rows]
    first = probabilities >= probabilities.max(axis=1, keepdims=True) - TIE
    right = np.where(codes >= 0, first[np.arange(len(rows)), codes] / first.sum(axis=1), 0.0)
    value, n, z = float(right.mean()), len(rows), 1.959964
    middle, half = value + z * z / (2 * n), z * float(np.sqrt(value * (1 - value) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    return Score(value, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale), n)

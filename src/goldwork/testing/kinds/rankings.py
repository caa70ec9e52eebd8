"""Rankings: orders of five options out of eight; the less skill, the more noise on their places."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from goldwork.testing.kinds import Kind, kind

NAMES = "abcdefgh"
"""The options, the best first."""


@kind("rankings")
def rankings() -> Kind:
    """The order of an item's options, the best first."""
    return Kind(_truth, _err, _near, unfit=("a", "b", "a", "c"))


def _truth(rng: np.random.Generator, item: int) -> list[str]:
    return sorted(rng.choice(list(NAMES), 5, replace=False).tolist())


def _err(rng: np.random.Generator, truth: list[str], skill: float, item: int) -> list[Any]:
    if skill == 1:
        return list(truth)
    place = np.arange(len(truth)) + rng.normal(0, 3 * (1 - skill), len(truth))
    order = [truth[at] for at in np.argsort(place)]
    kind_of = int(rng.integers(0, 4))
    if kind_of == 0:
        return [order[0], order[1:]]  # the best alone
    if kind_of == 1:
        return [order[0], order[1:3], *order[3:]]  # two as equals
    return order[:-1] if kind_of == 2 else list(order)  # not all of them


def _near(truth: Any, answer: Any) -> float:
    """The share of pairs in the right order; a pair of equals, or that is not there, counts half."""
    right, place = _ranks(truth), _ranks(answer)
    pairs = [
        0.5 + 0.5 * float(np.sign(right[two] - right[one]) * np.sign(place[two] - place[one]))
        if one in place and two in place
        else 0.5
        for one, two in combinations(right, 2)
        if right[one] != right[two]
    ]
    return float(np.mean(pairs)) if pairs else float(right.keys() == place.keys())


def _ranks(order: Any) -> dict[str, int]:
    return {name: at for at, group in enumerate(order) for name in (group if isinstance(group, list) else [group])}

"""Spans: annotators miss some, move their ends, mark what is nothing and mistake labels, the more the less skill."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldwork.distances.spans import spans as apart
from goldwork.testing.kinds import Kind, kind

LABELS = ("drug", "dose")
SIZE = 240
"""Characters of an item."""


@kind("spans")
def spans() -> Kind:
    """None to four spans of two labels."""
    return Kind(_truth, _err, _near, unfit=("low", "high", "low", "middling"))


def _truth(rng: np.random.Generator, item: int) -> list[list[Any]]:
    places = rng.choice(SIZE // 40, rng.integers(0, 5), replace=False) * 40
    made = []
    for place in sorted(places.tolist()):
        start = place + int(rng.integers(5, 15))
        made.append([start, start + int(rng.integers(4, 20)), LABELS[rng.integers(2)]])
    return made


def _err(rng: np.random.Generator, truth: list[list[Any]], skill: float, item: int) -> list[list[Any]]:
    wrong = 1 - skill
    made = []
    for start, end, label in truth:
        if rng.random() < 0.6 * wrong:
            continue
        start, end = (max(0, place + int(np.rint(rng.normal(0, 4 * wrong)))) for place in (start, end))
        other = LABELS[label == LABELS[0]]
        made.append([start, max(end, start + 1), other if rng.random() < 0.4 * wrong else label])
    for _ in range(rng.poisson(wrong)):
        start = int(rng.integers(0, SIZE - 20))
        if all(start + 12 < other[0] or start > other[1] for other in made):
            made.append([start, start + int(rng.integers(4, 12)), LABELS[rng.integers(2)]])
    return sorted(made)


def _near(truth: Any, answer: Any) -> float:
    return 1 - apart(truth, answer)

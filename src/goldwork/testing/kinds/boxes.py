"""Boxes: annotators miss some, draw them loosely, draw what is nothing and mistake labels, the more the less skill."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldwork.distances.boxes import boxes as apart
from goldwork.testing.kinds import Kind, kind

LABELS = ("cat", "dog")
CELL = 100
"""Objects lie in cells of this size, four by four of them."""


@kind("boxes")
def boxes() -> Kind:
    """None to five objects of two labels."""
    return Kind(_truth, _err, _near, unfit=("low", "high", "low", "middling"))


def _truth(rng: np.random.Generator, item: int) -> list[list[Any]]:
    cells = sorted(rng.choice(16, rng.integers(0, 6), replace=False).tolist())
    return [_box(rng, cell) for cell in cells]


def _box(rng: np.random.Generator, cell: int) -> list[Any]:
    left, top = (CELL * place + int(rng.integers(5, 30)) for place in divmod(cell, 4))
    width, height = rng.integers(25, 65, 2).tolist()
    return [left, top, left + width, top + height, LABELS[rng.integers(2)]]


def _err(rng: np.random.Generator, truth: list[list[Any]], skill: float, item: int) -> list[list[Any]]:
    wrong = 1 - skill
    made = []
    for *corners, label in truth:
        if rng.random() < wrong:
            continue
        left, top, right, bottom = (place + int(np.rint(rng.normal(0, 12 * wrong))) for place in corners)
        other = LABELS[label == LABELS[0]]
        made.append([
            left, top, max(right, left + 5), max(bottom, top + 5), other if rng.random() < 0.3 * wrong else label
        ])  # fmt: skip
    made += [_box(rng, int(rng.integers(16))) for _ in range(rng.poisson(1.5 * wrong))]
    return sorted(made)


def _near(truth: Any, answer: Any) -> float:
    return 1 - apart(truth, answer)

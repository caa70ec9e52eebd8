"""Numbers: the truth and an error that shrinks with skill."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from goldwork.testing.kinds import Kind, kind


@kind("numbers")
def numbers() -> Kind:
    """Ratings with decimals, around 0."""
    return Kind(_truth, _err, _near, unfit=("low", "high", "low", "middling"))


def _truth(rng: np.random.Generator, item: int) -> float:
    return round(float(rng.normal(0, 10)), 3)


def _err(rng: np.random.Generator, truth: float, skill: float, item: int) -> float:
    return truth if skill == 1 else round(truth + float(rng.normal(0, 1 + 12 * (1 - skill))), 3)


def _near(truth: Any, answer: Any) -> float:
    return math.exp(-abs(truth - answer) / 10)

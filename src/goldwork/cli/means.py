"""Means over repetitions, and how far they may be off."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(values) / len(values)


def interval(values: Sequence[float]) -> list[float] | None:
    """Student's 95 % interval of the mean; None for one value."""
    from scipy.stats import t

    if len(values) < 2:
        return None
    middle = mean(values)
    variance = math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)
    half = float(t.ppf(0.975, len(values) - 1)) * math.sqrt(variance / len(values))
    return [middle - half, middle + half]

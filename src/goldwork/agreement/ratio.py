"""The ratio distance ((c - k) / (c + k)) ** 2 summed over all pairs of judgements, without making the pairs.

In logarithms u the distance is tanh((u - v) / 2) ** 2, a smooth function of u - v. Where there are many distinct
values it is interpolated on Chebyshev points in u (Trefethen 2019, Approximation Theory and Approximation Practice,
chapters 5 and 8), with as many points as bring the error below 1e-12: a value becomes its weights on the points.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

EXACT = 200
"""Up to so many distinct values, every pair of them has its own distance."""
MAX_POINTS = 600


def ratio_distance(first: Floats, second: Floats) -> Floats:
    """The squared distance, 0 between zeros."""
    total = np.asarray(first + second)
    return np.asarray(np.divide(first - second, total, out=np.zeros_like(total), where=total != 0) ** 2)


def ratio_sums(counts: Any, values: Floats) -> tuple[Any, Floats]:
    """A matrix [items, p] and distances [p, p] whose quadratic form in the matrix's sums is the total distance.

    `counts` is sparse [items, k], `values` [k] in order. Raises InputError for a number below 0.
    """
    if len(values) and values[0] < 0:
        raise InputError(f"ratio needs numbers at or above 0. Got {values[0]:g}.")
    if len(values) <= EXACT:
        return counts, ratio_distance(values[:, None], values[None, :])
    zeros = int(values[0] == 0)
    logs = np.log(values[zeros:])
    points = _points(float(logs[0]), float(logs[-1]))
    weights = np.zeros((len(values), len(points) + zeros))
    weights[zeros:, zeros:] = _weights(logs, points)
    weights[:zeros, :zeros] = 1
    at = np.r_[np.zeros(zeros), np.exp(points)]
    return counts @ weights, ratio_distance(at[:, None], at[None, :])


def _points(low: float, high: float) -> Floats:
    """Chebyshev points between `low` and `high`; the function's poles lie at a distance of pi from the axis."""
    half = max((high - low) / 2, 1e-9)
    pole = math.pi / (2 * half)
    rate = math.log(pole + math.sqrt(1 + pole * pole))
    count = min(MAX_POINTS, math.ceil(30 / rate) + 8)
    return np.asarray((low + high) / 2 - half * np.cos(np.pi * np.arange(count) / (count - 1)))


def _weights(places: Floats, points: Floats) -> Floats:
    """The weight of each point in the polynomial through them, at each place (the barycentric formula)."""
    sign = (-1.0) ** np.arange(len(points))
    sign[[0, -1]] /= 2
    apart = places[:, None] - points
    hit = np.abs(apart) < 1e-14 * np.maximum(1, np.abs(points))
    terms = sign / np.where(hit, 1, apart)
    terms[hit.any(axis=1)] = 0
    terms[hit] = 1
    return np.asarray(terms / terms.sum(axis=1, keepdims=True))

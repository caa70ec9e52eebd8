"""Bootstrap intervals over items for functions of sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = Any
"""[items, p], a numpy array or a scipy.sparse matrix."""

CONFIDENCE_LEVEL = 0.95
BLOCK_CELLS = 4_000_000
"""Weights held in memory at once."""


def interval(rows: Rows, formula: Callable[[Floats], Floats], *, resamples: int, seed: int) -> tuple[float, float]:
    """The interval that holds the value in about 95 % of samples of items; nan where it cannot be formed."""
    size = rows.shape[0]
    if size < 2 or not resamples:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // size)
    values = np.concatenate(
        [formula(_weigh(rng, min(step, resamples - done), size) @ rows) for done in range(0, resamples, step)]
    )
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _weigh(rng: np.random.Generator, count: int, size: int) -> Floats:
    """[count, size]: how often each item is drawn in each resample."""
    return rng.multinomial(size, np.full(size, 1 / size), count).astype(np.float64)

"""Intervals over items for functions of sums, by the bootstrap.

The standard error of the value comes from resamples of items. The interval is formed on Fisher's scale, where the
value is nearly normal, with the t quantile for the number of items (Efron and Tibshirani 1993, An Introduction to
the Bootstrap, chapters 6, 12 and 13; the factor n / (n - 1) as in Hesterberg 2015, The American Statistician 69,
371-386). Percentile, BCa and studentised bootstraps all cover too little below 50 items, this one does not.

A kind of item that did not occur among n may still have a frequency up to 1 - .025 ** (1 / n), the rule of three.
The interval therefore reaches at least to what the value would be with that much of an unseen kind, for the kinds
that matter: items on which all give the same rare category, items on which one dissents, and
items on which two agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = Any
"""[items, p], a numpy array or a scipy.sparse matrix."""

CONFIDENCE_LEVEL = 0.95
BLOCK_CELLS = 4_000_000
"""Weights and sums held in memory at once."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """What an interval is formed from: `rows` of the items seen, `unseen` rows of kinds that did not occur.

    `formula` takes sums of rows [b, p] to values [b] within `bounds`; there may be none below, -inf. `over`, from rows,
    resamples and seed, gives the spread where the coefficient knows it better than `over_items` does.
    """

    rows: Rows
    unseen: Rows
    formula: Callable[[Floats], Floats]
    bounds: tuple[float, float]
    over: Callable[[Sample, int, int], Spread | None] | None = None


@dataclasses.dataclass(frozen=True)
class Spread:
    """What intervals of all levels are formed from: a value within `bounds`, its standard `error` with `df` degrees
    of freedom, `reached`, the values with kinds of item that did not occur as often as they still may, given how much
    is left in the tail, and whether annotators hardly differ by more than chance, where they count (`alike`)."""

    value: float
    error: float
    df: float
    bounds: tuple[float, float]
    reached: Callable[[float], Floats] | None = None
    alike: bool = False

    def interval(self, level: float = CONFIDENCE_LEVEL) -> tuple[float, float]:
        """The interval at a confidence level; nan where it cannot be formed."""
        if not (np.isfinite(self.value) and np.isfinite(self.error) and self.df >= 1):
            return np.nan, np.nan
        low, high = self._around(level)
        if self.reached is None:
            return low, high
        reached = self.reached((1 - level) / 2)
        reached = reached[~np.isnan(reached)]
        return float(reached.min(initial=low)), float(reached.max(initial=high))

    def _around(self, level: float) -> tuple[float, float]:
        """The interval on Fisher's scale between the bounds, with the t quantile."""
        from scipy.special import stdtrit

        bottom, top = self.bounds
        if bottom == -np.inf:
            return self._below(level)
        place = 2 * (self.value - bottom) / (top - bottom) - 1
        if self.error == 0 or abs(place) >= 1:
            return self.value, self.value
        spread = self.error * 2 / (top - bottom) / (1 - place**2)
        reach = float(stdtrit(self.df, 0.5 + level / 2)) * spread
        ends = np.tanh(np.arctanh(place) + np.array([-reach, reach]))
        low, high = (bottom + (ends + 1) / 2 * (top - bottom)).tolist()
        return min(low, self.value), max(high, self.value)

    def _below(self, level: float) -> tuple[float, float]:
        """The interval on the scale of the logarithm of what is missing to the top, where there is no bottom."""
        from scipy.special import stdtrit

        missing = self.bounds[1] - self.value
        if self.error == 0 or missing <= 0:
            return self.value, self.value
        reach = float(stdtrit(self.df, 0.5 + level / 2)) * self.error / missing
        return float(self.bounds[1] - missing * np.exp(reach)), float(self.bounds[1] - missing * np.exp(-reach))


def over_items(sample: Sample, *, resamples: int, seed: int) -> Spread:
    """How the value spreads over samples of items."""
    known = sample.over(sample, resamples, seed) if sample.over is not None else None
    if known is not None:
        return known
    size = sample.rows.shape[0]
    total = total_of(sample.rows)
    value = float(sample.formula(total)[0]) if size else np.nan
    nothing = Spread(value, np.nan, size - 1, sample.bounds)
    if size < 2 or not resamples or np.isnan(value):
        return nothing
    values = resampled(sample, resamples, seed)
    values = values[~np.isnan(values)]
    if len(values) < max(2, resamples / 2):
        return nothing

    def reached(tail: float) -> Floats:
        share = 1 - tail ** (1 / size)
        weight = size * share / (1 - share)
        return np.asarray(sample.formula(total + weight * dense(sample.unseen)))

    error = float(values.std())
    if sample.bounds[0] == -np.inf and value < sample.bounds[1]:  # the far tail below says nothing of the value's error
        missing = sample.bounds[1] - values
        error = float(np.log(np.maximum(missing, 1e-9)).std()) * (sample.bounds[1] - value)
    return Spread(
        value,
        error * (size / (size - 1)) ** 0.5,
        size - 1,
        sample.bounds,
        reached if sample.unseen.shape[0] else None,
    )


def resampled(sample: Sample, resamples: int, seed: int) -> Floats:
    """The value in each of `resamples` samples of items drawn with replacement.

    Items with equal rows are drawn together: how many of each kind come is multinomial.
    """
    kinds, counts = distinct(sample.rows)
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // max(kinds.shape))
    blocks = []
    for done in range(0, resamples, step):
        drawn = draw(rng, counts, min(step, resamples - done))
        blocks.append(sample.formula(np.asarray(drawn @ kinds)))
    return np.concatenate(blocks)


def draw(rng: np.random.Generator, counts: npt.NDArray[np.int64], times: int) -> Floats:
    """How many items of each kind come, [times, kinds]."""
    size, kinds = int(counts.sum()), len(counts)
    if kinds < size:
        return rng.multinomial(size, counts / size, times).astype(np.float64)
    places = rng.integers(0, size, (times, size)) + np.arange(times)[:, None] * size
    return np.bincount(places.ravel(), minlength=times * size).reshape(times, size).astype(np.float64)


def distinct(rows: Rows) -> tuple[Rows, npt.NDArray[np.int64]]:
    """The distinct rows and how often each occurs, in an order that depends on the set of rows alone."""
    if not rows.shape[0]:
        return rows, np.zeros(0, np.int64)
    _, first, which, counts = np.unique(_keys(rows), return_index=True, return_inverse=True, return_counts=True)
    kinds = rows[first]
    different = kinds[which] != rows
    clash = different.any() if isinstance(rows, np.ndarray) else different.nnz
    return (rows, np.ones(rows.shape[0], np.int64)) if clash else (kinds, counts)


def _keys(rows: Rows) -> npt.NDArray[np.uint64]:
    """A number for every row, the same for equal rows."""
    scramble = np.random.default_rng(0).integers(1, 2**63, rows.shape[1], dtype=np.uint64) | np.uint64(1)
    if isinstance(rows, np.ndarray):
        bits = np.ascontiguousarray(rows, np.float64).view(np.uint64)
        return np.asarray(_mix(bits, scramble).sum(axis=1, dtype=np.uint64))
    rows.sort_indices()
    bits = rows.data.astype(np.float64).view(np.uint64)
    sums = np.r_[np.uint64(0), np.cumsum(_mix(bits, scramble[rows.indices]), dtype=np.uint64)]
    return np.asarray(sums[rows.indptr[1:]] - sums[rows.indptr[:-1]], np.uint64)


def _mix(bits: npt.NDArray[np.uint64], scramble: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A float's bits scrambled. Whole numbers differ in their high bits only, so those are brought down first."""
    keys = ((bits >> np.uint64(32)) | (bits << np.uint64(32))) * scramble
    return np.asarray((keys ^ (keys >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9))


def total_of(rows: Rows) -> Floats:
    """The sum of all rows, [1, p]."""
    return np.asarray(rows.sum(axis=0), np.float64).reshape(1, -1)


def dense(rows: Rows) -> Floats:
    """Rows as a numpy array."""
    return rows if isinstance(rows, np.ndarray) else np.asarray(rows.toarray(), np.float64)

"""Two agreements compared: two periods, two guideline versions, two teams.

The interval of the difference comes from the two figures' own intervals (Zou 2007, Psychological Methods 12, 399-413,
for correlations; the method of variance estimates recovery): with d = one - other,

    low = d - sqrt((one - l1) ** 2 + (u2 - other) ** 2 - 2 r (one - l1) (u2 - other))

and high likewise, which keeps what those intervals know of skewness and of kinds of item that did not occur. Where both
tables hold the same items, r is the correlation of the two figures over resamples in which an item is drawn for both;
else it is 0. The p-value is the smallest level at which the interval leaves out 0.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.adaptive import Overlap
from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL, Sample, Spread, over_items, resampled
from goldwork.agreement.measure import Measured, Weighting, ask, measured, result
from goldwork.agreement.result import Agreement
from goldwork.agreement.sums import beside
from goldwork.errors import InputError
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from goldwork.distances import Distance

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two agreements and their difference.

    - `one`, `other`: the two; `difference`: one minus other, between `low` and `high` (95 %, over items); `p`: how
      probable so large a difference is where there is none; nan where it cannot be told
    - `shared`: items in both; `paired`: they were drawn for both at once
    - `sentence`: what it says
    """

    one: Agreement
    other: Agreement
    difference: float
    low: float
    high: float
    p: float
    shared: int
    paired: bool
    sentence: str


def compare_agreement(
    one: Judgements,
    other: Judgements,
    coefficient: str = "alpha",
    *,
    paired: bool | None = None,
    level: str | None = None,
    weighting: Weighting | None = None,
    distance: Distance | str | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    overlap: Overlap = "auto",
    seed: int = 0,
    resamples: int = 1000,
) -> Comparison:
    """How far the agreement in `one` table is from that in `other`; options as in `measure_agreement`.

    `paired`: whether items of the same name in both are the same item and drawn together; None: where there are any.
    Raises InputError for paired tables without a common item.

        >>> from goldwork.testing.crowds import simulate_crowd
        >>> good, poor = (simulate_crowd(items=200, skill=skill, seed=1).table for skill in ((40, 4), (6, 4)))
        >>> made = compare_agreement(good, poor)
        >>> made.difference > 0.2, made.low > 0, made.p < 0.01
        (True, True, True)
    """
    if resamples < 2:
        raise InputError(f"a comparison needs resamples: 2 or more. Got {resamples}.")
    first, second = (
        measured(
            ask(table, question=question, kinds=kinds, level=level, weighting=weighting, distance=distance,
                overlap=overlap, slice=None),
            coefficient,
        )
        for table in (one, other)
    )  # fmt: skip
    at_one, at_other = _common(first.question.table.items, second.question.table.items)
    if paired and not len(at_one):
        raise InputError("the two tables have no item in common, so they cannot be compared item by item.")
    together = len(at_one) > 0 if paired is None else paired
    r = _correlation(first, second, (at_one, at_other), resamples, seed) if together else 0.0
    over = [over_items(made.sample, resamples=resamples, seed=seed) for made in (first, second)]
    pair = _Pair(over[0], over[1], r)
    low, high = pair.interval(CONFIDENCE_LEVEL)
    difference = first.value - second.value
    p = math.nan if math.isnan(low) else pair.p_value()
    return Comparison(
        one=result(first, *pair.one.interval(), over="items", resamples=resamples),
        other=result(second, *pair.other.interval(), over="items", resamples=resamples),
        difference=math.nan if math.isnan(difference) else difference,
        low=low,
        high=high,
        p=p,
        shared=len(at_one),
        paired=together,
        sentence=_sentence(difference, low, high, p, len(at_one) if together else 0),
    )


def _common(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Where the items that occur in both are in each."""
    place = {item: code for code, item in enumerate(other.tolist())}
    met = [(code, place[item]) for code, item in enumerate(one.tolist()) if item in place]
    found = np.array(met, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


@dataclasses.dataclass(frozen=True)
class _Pair:
    """How two values spread, and their correlation `r`."""

    one: Spread
    other: Spread
    r: float

    def interval(self, level: float) -> tuple[float, float]:
        """The interval of the difference."""
        (l1, u1), (l2, u2) = self.one.interval(level), self.other.interval(level)
        if math.isnan(l1) or math.isnan(l2):
            return math.nan, math.nan
        difference = self.one.value - self.other.value
        down, up = (self.one.value - l1, u2 - self.other.value), (u1 - self.one.value, self.other.value - l2)
        reach = [math.sqrt(max(0.0, a * a + b * b - 2 * self.r * a * b)) for a, b in (down, up)]
        return difference - reach[0], difference + reach[1]

    def p_value(self) -> float:
        """The smallest level at which the interval leaves out 0, found by halving."""
        holds, leaves = 0.0, 1.0
        for _ in range(40):
            middle = (holds + leaves) / 2
            low, high = self.interval(1 - middle)
            holds, leaves = (middle, leaves) if low <= 0 <= high else (holds, middle)
        return leaves


def _correlation(
    one: Measured, other: Measured, common: tuple[npt.NDArray[Any], npt.NDArray[Any]], resamples: int, seed: int
) -> float:
    """The correlation of the two values over resamples of the items of both tables."""
    from scipy.sparse import csr_array

    sizes = len(one.question.table.items), len(other.question.table.items)
    alone = np.setdiff1d(np.arange(sizes[1]), common[1])
    place = np.empty(sizes[1], np.int64)
    place[common[1]], place[alone] = common[0], sizes[0] + np.arange(len(alone))
    union = sizes[0] + len(alone)
    put = [
        csr_array((np.ones(size), (where, np.arange(size))), shape=(union, size))
        for size, where in zip(sizes, (np.arange(sizes[0]), place), strict=True)
    ]
    rows = [matrix @ made.sample.rows for matrix, made in zip(put, (one, other), strict=True)]
    width = rows[0].shape[1]
    drawn: list[tuple[Floats, Floats]] = []

    def both(totals: Floats) -> Floats:
        drawn.append((one.sums.formula(totals[:, :width]), other.sums.formula(totals[:, width:])))
        return drawn[-1][0]

    every = beside(*rows)
    resampled(Sample(every, every[:0], both, one.sums.bounds), resamples, seed)
    first, second = (np.concatenate([pair[side] for pair in drawn]) for side in (0, 1))
    fit = ~np.isnan(first) & ~np.isnan(second)
    spread = first[fit].std(), second[fit].std()
    if fit.sum() < 3 or min(spread) == 0:
        return 0.0
    return float(np.corrcoef(first[fit], second[fit])[0, 1])


def _sentence(difference: float, low: float, high: float, p: float, shared: int) -> str:
    if math.isnan(difference):
        return "There is no figure for one of the two, so they cannot be compared."
    higher = "higher" if difference >= 0 else "lower"
    said = f"The first agreement is {abs(difference):.2f} {higher} than the second"
    if math.isnan(low):
        return f"{said}; there are too few items for an interval."
    items = f", {shared:,} items being in both" if shared else ""
    chance = f"p = {p:.3f}" if p >= 0.001 else "p < .001"
    verdict = (
        "The data do not tell whether they differ." if low <= 0 <= high else "Chance in the choice of items does not "
        "explain that; other annotators or easier items might."
    )  # fmt: skip
    return f"{said} (95 % interval of the difference {low:.2f} to {high:.2f}, {chance}{items}). {verdict}"

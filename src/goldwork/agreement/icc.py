"""Intraclass correlation: the share of the variance of ratings that is differences between items.

A rating is y = mean + item + annotator + rest, with variances a, b and e of the three. Of single judgements

- icc1 = a' / (a' + w): annotators are not told apart; w is the variance within items, a' what is left between them
- icc2 = a / (a + b + e): absolute agreement; levels of annotators that differ count as disagreement
- icc3 = a / (a + e): consistency; they do not

and icc1k, icc2k, icc3k of the mean of k judgements, with w / k, (b + e) / k, e / k for w, b + e, e: ICC(1,1) to
ICC(3,k) of Shrout and Fleiss 1979 (Psychological Bulletin 86, 420-428) and McGraw and Wong 1996 (Psychological Methods
1, 30-46). k is the harmonic mean of the items' judgements: the rest of their means has the variance e / k on average.
Tables may be incomplete; `goldwork.agreement.variances` has the moments.

Over items, the interval is formed on the scale of log F, F = 1 + k a / e (Fisher's transformation of an intraclass
correlation), by the bootstrap's t (`goldwork.agreement.studentised`). The classical F intervals
(`goldwork.agreement.anova`) are exact for items from a normal distribution, and cover 75 to 100 % for others.

Over items and annotators, icc2 and icc2k combine log F from the items and the ratio G = 1 + n b / e, which over samples
of annotators is an F variable times its true value: generalised pivots (Weerahandi 1993, Journal of the American
Statistical Association 88, 899-905), on a grid of their quantiles.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": rating}
    ...     for item, row in enumerate(ratings) for annotator, rating in enumerate(row)
    ... )  # Shrout and Fleiss 1979, table 2
    >>> {name: round(measure_agreement(table, name).value, 2) for name in ("icc1", "icc2", "icc3")}
    {'icc1': 0.17, 'icc2': 0.29, 'icc3': 0.71}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL, Sample, Spread, over_items, total_of
from goldwork.agreement.scale import Scale
from goldwork.agreement.studentised import Studentised, studentised
from goldwork.agreement.sums import Formula, Sums, coefficient
from goldwork.agreement.variances import Variances, rows_of, variances
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Parts = tuple[Floats, Floats]
"""The variance between items, and what of single judgements stands beside it."""

UNDEFINED = "The intraclass correlation is undefined: all ratings are the same, or no two annotators share two items."
CAVEAT = (
    "It depends on the items: on items that differ more the same annotators reach more. Compare it on like items only."
)
GRADES = ((0.9, "excellent"), (0.75, "good"), (0.5, "moderate"))
"""Koo and Li 2016, Journal of Chiropractic Medicine 15, 155-163: below the last, poor."""
FLOOR = 1e-6
"""How near a value comes to the lowest that it can have, relatively."""
LOWEST = -1e9
"""The value of means where the items' variance is negative and as large as what stands beside it."""
GRID = 200
"""Quantiles of each pivot."""


def _one_way(v: Variances) -> Parts:
    return v.one_way, v.within


def _agreement(v: Variances) -> Parts:
    return v.items, v.within


def _consistency(v: Variances) -> Parts:
    return v.items, v.rest


def _make(name: str, table: Judgements, scale: Scale, parts: Callable[[Variances], Parts], of: str) -> Sums:
    """One of the six forms. `of`: what of a judgement's variance the share is taken, as a clause."""
    if scale.level == "distance" or scale.weighting is not None:
        raise InputError(f"{name} is of numbers: it takes no distance and no weighting.")
    averaged = name.endswith("k")
    rows = rows_of(table)
    k = float(variances(total_of(rows)).k[0]) if len(rows) else 2.0
    bounds = (-np.inf, 1.0) if averaged else (-1 / max(k - 1, 1e-9), 1.0)
    return Sums(
        rows=rows,
        formula=_formula(parts, averaged, bounds[0]),
        judgements=len(table),
        meaning=_meaning(k if averaged else 1, of),
        undefined=UNDEFINED,
        advice=_advice,
        bounds=bounds,
        disagreement=rows[:, 5] / rows[:, 6] * rows[:, 0],
        caveat=CAVEAT,
        over=_over_items,
        both=_over_both(averaged) if parts is _agreement else None,
    )


def _formula(parts: Callable[[Variances], Parts], averaged: bool, bottom: float) -> Formula:
    def formula(totals: Floats) -> Floats:
        v = variances(totals)
        between, beside = parts(v)
        whole = between + (beside / v.k if averaged else beside)
        share = np.divide(between, whole, out=np.full_like(between, np.nan), where=whole > 1e-12 * np.abs(between))
        return share if averaged else np.maximum(share, bottom * (1 - FLOOR))

    return formula


@coefficient("icc1", level="interval")
def icc1(table: Judgements, scale: Scale) -> Sums:
    """ICC(1,1), one-way: single judgements of whoever judged the item."""
    return _make("icc1", table, scale, _one_way, "single judgements, by whoever made them,")


@coefficient("icc2", level="interval")
def icc2(table: Judgements, scale: Scale) -> Sums:
    """ICC(2,1), two-way: absolute agreement of single judgements."""
    return _make("icc2", table, scale, _agreement, "single judgements")


@coefficient("icc3", level="interval")
def icc3(table: Judgements, scale: Scale) -> Sums:
    """ICC(3,1), two-way: consistency of single judgements."""
    return _make("icc3", table, scale, _consistency, "single judgements, but for each annotator's own level,")


@coefficient("icc1k", level="interval")
def icc1k(table: Judgements, scale: Scale) -> Sums:
    """ICC(1,k), one-way: the mean of an item's judgements."""
    return _make("icc1k", table, scale, _one_way, "by whoever made them,")


@coefficient("icc2k", level="interval")
def icc2k(table: Judgements, scale: Scale) -> Sums:
    """ICC(2,k), two-way: absolute agreement of the mean of an item's judgements."""
    return _make("icc2k", table, scale, _agreement, "")


@coefficient("icc3k", level="interval")
def icc3k(table: Judgements, scale: Scale) -> Sums:
    """ICC(3,k), two-way: consistency of the mean of an item's judgements."""
    return _make("icc3k", table, scale, _consistency, "but for each annotator's own level,")


def _meaning(k: float, of: str) -> Callable[[float], str]:
    of = of if k == 1 else f"the mean of {k:.3g} judgements of an item" + (f", {of}" if of else "")

    def meaning(value: float) -> str:
        if value <= 0:
            return "Judgements of one item are no nearer to each other than those of different items"
        return f"{value:.0%} of the variance of {of} is differences between items"

    return meaning


def _advice(low: float, high: float) -> str:
    words = [next((word for mark, word in GRADES if end >= mark), "poor") for end in (low, high)]
    if words[0] == words[1]:
        return f"Koo and Li would call such reliability {words[0]}."
    return f"In Koo and Li's words that may be anything from {words[0]} to {words[1]}."


@dataclasses.dataclass(frozen=True)
class Pivots(Spread):
    """A spread over items and annotators: quantiles of log F, `places` [GRID], and G over F with `between` and `within`
    degrees of freedom; `k` judgements of an item, `each` of an annotator, and whether the value is that of means.
    """

    places: Floats = dataclasses.field(default_factory=lambda: np.zeros(GRID))
    g: float = np.nan
    between: float = np.nan
    within: float = np.nan
    k: float = np.nan
    each: float = np.nan
    averaged: bool = False

    def interval(self, level: float = CONFIDENCE_LEVEL) -> tuple[float, float]:
        """Quantiles of the value over a grid of those of F and G."""
        from scipy.special import fdtri

        at = (np.arange(GRID) + 0.5) / GRID
        items = (np.exp(self.places) - 1)[:, None] / self.k
        people = (self.g / fdtri(self.between, self.within, at) - 1)[None, :] / self.each
        beside = (people + 1) / (self.k if self.averaged else 1)
        whole = items + beside
        values = np.divide(items, whole, out=np.full_like(whole, LOWEST), where=whole > 0)
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]).tolist()
        return min(max(low, self.bounds[0]), self.value), max(high, self.value)


def _over_items(sample: Sample, resamples: int, seed: int) -> Studentised | None:
    """The spread over items; of an item's row the sum of ratings over that of weights is its mean."""
    if not len(sample.rows):
        return None
    return studentised(sample, sample.rows[:, 3] / sample.rows[:, 0], resamples, seed)


def _over_both(averaged: bool) -> Callable[[Sample, int, int], Spread | None]:
    def both(sample: Sample, resamples: int, seed: int) -> Spread | None:
        """The spread over items and annotators; None where there is no rest to compare with."""
        from scipy.special import stdtrit

        v = variances(total_of(sample.rows))
        a, b, e, k, size, people = (float(part[0]) for part in (v.items, v.annotators, v.rest, v.k, v.size, v.people))
        if not (e > 0 and 1 + k * a / e > 0 and people > 1):
            return None
        bounds = (-1 / max(k - 1, 1e-9), 1.0)
        consistency = Sample(
            sample.rows, sample.rows[:0], _formula(_consistency, False, bounds[0]), bounds, _over_items
        )
        items = over_items(consistency, resamples=resamples, seed=seed)
        f = 1 + k * a / e
        # d log F / d icc3 = k / ((1 - icc3) (1 + (k - 1) icc3))
        reach = items.error * k / ((1 - items.value) * (1 + (k - 1) * items.value))
        value = float(sample.formula(total_of(sample.rows))[0])
        if not np.isfinite(reach):
            return None
        at = (np.arange(GRID) + 0.5) / GRID
        if isinstance(items, Studentised):
            places = items.places(at) + np.log(k - 1)
        else:
            places = np.log(f) + reach * stdtrit(items.df, at)
        return Pivots(
            value, items.error, items.df, sample.bounds, places=places,
            g=max(1 + size / people * b / e, 1e-9), between=people - 1,
            within=max(size - sample.rows.shape[0] - people + 1, 1.0), k=k, each=size / people, averaged=averaged,
        )  # fmt: skip

    return both

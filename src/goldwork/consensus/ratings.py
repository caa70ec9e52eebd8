"""What the methods for numbers share: means by item, the spread of judgements around them, intervals, confidence.

The interval of an item's answer rests on the spread within all items, pooled: with two to five judgements an item's
own spread says next to nothing. With n judgements on I items, residuals r around the items' means,

    variance = sum r^2 / (n - I),   interval = answer +- t(df) * sqrt(variance * ratio / judgements of the item)

where `ratio` is the variance of the answer's formula against that of a mean. Annotators lean, so judgements of the
same annotator are not independent of each other: with A annotators the part of the variance that lies between them
is known with A - 1 degrees of freedom only, the rest with n - I - A + 1; together they make df (Satterthwaite 1946,
Biometrics Bulletin 2, 110-114).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Consensus
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Summary = Callable[[npt.NDArray[np.int32], Floats, Floats, int], Floats]
"""`(item [n], number [n], weight [n], items) -> answers [items]`; rows lie by item, then by number."""

TOLERABLE = 0.5
"""Confidence is the probability to lie within so many standard deviations of all judgements, unless `within` is set."""
LARGEST = 1e50
"""Fourth powers of larger numbers, summed, may exceed what floating point holds."""
DRAWS = 2000
BACKFITS, ENOUGH = 50, 1e-4
NO_OVERLAP = "No item has two judgements, so nothing tells how far the answers are off: they have no interval."


@dataclasses.dataclass(frozen=True)
class Spread:
    """How judgements scatter around their items: the pooled variance and its degrees of freedom; nan without any.

    `between`: the part of the variance that lies between annotators, `within`: the rest; `residuals`: scaled so that
    their variance is the pooled one
    """

    variance: float
    freedom: float
    between: float
    within: float
    residuals: Floats


def numbers_of(table: Judgements, gold: Floats) -> Floats:
    """The judgements as numbers. Raises InputError for a number, also of gold, beyond LARGEST."""
    numbers = table.numbers()
    for every, what in ((numbers, "label"), (gold[~np.isnan(gold)], "gold")):
        if len(every) and (largest := float(every[np.abs(every).argmax()])) and abs(largest) > LARGEST:
            raise InputError(f"{what} {largest!r} is beyond {LARGEST:g}, too large to reckon with. Is it right?")
    return numbers


def means(item: npt.NDArray[np.int32], numbers: Floats, weights: Floats, items: int) -> Floats:
    """The weighted mean of every item."""
    return np.asarray(np.bincount(item, weights * numbers, items) / np.bincount(item, weights, items))


def spread_of(table: Judgements) -> Spread:
    """The pooled spread within items; a judgement of weight 2 counts as two."""
    numbers, weights, item = table.numbers(), table.weights(), table.item
    items, judged = len(table.items), table.per_item()
    if not (judged > 1).any():
        nan = float("nan")
        return Spread(nan, nan, nan, nan, np.zeros(0))
    residuals = numbers - means(item, numbers, weights, items)[item]
    several = (judged > 1)[item]
    weights = weights / weights[several].mean()
    free = int(judged[judged > 1].sum() - (judged > 1).sum())
    used = len(np.unique(table.annotator[several]))
    variance = float((weights * residuals**2)[several].sum()) / free
    left, between = free - used + 1, 0.0
    if left > 0:
        rest = _without_leanings(table, residuals, weights)
        between = max(0.0, variance - float((weights * rest**2)[several].sum()) / left)
    within = variance - between
    lost = between**2 / max(used - 1, 1) + within**2 / max(left, 1)
    own = residuals[several] * np.sqrt(judged / np.maximum(judged - 1, 1))[item[several]]
    return Spread(variance, variance**2 / lost if lost > 0 else float(free), between, within, own)


def _without_leanings(table: Judgements, residuals: Floats, weights: Floats) -> Floats:
    """Residuals of least squares on items and annotators, one after the other until that changes little."""
    total = np.bincount(table.annotator, weights, len(table.annotators))
    before = np.inf
    for _ in range(BACKFITS):
        lean = np.bincount(table.annotator, weights * residuals, len(total)) / total
        residuals = residuals - lean[table.annotator]
        residuals = residuals - means(table.item, residuals, weights, len(table.items))[table.item]
        squares = float(weights @ residuals**2)
        if squares > before * (1 - ENOUGH):
            break
        before = squares
    return residuals


def answered(
    name: str, table: Judgements, gold: Floats, summary: Summary, *, within: float | None, seed: int
) -> Consensus:
    """The consensus of numbers by a formula for each item, with intervals and confidence."""
    numbers, weights, known = numbers_of(table, gold), table.weights(), ~np.isnan(gold)
    order = np.lexsort((numbers, table.item))
    answers = summary(table.item[order], numbers[order], weights[order], len(table.items))
    found = spread_of(table)
    share = np.bincount(table.item, weights**2, len(answers)) / np.bincount(table.item, weights, len(answers)) ** 2
    ratio = _ratios(table.per_item(), found.residuals, summary, seed)
    error = np.where(known, 0.0, np.sqrt(found.variance * share * ratio))
    labels = np.where(known, gold, answers)
    low, high, confidence = around(labels, error, np.full(len(labels), found.freedom), tolerable(table, within))
    return Consensus.of_answers(
        name,
        table,
        labels,
        confidence,
        known,
        low=low,
        high=high,
        warnings=(NO_OVERLAP,) if len(table) and np.isnan(found.variance) else (),
    )


def around(answers: Floats, error: Floats, freedom: Floats, within: float) -> tuple[Floats, Floats, Floats]:
    """Low, high and the probability that the truth lies `within` of the answer; nan, nan, 0 where `error` is nan."""
    from scipy.special import stdtr, stdtrit

    unknown = np.isnan(error)
    freedom = np.where(unknown | np.isnan(freedom), 1.0, freedom)
    reach = np.where(error == 0, 0.0, stdtrit(freedom, 0.975) * error)
    scaled = np.divide(within, error, out=np.full(len(error), np.inf), where=error > 0)
    confidence = np.where(unknown, 0.0, 2 * stdtr(freedom, scaled) - 1)
    return answers - reach, answers + reach, np.clip(confidence, 0, 1)


def tolerable(table: Judgements, within: float | None) -> float:
    """How far off an answer may be: `within`, or TOLERABLE standard deviations. Raises InputError below 0."""
    if within is None:
        return TOLERABLE * float(table.numbers().std()) if len(table) else 0.0
    if not np.isfinite(within) or within < 0:
        raise InputError(f"within must be 0 or more, in the unit of the judgements. Got {within!r}.")
    return float(within)


def _ratios(judged: npt.NDArray[np.int64], residuals: Floats, summary: Summary, seed: int) -> Floats:
    """The variance of the formula against that of a mean, by draws of as many of the pooled residuals, [items]."""
    ratio = np.ones(len(judged))
    if summary is means or not len(residuals):
        return ratio
    pool = np.sort(np.r_[residuals, -residuals])
    for count in np.unique(judged[judged > 2]).tolist():
        drawn = np.random.default_rng((seed, count)).choice(pool, (DRAWS, min(count, 100)))
        size = drawn.shape[1]
        item = np.repeat(np.arange(DRAWS, dtype=np.int32), size)
        made = summary(item, np.sort(drawn, axis=1).ravel(), np.ones(drawn.size), DRAWS)
        plain = drawn.mean(axis=1)
        if (scatter := float(plain @ plain)) > 0:
            ratio[judged == count] = float(made @ made) / scatter
    return ratio

"""You could have stopped here: at how many judgements an item a finished log's answers were already good enough.

What is asked: had every item got n of its recorded judgements, drawn by lot, how often would the answers have been
right on these very items? That is A(n), between whole numbers by the straight line (some items get one more). The stop
is the least n with A(n) at the target; without a target, with A(n) at A(all) less `CLOSE`. n counts as the mean over
items: an item never has more than it has in the log. Answers are those of full inference (`goldwork.quality.resync`)
over nothing but the judgements so far, in `ORDERS` orders.

**With gold**, a simple random sample of G of these N items: A(n) is the mean over gold of y_i(n), the share of orders
in which the item's answer is right. Its interval is Wilson's, of G / (v (1 - G / N)) items: v is how much less the y_i
vary than right and wrong would, and the last factor is for the finite number of items. Without a target the differences
y_i(n) - y_i(all) have Student's interval, with the variance of half an error at least. Nothing is supposed of people. A
model of the crowd beside gold (prediction-powered inference) was tried and left out: intervals became 0 to 9 % shorter,
and on bluebird, where most people share an error, they covered 86 %.

**Without gold** nothing in a log tells whether answers are right: people who are wrong together look right. What it
tells is when answers stopped changing. A(n) is then the share of items with the answer they have in the end, the stop
is where it reaches `SAME`, and Student's interval is over the orders.

**The interval** has every n whose A(n) is not told apart from the target. It covers the stop 19 times in 20 because it
leaves out the stop itself only when the interval of A there misses the target.

*Sources:* Wilson 1927, Journal of the American Statistical Association 22, 209-212; an interval by turning a test
round: Fieller 1954, Journal of the Royal Statistical Society B 16, 175-185; Angelopoulos, Bates, Fannjiang, Jordan and
Zrnic 2023, Prediction-powered inference, Science 382, 669-674.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.quality.resync import Floats, Judged, resync

ORDERS = 6
"""In so many orders the judgements are given again."""
CLOSE = 0.01
"""So much less than the accuracy of all judgements is good enough, where no target is given."""
SAME = 0.95
"""So many answers as in the end are enough, where there is no gold."""
MOST_ITEMS = 1500
"""Of more items a random sample is looked at: the interval would hardly become shorter."""
LEAST_GOLD = 20
STEPS = 40
"""How many places there are between two whole numbers."""

Whole = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Hindsight:
    """Where one could have stopped, and the curve behind it.

    - `stop`, `low`, `high`: judgements an item, with the 95 % interval; nan where the target is not reached by all
    - `per_item`, `accuracy`, `accuracy_low`, `accuracy_high`: the curve at 1, 2, ... judgements, and at all
    - `target`: as asked for, or None for that of all judgements less `CLOSE`
    - `gold`: how many gold items it stands on; 0: `accuracy` is the share of answers that are those of the end
    """

    stop: float
    low: float
    high: float
    target: float | None
    per_item: tuple[float, ...]
    accuracy: tuple[float, ...]
    accuracy_low: tuple[float, ...]
    accuracy_high: tuple[float, ...]
    items: int
    gold: int


@dataclasses.dataclass(frozen=True, eq=False)
class Looked:
    """Answers at every depth: `per_item` [n] mean judgements, `answers` [n, orders, items]."""

    per_item: Floats
    answers: Whole


def hindsight(judged: Judged, target: float | None = None, *, seed: int = 0) -> Hindsight:
    """Where the log could have stopped.

    Raises InputError for a target outside 0 to 1, for one without `LEAST_GOLD` gold items, and for an empty log.
    """
    if target is not None and not 0 < target < 1:
        raise InputError(f"the target accuracy must be above 0 and below 1. Got {target}.")
    judged = sampled(judged, seed)
    known = judged.gold >= 0
    gold, items = int(known.sum()), len(judged.gold)
    if gold < LEAST_GOLD and target is not None:
        raise InputError(
            f"whether an accuracy was reached takes {LEAST_GOLD} gold items or more, drawn at random. Got {gold}. "
            "Without a target: when answers stopped changing."
        )
    looked = look(judged, seed)
    line = _Line(looked)
    if gold < LEAST_GOLD:
        same = (looked.answers == looked.answers[-1]).mean(axis=2)
        return _told(looked, line, None, _student(same, ORDERS, 0.0), _less(line, same, 1 - SAME, 0.0), items, 0)
    right = (looked.answers[:, :, known] == judged.gold[known]).mean(axis=1)
    finite = gold / items
    if target is None:
        excess = _less(line, right, CLOSE, finite)
    else:
        low, high = _wilson(line.along(right), finite)
        excess = line.along(right).mean(axis=1) - target, low - target, high - target
    low, high = _wilson(right, finite)
    return _told(looked, line, target, (right.mean(axis=1), low, high), excess, items, gold)


def sampled(judged: Judged, seed: int) -> Judged:
    """The items that were judged, at most `MOST_ITEMS` of them by lot; gold stays in the sample in proportion."""
    there = np.unique(judged.item[judged.weight > 0])
    if not len(there):
        raise InputError("there are no judgements to look back on.")
    if len(there) > MOST_ITEMS:
        there = np.sort(np.random.default_rng(seed).permutation(there)[:MOST_ITEMS])
    new = np.full(len(judged.gold), -1)
    new[there] = np.arange(len(there))
    rows = (judged.weight > 0) & (new[judged.item] >= 0)
    return dataclasses.replace(
        judged,
        item=new[judged.item[rows]],
        annotator=judged.annotator[rows],
        answer=judged.answer[rows],
        weight=judged.weight[rows],
        gold=judged.gold[there],
        drawn=judged.drawn[there],
    )


def look(judged: Judged, seed: int) -> Looked:
    """The answers after 1, 2, ... judgements an item, in several orders, from those judgements alone."""
    items = len(judged.gold)
    number = np.bincount(judged.item, minlength=items)
    depths = _depths(int(number.max()))
    random = np.random.default_rng(seed)
    answers = np.zeros((len(depths), ORDERS, items), np.int64)
    unknown = dataclasses.replace(judged, gold=np.full(items, -1), drawn=np.zeros(items, bool))
    for turn in range(ORDERS):
        order = np.lexsort((random.random(len(judged.item)), judged.item))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order)) - (np.cumsum(number) - number)[judged.item[order]]
        for place, depth in enumerate(depths):
            rows = rank < depth
            taken = dataclasses.replace(
                unknown,
                item=judged.item[rows],
                annotator=judged.annotator[rows],
                answer=judged.answer[rows],
                weight=judged.weight[rows],
            )
            shares = resync(taken).shares
            answers[place, turn] = shares.argmax(axis=1)
    return Looked(np.array([np.minimum(number, depth).mean() for depth in depths]), answers)


def _depths(most: int) -> list[int]:
    """1, 2, ... up to ten, then in steps that grow by a quarter, up to all."""
    depths = list(range(1, min(most, 10) + 1))
    while depths[-1] < most:
        depths.append(min(most, depths[-1] + max(depths[-1] // 4, 1)))
    return depths


class _Line:
    """The places between whole numbers of judgements along which the stop lies."""

    def __init__(self, looked: Looked) -> None:
        last = len(looked.per_item) - 1
        place = np.arange(last * STEPS + 1) / STEPS
        below = np.minimum(place.astype(int), max(last - 1, 0))
        self._below, self._above, self._part = below, np.minimum(below + 1, last), place - below
        self.per_item = self.along(looked.per_item)

    def along(self, values: Floats) -> Floats:
        """Values [n, ...] at the places on the line."""
        part = self._part.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(values[self._below] * (1 - part) + values[self._above] * part)


Figures = tuple[Floats, Floats, Floats]
"""An estimate at every place, and the ends of its interval."""


def _wilson(values: Floats, finite: float) -> tuple[Floats, Floats]:
    """The 95 % interval of the means of values [places, gold] between 0 and 1."""
    from scipy.stats import t

    g, mean = values.shape[1], values.mean(axis=1)
    spare = 0.5 / g  # so that a sample without errors is not taken to vary not at all
    vary = np.minimum((values.var(axis=1) + spare) / (mean * (1 - mean) + spare), 1)
    number = g / np.maximum(vary * (1 - finite), 1e-9)
    z = float(t.ppf(0.975, g - 1))
    middle = (mean + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * np.sqrt(mean * (1 - mean) / number + (z / (2 * number)) ** 2)
    return np.asarray(middle - half), np.asarray(middle + half)


def _student(values: Floats, number: int, finite: float, least: float = 0.0) -> Figures:
    """The means of values [places, number], with Student's 95 % interval; their variance is `least` at least."""
    from scipy.stats import t

    variance = np.maximum(values.var(axis=1, ddof=1), least)
    half = t.ppf(0.975, number - 1) * np.sqrt(variance / number * (1 - finite))
    mean = values.mean(axis=1)
    return np.asarray(mean), np.asarray(mean - half), np.asarray(mean + half)


def _less(line: _Line, values: Floats, close: float, finite: float) -> Figures:
    """By how much values [n, number] exceed those of all judgements less `close`, along the line."""
    along, number = line.along(values), values.shape[1]
    least = 0.5 / number * (1 - 0.5 / number) if finite else 0.0
    mean, low, high = _student(along - along[-1], number, finite, least)
    low[-1] = high[-1] = 0.0  # all judgements are as good as all judgements
    return mean + close, low + close, high + close


def _told(
    looked: Looked, line: _Line, target: float | None, curve: Figures, excess: Figures, items: int, gold: int
) -> Hindsight:
    estimate, low, high = excess
    return Hindsight(
        stop=_first(line.per_item, estimate),
        low=_first(line.per_item, high),
        high=_first(line.per_item, low),
        target=target,
        per_item=tuple(looked.per_item.tolist()),
        accuracy=tuple(curve[0].tolist()),
        accuracy_low=tuple(np.clip(curve[1], 0, 1).tolist()),
        accuracy_high=tuple(np.clip(curve[2], 0, 1).tolist()),
        items=items,
        gold=gold,
    )


def _first(per_item: Floats, excess: Floats) -> float:
    """The least place from which the excess is not below 0; nan where there is none."""
    reached = np.flatnonzero(excess >= -1e-12)
    return float(per_item[reached[0]]) if len(reached) else float("nan")


def stop_of(looked: Looked, truth: Whole, target: float | None = None) -> float:
    """Where one could have stopped, the truth of all items being known: what `hindsight` estimates with gold."""
    line = _Line(looked)
    right = line.along((looked.answers == truth).mean(axis=(1, 2)))
    return _first(line.per_item, right - (right[-1] - CLOSE if target is None else target))

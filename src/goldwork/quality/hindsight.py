"""You could have stopped here: at how many judgements an item a finished log's answers were already good enough.

What is asked: had every item got n of its recorded judgements, drawn by lot, how often would the answers have been
right on these very items? That is A(n), between whole numbers by the straight line (some items get one more). The stop
is the least n with A(n) at the target; without a target, with A(n) at A(all) less `CLOSE`. n counts as the mean over
items: an item never has more than it has in the log. Answers are those of full inference (`goldwork.quality.resync`)
over nothing but the judgements so far, in `ORDERS` orders.

**With gold**, a simple random sample of the items: the mean of a model's belief over all items, corrected by how far it
is off on gold,

    A(n) = mean over gold of y_i(n) + l (mean over all of b_i(n) - mean over gold of b_i(n))

with y_i whether the answer is right (its share over orders) and b_i the probability that a model of the crowd gives it
that has not seen the gold (`goldwork.quality.crowd`). l is between 0 and 1 and the best for the variance. The model may
be as wrong as it likes: the interval stands on gold alone, the model only makes it shorter. A standard error from the
sample's variance, at least that of one half more error, Student's t, and the finite number of items.

**Without gold** what is known of the truth is what the model says: draws of the truth of all items from its posterior.
People who are wrong together look right to it, and nothing in the log can tell.

**The interval** has every n whose A(n) is not told apart from the target. It covers the stop 19 times in 20 because it
leaves out the stop itself only when the interval of A there misses the target.

*Source:* prediction-powered inference, Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382, 669-674,
with the weight l of Angelopoulos, Duchi and Zrnic 2023, PPI++, arXiv 2311.01453; an interval by turning a test round:
Fieller 1954, Journal of the Royal Statistical Society B 16, 175-185.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.quality.crowd import learn_crowd
from goldwork.quality.resync import Floats, Judged, resync

ORDERS = 4
"""In so many orders the judgements are given again."""
CLOSE = 0.01
"""So much less than the accuracy of all judgements is good enough, where no target is given."""
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
    - `target`: as asked for, or None for that of all judgements less `CLOSE`; `gold`: how many gold items there were
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
    """Where the log could have stopped. Raises InputError for a target outside 0 to 1, and for an empty log."""
    if target is not None and not 0 < target < 1:
        raise InputError(f"the target accuracy must be above 0 and below 1. Got {target}.")
    judged = sampled(judged, seed)
    looked = look(judged, seed)
    blind = dataclasses.replace(judged, gold=np.full_like(judged.gold, -1), drawn=np.zeros_like(judged.drawn))
    truth = learn_crowd(blind, seed=seed).truth
    gold = int((judged.gold >= 0).sum())
    wanted = _Wanted(looked, target)
    curve, spread = _with_gold(judged, looked, truth, wanted) if gold >= LEAST_GOLD else (None, None)
    if curve is None or spread is None:
        curve, spread = _by_model(looked, truth, wanted)
    return _told(wanted, curve, spread, len(judged.gold), gold if gold >= LEAST_GOLD else 0)


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


class _Wanted:
    """The line along which the stop lies: places between whole numbers, and what is asked of A there."""

    def __init__(self, looked: Looked, target: float | None) -> None:
        self.looked, self.target = looked, target
        last = len(looked.per_item) - 1
        place = np.arange(last * STEPS + 1) / STEPS
        below = np.minimum(place.astype(int), max(last - 1, 0))
        self._below, self._above, self._part = below, np.minimum(below + 1, last), place - below
        self.per_item = self.along(looked.per_item)

    def along(self, values: Floats) -> Floats:
        """Values [n, ...] at the places on the line."""
        part = self._part.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(values[self._below] * (1 - part) + values[self._above] * part)

    def less(self, values: Floats) -> Floats:
        """What A(n) exceeds the target by, from values [places, ...] at every place."""
        return np.asarray(values - (values[-1] - CLOSE if self.target is None else self.target))


Figures = tuple[Floats, Floats]


def _with_gold(judged: Judged, looked: Looked, truth: Whole, wanted: _Wanted) -> tuple[Figures, Figures]:
    """(estimate, half width) of A at the whole numbers, and of its excess over the target along the line."""
    known = judged.gold >= 0
    right = (looked.answers[:, :, known] == judged.gold[known]).mean(axis=1)
    belief = np.stack([(looked.answers == drawn).mean(axis=1) for drawn in truth]).mean(axis=0)

    def powered(y: Floats, b: Floats) -> Figures:
        """From y [places, gold] and b [places, items]."""
        g, n = y.shape[1], b.shape[1]
        mine = b[:, known]
        centred, off = mine - mine.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        square = (centred**2).sum(axis=1)
        best = np.where(square > 1e-12, (centred * off).sum(axis=1) / np.maximum(square, 1e-12), 0.0)
        weight = np.clip(best * g / (g + 4), 0, 1)  # a slope from few items is believed the less
        estimate = y.mean(axis=1) + weight * (b.mean(axis=1) - mine.mean(axis=1))
        rest = off - weight[:, None] * centred
        variance = (rest**2).sum(axis=1) / max(g - 2, 1)
        return np.asarray(estimate), np.asarray(_half(variance, g, n))

    at_all = wanted.along(right), wanted.along(belief)
    return powered(right, belief), powered(wanted.less(at_all[0]), wanted.less(at_all[1]))


def _half(variance: Floats, gold: int, items: int) -> Floats:
    """Half the 95 % interval of a mean over gold; one half of an error that was not seen counts as seen."""
    from scipy.stats import t

    least = 0.5 / gold * (1 - 0.5 / gold)
    finite = max(1 - gold / items, 0.0)
    return np.asarray(t.ppf(0.975, gold - 1) * np.sqrt(np.maximum(variance, least) / gold * finite))


def _by_model(looked: Looked, truth: Whole, wanted: _Wanted) -> tuple[Figures, Figures]:
    """The same from the model's draws of the truth."""
    drawn = np.stack([(looked.answers == one).mean(axis=(1, 2)) for one in truth], axis=1)

    def between(values: Floats) -> Figures:
        return np.asarray(values.mean(axis=1)), np.asarray(1.96 * values.std(axis=1, ddof=1))

    return between(drawn), between(wanted.less(wanted.along(drawn)))


def _told(wanted: _Wanted, curve: Figures, excess: Figures, items: int, gold: int) -> Hindsight:
    estimate, half = excess
    accuracy, width = curve
    return Hindsight(
        stop=_first(wanted.per_item, estimate),
        low=_first(wanted.per_item, estimate + half),
        high=_first(wanted.per_item, estimate - half),
        target=wanted.target,
        per_item=tuple(wanted.looked.per_item.tolist()),
        accuracy=tuple(accuracy.tolist()),
        accuracy_low=tuple(np.clip(accuracy - width, 0, 1).tolist()),
        accuracy_high=tuple(np.clip(accuracy + width, 0, 1).tolist()),
        items=items,
        gold=gold,
    )


def _first(per_item: Floats, excess: Floats) -> float:
    """The least place from which the excess is not below 0; nan where there is none."""
    reached = np.flatnonzero(excess >= 0)
    return float(per_item[reached[0]]) if len(reached) else float("nan")


def stop_of(looked: Looked, truth: Whole, target: float | None = None) -> float:
    """Where one could have stopped, the truth of all items being known: what `hindsight` estimates."""
    wanted = _Wanted(looked, target)
    right = (looked.answers == truth).mean(axis=(1, 2))
    return _first(wanted.per_item, wanted.less(wanted.along(right)))

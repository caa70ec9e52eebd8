"""A plan: how many judgements, annotators and gold items an accuracy takes, and what it costs, with intervals.

What is not known of the crowd is a set of crowds (`goldwork.quality.crowd`): one that was assumed, or draws from what a
pilot's judgements leave open. In every one of them a project of this size is simulated (`goldwork.quality.frontier`);
the plan is the median over them, its interval the middle 95 %. With J judgements on items,

    gold judgements = J g / (1 - g)
    annotators = max(most overlap, (J + gold judgements) / judgements a person)
    gold items = max(LEAST_GOLD, g * judgements that one person makes)
    money = price (J + gold judgements) + gold price * gold items

for g the share of all judgements that are on gold. Each gold item is shown to a person once, which is why more work for
each asks for more of it. Gold is written by two experts blind to each other.

An accuracy is infeasible where more than half of the crowds do not reach it at the most overlap.

    >>> crowd = assume(classes=2, accuracy=0.8, spread=0.1, difficulty=0.0)
    >>> [round(float(value), 2) for value in (crowd.skill[0], crowd.people[0])]
    [1.5, 0.65]
    >>> found = plan(crowd, Terms(items=2000, target=0.95, price=0.05))
    >>> found.feasible, found.per_item.value < 7 * found.judgements.value
    (True, True)
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from goldwork.errors import InputError
from goldwork.quality.crowd import Crowd
from goldwork.quality.frontier import Frontier, frontier, normal
from goldwork.quality.stopping import Overlap

DRAWS = 119
"""So many projects are simulated: between the third and the last but two there are 114 of 120 places for another."""
MOST_ITEMS = 1500
"""Of a larger project so many items are simulated."""
MOST_PEOPLE = 400
LEAST_GOLD = 20
EXPERT = 4.0
"""What a gold item costs where nothing is said, in prices of a judgement: two experts at twice the pay."""
DIFFICULTY = 0.8
"""How much items differ where nothing is said: that of snow_rte and bluebird, .7 and .9 (logits)."""
TEMPTED = 0.5
"""How often a wrong answer is the item's own tempting one where nothing is said; of face_sentiment .66, labelme .8."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """What is wanted, and at what price.

    - `target`: the share of items whose answer is to be right; `overlap`: judgements an item at least and at most
    - `price` of a judgement, in any currency, or `seconds` a judgement takes and the pay per `hourly` hour
    - `gold_share` of all judgements; `gold_price`: of writing one gold item; `per_annotator`: judgements of a person
    """

    items: int
    target: float
    overlap: Overlap = dataclasses.field(default_factory=lambda: Overlap(1, 7))
    price: float | None = None
    seconds: float | None = None
    hourly: float | None = None
    gold_share: float = 0.05
    gold_price: float | None = None
    per_annotator: int = 500

    def __post_init__(self) -> None:
        if self.items < 1 or self.per_annotator < 1:
            raise InputError("a plan needs at least one item, and one judgement a person.")
        if not 0 < self.target < 1:
            raise InputError(f"the target accuracy must be above 0 and below 1. Got {self.target}.")
        if not 0 <= self.gold_share < 1:
            raise InputError(f"the share of gold must be at least 0 and below 1. Got {self.gold_share}.")
        if self.overlap.maximum is None:
            raise InputError("a plan needs the most judgements that an item may get.")
        amounts = (self.price, self.seconds, self.hourly, self.gold_price)
        if any(amount is not None and not 0 <= amount < math.inf for amount in amounts):
            raise InputError("prices and seconds must be 0 or more.")
        if self.price is not None and self.hourly is not None:
            raise InputError("give a price of a judgement or of an hour, not both.")
        if self.hourly is not None and self.seconds is None:
            raise InputError("pay by the hour needs the seconds that a judgement takes.")

    @property
    def piece(self) -> float | None:
        """The price of one judgement, where there is one."""
        if self.hourly is not None and self.seconds is not None:
            return self.hourly * self.seconds / 3600
        return self.price


@dataclasses.dataclass(frozen=True)
class Range:
    """The median over simulated projects and their middle 95 %; infinite where an end is not reached."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """What it takes. The figures are infinite where the target is not reached.

    - `judgements` are all, with `gold_judgements`; `per_item` counts those on items
    - `fixed`: the least fixed overlap that reaches the target in half of the crowds, or None
    - `reached`: the share of crowds that reach the target; `best`: the accuracy at the most overlap
    - `accuracy` by fixed overlap
    """

    terms: Terms
    feasible: bool
    reached: float
    best: Range
    per_item: Range
    judgements: Range
    gold_judgements: Range
    gold_items: Range
    annotators: Range
    money: Range | None
    hours: Range | None
    fixed: int | None
    accuracy: dict[int, Range]


def assume(
    classes: int, accuracy: float, spread: float = 0.1, difficulty: float = DIFFICULTY, tempted: float = TEMPTED
) -> Crowd:
    """The crowd whose people are right with `accuracy` on average, and with the deviation `spread` among them.

    Both are over items, which differ by `difficulty` logits. Raises InputError for what no crowd can be.
    """
    if classes < 2:
        raise InputError(f"there must be two classes or more. Got {classes}.")
    if not 1 / classes < accuracy < 1:
        raise InputError(f"the accuracy must lie between chance, {1 / classes:.2f}, and 1. Got {accuracy}.")
    if not 0 <= spread < math.sqrt(accuracy * (1 - accuracy)) * 0.9:
        raise InputError(f"people with a mean accuracy of {accuracy} cannot differ by {spread}: give a smaller spread.")
    if difficulty < 0 or not 0 <= tempted <= 1:
        raise InputError("the difficulty must be 0 or more, and the share of errors in common 0 to 1.")
    low, high = 0.0, 12.0
    for _ in range(30):
        people = (low + high) / 2
        skill = _skill(accuracy, people, difficulty)
        low, high = (low, people) if _spread(skill, people, difficulty) > spread else (people, high)
    one = np.array([_skill(accuracy, people, difficulty)])
    return Crowd(classes, one, np.array([people]), np.array([difficulty]), np.array([tempted]))


def _mean(skill: float, people: float, difficulty: float) -> tuple[float, float]:
    """The mean over people and items of being right, and the mean square over people of their own means."""
    x, weight = normal()
    mine = (1 / (1 + np.exp(-(skill + people * x[:, None] + difficulty * x[None, :])))) @ weight
    return float(weight @ mine), float(weight @ mine**2)


def _skill(accuracy: float, people: float, difficulty: float) -> float:
    low, high = -30.0, 30.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _mean(middle, people, difficulty)[0] > accuracy else (middle, high)
    return (low + high) / 2


def _spread(skill: float, people: float, difficulty: float) -> float:
    mean, square = _mean(skill, people, difficulty)
    return math.sqrt(max(square - mean * mean, 0.0))


def plan(crowd: Crowd, terms: Terms, *, seed: int = 0, draws: int = DRAWS) -> Plan:
    """Simulate `draws` projects of this crowd, or of crowds that it may be, and say what they take."""
    most = terms.overlap.maximum or 1
    people = max(most, min(MOST_PEOPLE, math.ceil(terms.items * most / terms.per_annotator)))
    per_person = max(1, min(terms.per_annotator, terms.items))
    size = min(terms.items, MOST_ITEMS)
    places = np.arange(draws) % len(crowd)
    made = [
        frontier(crowd, int(place), terms.overlap, size, people, per_person, seed + turn, terms.gold_share)
        for turn, place in enumerate(places)
    ]
    return _plan(terms, made)


def _plan(terms: Terms, made: list[Frontier]) -> Plan:
    per_item = np.array([one.cost_of(terms.target) for one in made])
    rows = [_bill(terms, cost) for cost in per_item.tolist()]
    judgements, gold, items, people = (_range([row[place] for row in rows]) for place in range(4))
    piece, seconds = terms.piece, terms.seconds
    gold_price = terms.gold_price if terms.gold_price is not None else EXPERT * (piece or 0.0)
    money = None if piece is None else _range([row[0] * piece + row[2] * gold_price for row in rows])
    reached = float(np.isfinite(per_item).mean())
    overlaps = made[0].fixed
    accuracy = {n: _range([one.fixed[n] for one in made]) for n in overlaps}
    return Plan(
        terms=terms,
        feasible=reached >= 0.5,
        reached=reached,
        best=_range([one.best for one in made]),
        per_item=_range(per_item.tolist()),
        judgements=judgements,
        gold_judgements=gold,
        gold_items=items,
        annotators=people,
        money=money,
        hours=None if seconds is None else _range([row[0] * seconds / 3600 for row in rows]),
        fixed=min((n for n, right in accuracy.items() if right.value >= terms.target), default=None),
        accuracy=accuracy,
    )


def _bill(terms: Terms, per_item: float) -> tuple[float, float, float, float]:
    """Judgements, those on gold, gold items and annotators, for this many judgements an item."""
    if math.isinf(per_item):
        return (math.inf,) * 4
    work = math.ceil(per_item * terms.items - 1e-9)
    gold = math.ceil(work * terms.gold_share / (1 - terms.gold_share) - 1e-9)
    most = terms.overlap.maximum or 1
    people = max(most, math.ceil((work + gold) / terms.per_annotator))
    each = min((work + gold) / most, terms.per_annotator)
    gold_items = max(LEAST_GOLD, math.ceil(terms.gold_share * each - 1e-9)) if terms.gold_share else 0
    return float(work + gold), float(gold), float(gold_items), float(people)


def _range(values: list[float]) -> Range:
    """The middle one, and those between which a further one lies 19 times in 20: values that were seen."""
    ordered = sorted(values)
    out = max(math.floor(0.025 * (len(ordered) + 1)) - 1, 0)
    return Range(ordered[(len(ordered) - 1) // 2], ordered[out], ordered[-1 - out])

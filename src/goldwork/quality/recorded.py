"""Replaying recorded judgements as if they were being made: what would have been asked for, and what it would cost.

Every item's judgements are a pool in an order drawn by lot. Some items, a simple random sample, become gold: their
answer is given to the engine, `gold_overlap` of their judgements are made and paid for, and nothing is reported on
them. The others begin with the least overlap; then the least sure item is asked for again and again, until the accuracy
expected over all of them is the target (`goldwork.quality.stopping`). Whenever judgements have grown by a tenth of
the items, everything is inferred and calibrated anew. The truth of the items that are reported on is read after the
last judgement.

Without a target it is what five votes' majority reaches on the gold items.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.quality.deciding import Project
from goldwork.quality.posterior import Given
from goldwork.quality.stopping import Overlap, Queue

LEAST_GOLD = 20
"""Fewer gold items leave nearly all to the priors."""
VOTES = 5
"""So many votes' majority is the target where none is given."""
SWEEP = 0.1
"""How many judgements, as a share of items, are made between two inferences over everything."""
LEAST_SWEEP = 25
"""At least so many."""


@dataclasses.dataclass(frozen=True)
class Pools:
    """Recorded judgements of choices: by item, with the code of the true class. `left_out`: items without a truth."""

    given: Sequence[Sequence[Given]]
    truth: Sequence[int]
    annotators: int
    classes: int
    left_out: int = 0


@dataclasses.dataclass(frozen=True)
class Rules:
    """How a replay decides.

    - `target`: the accuracy wanted on average, or None for that of five votes' majority, as gold tells it
    - `gold_share`: how many items are gold, at least `LEAST_GOLD`; `gold_overlap`: how often each is judged
    """

    overlap: Overlap = dataclasses.field(default_factory=Overlap)
    target: float | None = None
    gold_share: float = 0.06
    gold_overlap: int = VOTES

    def __post_init__(self) -> None:
        if self.target is not None and not 0 < self.target < 1:
            raise InputError(f"the target accuracy must be above 0 and below 1. Got {self.target}.")
        if not 0 < self.gold_share < 1:
            raise InputError(f"the share of gold must be above 0 and below 1. Got {self.gold_share}.")
        least = VOTES if self.target is None else 1
        if self.gold_overlap < least:
            without = " without a target accuracy" if self.target is None else ""
            raise InputError(f"gold must be judged {least} times or more{without}. Got {self.gold_overlap}.")


@dataclasses.dataclass(frozen=True)
class Replayed:
    """What one replay found, on the items that were not gold.

    `judgements_per_item` has the judgements of gold in it, `gold_share` is their share. `sure`, `right` [items]:
    the calibrated confidences and whether the answers are right. `majority`: (accuracy, judgements per item) of fixed
    majority by number of votes, 0 for all; ties count by the chance of being right.
    """

    target: float
    judgements_per_item: float
    accuracy: float
    expected_accuracy: float
    gold_share: float
    gold_items: int
    threshold: float
    majority: Mapping[int, tuple[float, float]]
    sure: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]


def pools(table: Judgements, truth: Mapping[Any, Any]) -> Pools:
    """The recorded judgements of the items with a known truth. Raises InputError for numbers or lists as labels."""
    table = table.humans().counted()
    codes, values = table.coded()
    if table.value.dtype == object and table.categories is None:
        raise InputError("a replay takes choices: labels that are classes. These are lists or objects.")
    classes = {value: code for code, value in enumerate(values.tolist())}
    for answer in truth.values():
        classes.setdefault(answer, len(classes))
    given: dict[Any, list[Given]] = {item: [] for item in table.items.tolist() if item in truth}
    names = table.items.tolist()
    rows = zip(table.item.tolist(), table.annotator.tolist(), codes.tolist(), table.weights().tolist(), strict=True)
    for item, annotator, code, weight in rows:
        if names[item] in given:
            given[names[item]].append(Given(annotator, code, float(weight)))
    right = [classes[truth[item]] for item in given]
    return Pools(
        list(given.values()), right, len(table.annotators), max(len(classes), 2), len(table.items) - len(given)
    )


def draw(recorded: Pools, rules: Rules, seed: int) -> tuple[list[list[Given]], dict[int, int]]:
    """The items' pools in the order of this seed, and which items are gold. Raises InputError for too few items."""
    random = Random(seed)
    order = [random.sample(given, len(given)) for given in recorded.given]
    number = max(LEAST_GOLD, round(rules.gold_share * len(order)))
    if number >= len(order):
        raise InputError(
            f"a replay needs more items with a truth than the {number} that become gold. Got {len(order)}."
        )
    return order, {item: recorded.truth[item] for item in sorted(random.sample(range(len(order)), number))}


def replay(recorded: Pools, rules: Rules, seed: int = 0) -> Replayed:
    """Replay once. Raises InputError for too few items."""
    order, gold = draw(recorded, rules, seed)
    work = [item for item in range(len(order)) if item not in gold]
    project = Project(recorded.classes, recorded.annotators, len(order), gold, seed, alone=rules.overlap.minimum == 1)
    wanted = {item: rules.gold_overlap if item in gold else rules.overlap.minimum for item in range(len(order))}
    first = [item for item, votes in wanted.items() for _ in order[item][:votes]]
    Random(seed + 1).shuffle(first)
    for item in first:
        project.take(item, order[item][len(project.given[item])])
    target = rules.target
    if target is None:
        target = float(np.mean([voted(order[item][:VOTES], known) for item, known in gold.items()]))
    queue = _ask(project, order, work, rules.overlap, target)
    asked = sum(map(len, project.given))
    right = np.array([project.answer(item) == recorded.truth[item] for item in work])
    return Replayed(
        target=target,
        judgements_per_item=asked / len(work),
        accuracy=float(right.mean()),
        expected_accuracy=queue.expected,
        gold_share=sum(len(project.given[item]) for item in gold) / asked,
        gold_items=len(gold),
        threshold=queue.threshold,
        majority=dict(_majorities(order, work, recorded.truth)),
        sure=np.array([max(project.probabilities(item)) for item in work]),
        right=right,
    )


def _ask(
    project: Project, order: Sequence[Sequence[Given]], work: Sequence[int], overlap: Overlap, target: float
) -> Queue:
    """Ask for judgements until the target is reached right after an inference over everything."""

    def put(item: int) -> None:
        number = len(project.given[item])
        queue.put(item, number, max(project.probabilities(item)), more=number < len(order[item]))

    while True:
        project.synchronise()
        queue = Queue(overlap, target)
        for item in work:
            put(item)
        if queue.reached():
            return queue
        for _ in range(max(LEAST_SWEEP, int(SWEEP * len(work)))):
            if queue.reached() or (chosen := queue.take()) is None:
                break
            project.take(chosen, order[chosen][len(project.given[chosen])])
            put(chosen)
        else:
            continue
        if not queue.reached():  # nobody is left to ask: the figures are what they are
            project.synchronise()
            return queue


def _majorities(
    order: Sequence[Sequence[Given]], work: Sequence[int], truth: Sequence[int]
) -> Iterator[tuple[int, tuple[float, float]]]:
    for votes in (3, VOTES, 0):
        taken = [order[item][: votes or None] for item in work]
        right = [voted(given, truth[item]) for given, item in zip(taken, work, strict=True)]
        yield votes, (float(np.mean(right)), float(np.mean([len(given) for given in taken])))


def voted(given: Sequence[Given], truth: int) -> float:
    """The chance that the majority of these judgements is right, ties broken by lot; 0 without any."""
    votes: dict[int, float] = {}
    for _, answer, weight in given:
        votes[answer] = votes.get(answer, 0.0) + weight
    top = max(votes.values(), default=0.0)
    return (votes.get(truth) == top) / list(votes.values()).count(top) if votes else 0.0

"""Replaying recorded judgements under a fixed budget: what a strategy makes of it.

People come in an order drawn by lot, each as often as they judged, whatever the strategy. Who comes is given one of
the items that they judged in the record and have not been given yet, by the strategy; their recorded answer is the
judgement. When the budget is spent, everything is inferred once more. Some items, a simple random sample, are gold as
in `goldwork.quality.recorded`: judged beforehand, and nothing is reported on them. The truth of the others is read
last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from random import Random

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.quality.deciding import Project
from goldwork.quality.posterior import Given
from goldwork.quality.recorded import LEAST_SWEEP, Pools, Rules, draw
from goldwork.quality.strategies import Candidates, order

SWEEP = 0.25
"""How many judgements, as a share of items, are made between two inferences over everything."""

Chooser = Callable[[Candidates, int], int]
"""The row of the item to be given."""


@dataclasses.dataclass(frozen=True)
class Allocated:
    """What a budget bought, on the items that were not gold.

    - `accuracy`: the share of items whose answer is right; `balanced`: its mean over classes
    - `judgements` [items]: how many each has
    - `evenness`: the share of judgements on items of the class that has fewest, times the number of classes: 1 is even
    """

    accuracy: float
    balanced: float
    judgements: npt.NDArray[np.int64]
    evenness: float


def chooser(name: str) -> Chooser:
    """The first item by the strategy called `name`; "" for any by lot."""
    if not name:
        return lambda candidates, seed: int(Random(seed).randrange(len(candidates)))
    return lambda candidates, seed: int(order(name, candidates, seed)[0])


def allocate(recorded: Pools, choose: Chooser, per_item: float, seed: int = 0) -> Allocated:
    """Spend `per_item` judgements an item, gold apart. Raises InputError where the record has fewer."""
    pool, gold = draw(recorded, Rules(), seed)
    work = np.array([item for item in range(len(pool)) if item not in gold])
    budget = round(per_item * len(work))
    if not 0 < budget <= sum(len(pool[item]) for item in work):
        raise InputError(f"the record has not the {per_item:g} judgements an item that are to be spent.")
    project = Project(recorded.classes, recorded.annotators, len(pool), gold, seed)
    for item in gold:
        for one in pool[item][: Rules().gold_overlap]:
            project.take(item, one)
    project.synchronise()
    desk = _Desk(project, pool, work)
    arrivals = [one.annotator for item in work for one in pool[item]]
    Random(seed + 1).shuffle(arrivals)
    sweep = max(LEAST_SWEEP, int(SWEEP * len(work)))
    for turn, who in enumerate(arrivals[:budget]):
        if turn and turn % sweep == 0:
            project.synchronise()
            desk.refresh()
        desk.give(who, choose, seed + turn)
    project.synchronise()
    truth = np.array(recorded.truth)[work]
    right = np.array([project.answer(item) for item in work.tolist()]) == truth
    judgements = np.array([len(project.given[item]) for item in work.tolist()])
    there = np.unique(truth)
    collected = np.array([judgements[truth == k].sum() for k in there])
    return Allocated(
        accuracy=float(right.mean()),
        balanced=float(np.mean([right[truth == k].mean() for k in there])),
        judgements=judgements,
        evenness=float(collected.min() / collected.sum() * len(there)),
    )


class _Desk:
    """Who may still be given what, and what is known of it."""

    def __init__(self, project: Project, pool: list[list[Given]], work: npt.NDArray[np.int64]) -> None:
        self._project = project
        self._work = work
        self._open: dict[int, dict[int, Given]] = {}
        self._wanted = np.array([len(given) for given in pool])
        self._judgements = np.zeros(len(pool), np.int64)
        self._shares = np.zeros((len(pool), project.classes))
        for item in work.tolist():
            for one in pool[item]:
                self._open.setdefault(one.annotator, {})[item] = one
        self.refresh()

    def refresh(self) -> None:
        """Everything was inferred anew."""
        for item in self._work.tolist():
            self._shares[item] = self._project.probabilities(item)
        self._crowd = self._project.accuracies(None)
        self._collected = self._judgements @ self._shares

    def give(self, who: int, choose: Chooser, seed: int) -> None:
        """One item to `who`, who answers as recorded."""
        mine = np.array(list(self._open[who]))
        candidates = Candidates.of(
            self._shares[mine],
            self._judgements[mine],
            wanted=self._wanted[mine],
            lot=mine,
            accuracy=self._project.accuracies(who),
            crowd=self._crowd,
            correlation=self._project.calibration.correlation,
            collected=self._collected,
        )
        item = int(mine[choose(candidates, seed)])
        before = self._judgements[item] * self._shares[item]
        self._project.take(item, self._open[who].pop(item))
        self._judgements[item] += 1
        self._shares[item] = self._project.probabilities(item)
        self._collected += self._judgements[item] * self._shares[item] - before

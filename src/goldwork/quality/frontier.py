"""What a crowd reaches at what cost: one project simulated, and all ways of stopping in it.

A crowd (`goldwork.quality.crowd`) is drawn, with its people, its items, and answers of different people to each item.
An answer of person j counts log(p (K - 1) / (1 - p)), with p how often j is right as far as the engine can know it:
from as many answers as j gives, shrunken to the crowd's mean as in `goldwork.quality.skill`. A share g of them are on
gold; the others are held against what n people on an item find together, which is right with the majority's accuracy c,
and so tell as much as ((c - 1 / K) / (1 - 1 / K))^2 as many, and nothing where n is 1. The sum for a class, over
T(n) = 1 + (n - 1) r, is the logarithm of its probability; r is the one of `ALIKE` under which the truth is most
probable, as gold would tell it.

**Fixed**: every item gets n answers. **Adaptive**: an item stops once its most probable class has h, at the least
overlap at the earliest and at the most at the latest. Every h gives a cost and an accuracy; between two of them one may
stop some items by the one and some by the other, so the least cost of an accuracy lies on the upper hull of the points.
It cannot fall when the accuracy wanted rises.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from goldwork.quality.crowd import Crowd
from goldwork.quality.resync import Floats
from goldwork.quality.skill import OWN
from goldwork.quality.stopping import Overlap

ALIKE = (0.0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
THRESHOLDS = 60
"""So many confidences are tried."""


@dataclasses.dataclass(frozen=True, eq=False)
class Frontier:
    """Costs (judgements an item) with the best accuracy each reaches, both rising; `fixed`: accuracy by overlap."""

    cost: Floats
    accuracy: Floats
    fixed: dict[int, float]

    @property
    def best(self) -> float:
        """The accuracy that is not exceeded at any cost."""
        return float(self.accuracy[-1])

    def cost_of(self, target: float) -> float:
        """The least judgements an item for this accuracy; infinite where it is not reached."""
        if target > self.best:
            return float("inf")
        return float(np.interp(target, self.accuracy, self.cost))

    def fixed_for(self, target: float) -> int | None:
        """The least fixed overlap that reaches it, if any does."""
        return min((n for n, right in self.fixed.items() if right >= target), default=None)


def frontier(
    crowd: Crowd,
    place: int,
    overlap: Overlap,
    items: int,
    people: int,
    per_person: int,
    seed: int,
    gold_share: float = 0.0,
) -> Frontier:
    """Simulate the project of the crowd's draw at `place`. `overlap` needs a maximum, at most `people`."""
    random = np.random.default_rng([seed, place])
    most = overlap.maximum or people
    probabilities, truth = _paths(crowd, place, items, people, per_person, gold_share, most, random)
    right = probabilities.argmax(axis=2) == truth[:, None]
    sure = probabilities.max(axis=2)
    fixed = {n: float(right[:, n - 1].mean()) for n in range(overlap.minimum, most + 1)}
    cost, accuracy = _stopped(sure[:, overlap.minimum - 1 :], right[:, overlap.minimum - 1 :], overlap.minimum)
    every = np.r_[cost, list(fixed)], np.r_[accuracy, list(fixed.values())]
    return Frontier(*_hull(*every), fixed)


def _paths(
    crowd: Crowd,
    place: int,
    items: int,
    people: int,
    per_person: int,
    gold_share: float,
    most: int,
    random: np.random.Generator,
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Every item's probabilities after 1, 2, ... answers, [items, most, K], and its class."""
    k = crowd.classes
    skills = crowd.people_of(place, people, random)
    common = crowd.frequencies(place)
    truth = np.searchsorted(np.cumsum(common), (np.arange(items) + 0.5) / items).clip(max=k - 1)
    hardness = crowd.items[place] * random.normal(size=items) + crowd.leans(place)[truth]
    errors = np.cumsum(crowd.errors(place), axis=1)[truth]
    tempting = (errors < random.random((items, 1))).sum(axis=1).clip(max=k - 1)
    who = np.argpartition(random.random((items, people)), most - 1, axis=1)[:, :most]
    right = random.random((items, most)) < 1 / (1 + np.exp(-(skills[who] + hardness[:, None])))
    other = (errors[:, None, :] < random.random((items, most, 1))).sum(axis=2).clip(max=k - 1)
    lured = random.random(right.shape) < crowd.tempted[place]
    answer = np.where(right, truth[:, None], np.where(lured, tempting[:, None], other))
    mean = _marginal(skills, crowd.items[place], crowd.leans(place), common)
    votes, lots = np.eye(k)[answer], 1e-9 * random.random((items, 1, k))  # ties are broken by lot
    together = (np.cumsum(votes, axis=1) + lots).argmax(axis=2) == truth[:, None]
    logs = np.empty(votes.shape)
    for n, right_together in enumerate(together.mean(axis=0).tolist(), 1):
        told = (max(right_together - 1 / k, 0) / (1 - 1 / k)) ** 2 if n > 1 else 0.0
        answers = round(per_person * (gold_share + (1 - gold_share) * told))
        known = np.clip((random.binomial(answers, mean) + OWN * mean.mean()) / (answers + OWN), 1e-3, 1 - 1e-3)
        said = np.log(known * (k - 1) / (1 - known))
        logs[:, n - 1] = (votes[:, :n] * said[who[:, :n], None]).sum(axis=1)
    return _tempered(logs + lots, truth), truth


def _marginal(skills: Floats, spread: float, leans: Floats, common: Floats) -> Floats:
    """How often people of these skills are right, over items of all classes."""
    x, weight = normal()
    logits = skills[:, None, None] + leans[:, None] + spread * x
    return np.asarray(common @ ((1 / (1 + np.exp(-logits))) @ weight).T)


@functools.cache
def normal() -> tuple[Floats, Floats]:
    """Places and weights by which a function's mean under N(0, 1) is summed (Gauss and Hermite)."""
    x, weight = np.polynomial.hermite_e.hermegauss(31)
    return x, weight / weight.sum()


def _tempered(logs: Floats, truth: npt.NDArray[np.int64]) -> Floats:
    """The probabilities under the r that makes the truth most probable."""
    items, most, _ = logs.shape
    best, found = -np.inf, logs
    logs = logs - logs.max(axis=2, keepdims=True)
    for alike in ALIKE:
        shares = np.exp(logs / (1 + np.arange(most) * alike)[None, :, None])
        shares /= shares.sum(axis=2, keepdims=True)
        told = float(np.log(np.maximum(shares[np.arange(items), :, truth], 1e-12)).sum())
        if told > best:
            best, found = told, shares
    return found


def _stopped(sure: Floats, right: npt.NDArray[np.bool_], minimum: int) -> tuple[Floats, Floats]:
    """(cost, accuracy) of every threshold, from the least overlap for all to the most for all."""
    levels = np.unique(np.quantile(sure, np.linspace(0, 1, THRESHOLDS)))
    cost, accuracy = [], []
    for level in [*levels.tolist(), 2.0]:
        enough = sure >= level
        enough[:, -1] = True
        stop = enough.argmax(axis=1)
        cost.append(minimum + stop.mean())
        accuracy.append(right[np.arange(len(right)), stop].mean())
    return np.array(cost), np.array(accuracy)


def _hull(cost: Floats, accuracy: Floats) -> tuple[Floats, Floats]:
    """The upper hull of the points up to the best one, both coordinates rising."""
    kept: list[tuple[float, float]] = []
    for place in np.lexsort((-accuracy, cost)).tolist():
        point = (float(cost[place]), float(accuracy[place]))
        if kept and point[1] <= kept[-1][1]:
            continue
        while len(kept) > 1 and _slope(kept[-2], kept[-1]) <= _slope(kept[-2], point):
            kept.pop()
        kept.append(point)
    return np.array([point[0] for point in kept]), np.array([point[1] for point in kept])


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / max(other[0] - one[0], 1e-12)

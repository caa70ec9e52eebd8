"""What the methods for sets share: which classes a judgement chose, and which set follows from classes' probabilities.

A judgement is a list of class names; order and repetition in it mean nothing, and an empty list says that no class
holds. Classes are those that somebody chose or that gold names, in order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import TIE, Consensus
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.judgements.columns import arrange, factorise, objects

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAX_CELLS = 250_000_000
"""Items times classes: 2 GB of probabilities."""


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The judgements as choices of K classes.

    - `classes`: [K]; `row` and `class_`: int [c], the judgement and the class of every single choice
    - `gold`: bool [I, K], the classes that hold on items with gold; `known`: bool [I]
    - `fixed`: bool [I, K], what is certain: items with gold, and classes that nobody chose, which stay out of others
    """

    table: Judgements
    classes: npt.NDArray[Any]
    row: npt.NDArray[np.int64]
    class_: Codes
    gold: Flags
    known: Flags
    fixed: Flags

    def shares(self) -> Floats:
        """The share of each item's judgements that chose each class, by weight; gold is certain. [I, K]."""
        table = self.table
        weights = table.weights()
        votes = self.sums(table.item[self.row], weights[self.row], len(table.items))
        votes /= np.bincount(table.item, weights, len(table.items))[:, None]
        return self.clamp(votes)

    def sums(self, by: npt.NDArray[np.int32], values: Floats, size: int) -> Floats:
        """The sum of values [c] of single choices by a code [c] and by class, [size, K]."""
        k = len(self.classes)
        cell = by.astype(np.int64) * k + self.class_
        return np.asarray(np.bincount(cell, values, size * k), np.float64).reshape((size, k))

    def clamp(self, probabilities: Floats) -> Floats:
        """The probabilities, with what is certain."""
        return np.where(self.fixed, self.gold, probabilities)


def choices(table: Judgements, gold: npt.NDArray[Any]) -> Chosen:
    """Read judgements and gold. Raises InputError naming the first value that is no list of classes."""
    codes, distinct = table.coded()
    told = np.flatnonzero([value is not None for value in gold.tolist()])
    sets = [_names(value, "label") for value in distinct.tolist()]
    golden = [_names(value, "gold") for value in gold[told].tolist()]
    every = factorise(objects([name for names in (*sets, *golden) for name in names]))
    classes, place = arrange(every) if len(every) else (objects([]), np.zeros(0, np.int32))
    if len(table.items) * len(classes) > MAX_CELLS:
        raise InputError(f"{len(table.items):,} items with {len(classes):,} classes are too many for one table.")
    sizes = np.array([len(names) for names in sets], np.int64)
    ends = np.cumsum(sizes)
    count = sizes[codes] if len(codes) else np.zeros(0, np.int64)
    row = np.repeat(np.arange(len(table)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    begins = (ends - sizes)[codes[row]] if len(row) else np.zeros(0, np.int64)
    flags = np.zeros((len(table.items), len(classes)), bool)
    spread = np.repeat(told, [len(names) for names in golden])
    flags[spread, place[int(sizes.sum()) :]] = True
    known = np.zeros(len(table.items), bool)
    known[told] = True
    class_ = place[begins + within].astype(np.int32)
    fixed = known[:, None] | (np.bincount(class_, minlength=len(classes)) == 0)
    return Chosen(table, classes, row, class_, flags, known, fixed)


def _names(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise InputError(f"{what} {value!r} is no list of classes, and this needs lists such as ['cat', 'dog'].")
    for name in value:
        if not isinstance(name, str | int | float):
            raise InputError(f"{what} {value!r} holds {name!r}, which is no class: a class is text or a number.")
    return list(dict.fromkeys(value))


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which sets may be answers: those of `least` to `most` classes, and each class of `exclusive` alone."""

    exclusive: Sequence[Any]
    least: int
    most: int | None

    def check(self) -> None:
        """Raises InputError where no set could be an answer."""
        if self.least < 0:
            raise InputError(f"least must be 0 or more. Got {self.least!r}.")
        if self.most is not None and self.most < max(self.least, 1):
            raise InputError(f"most must be at least 1, and no less than least. Got {self.most!r}.")
        if isinstance(self.exclusive, str):
            raise InputError(f"exclusive must be a list: [{self.exclusive!r}]. Got {self.exclusive!r}.")

    def decide(self, classes: npt.NDArray[Any], probabilities: Floats) -> Flags:
        """The most probable set that may be one, classes being taken as independent, [I, K].

        A set's log probability is, but for a constant, the sum of its classes' log odds. A class of exactly one half
        is in; where the limits choose among equals, the earlier class is.
        """
        alone = np.isin(np.arange(len(classes)), [place for place, c in enumerate(classes) if c in self.exclusive])
        odds = _log_odds(probabilities)
        ranked = np.where(alone, -np.inf, odds)
        order = np.argsort(-ranked, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(len(classes))[None, :], axis=1)
        chosen = (probabilities >= 0.5 - TIE) | (rank < self.least)
        chosen &= ~alone & (rank < (len(classes) if self.most is None else self.most))
        if alone.any() and self.least <= 1:
            best = np.where(alone, odds, -np.inf)
            wins = best.max(axis=1) > np.where(chosen, odds, 0).sum(axis=1)
            wins |= (best.max(axis=1) >= -TIE) & ~chosen.any(axis=1)
            chosen[wins] = np.arange(len(classes)) == best[wins].argmax(axis=1)[:, None]
        return chosen


def answer(
    name: str, chosen: Chosen, probabilities: Floats, limits: Limits, confidence: Floats | None, **more: Any
) -> Consensus:
    """The consensus that follows from the classes' probabilities [I, K].

    Without `confidence` it is the probability of the whole set, classes being taken as independent.
    """
    held = limits.decide(chosen.classes, probabilities)
    held[chosen.known] = chosen.gold[chosen.known]
    if confidence is None:
        confidence = np.where(held, probabilities, 1 - probabilities).prod(axis=1)
    ties = (np.abs(probabilities - 0.5) <= TIE).any(axis=1)
    labels = [[chosen.classes[k] for k in np.flatnonzero(row)] for row in held]
    return Consensus.of_answers(
        name,
        chosen.table,
        objects(labels),
        np.where(chosen.known, 1.0, confidence),
        chosen.known,
        ties=ties & ~chosen.known,
        categories=chosen.classes,
        probabilities=probabilities,
        **more,
    )


def _log_odds(probabilities: Floats) -> Floats:
    inside = probabilities.clip(1e-12, 1 - 1e-12)
    return np.asarray(np.log(inside / (1 - inside)))

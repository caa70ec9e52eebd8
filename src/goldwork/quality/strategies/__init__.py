"""Strategies: which of the open items the person who asks is given next.

A strategy looks at what is known of the open items and of the person, and gives every item a priority: **the smaller
the sooner**, as everywhere in goldwork. Equal priorities are equal: between them the lot decides (`order`), anew for
every seed. A strategy may only prefer; who may judge what, and when an item has enough, is decided elsewhere.

    >>> open_items = Candidates.of([[0.5, 0.5], [0.9, 0.1], [0.6, 0.4]], judgements=[1, 0, 1])
    >>> int(order("coverage", open_items, seed=0)[0])
    1
    >>> order("uncertainty", open_items, seed=0).tolist()
    [0, 2, 1]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.registry import Registry

__all__ = ["DEFAULT", "Candidates", "aim", "by_lot", "needs_model", "order", "strategy"]

Floats = npt.NDArray[np.float64]

DEFAULT = "coverage"
"""What a project has that chose none."""
ASSUMED = 0.8
"""How often people are right where nothing is known of them."""
CORRELATION = 0.22
"""How alike people err where gold has not told (`goldwork.quality.calibrating`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidates:
    """What is known of n open items with K classes, and of the person who asks. A row is an item; rows have no order.

    - `probabilities` [n, K]: of every class, calibrated; `judgements` [n]: how many there are; `wanted` [n]: how many
      the item is to have
    - `lot` [n]: a number drawn when the item came, which decides between equals
    - `age` [n]: seconds since the item's batch was published; `cost` [n]: of one more judgement, above 0, in any unit
    - `accuracy` [K]: how often the person is right, by class; `crowd` [K]: the same of a typical person
    - `correlation`: how alike people err on an item (`goldwork.quality.posterior`)
    - `collected` [K]: judgements made in the whole project, by the probable class of their items
    - `groups` [n, G]: judgements by group of annotators, where these have groups; `group`: the person's, if known
    - `predicted` [n, K]: what a model says that has not seen the item's judgements; the probabilities where none does
    """

    probabilities: Floats
    judgements: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.int64]
    lot: npt.NDArray[np.uint64]
    age: Floats
    cost: Floats
    accuracy: Floats
    crowd: Floats
    correlation: float
    collected: Floats
    groups: npt.NDArray[np.int64]
    group: int | None
    predicted: Floats

    @classmethod
    def of(cls, probabilities: Any, judgements: Any, **known: Any) -> Candidates:
        """Candidates of which the rest may be unknown: nobody's skill, no groups, equal costs, rows as lots.

        Raises InputError for columns of different lengths and costs that are not above 0.
        """
        shares = np.asarray(probabilities, np.float64)
        if shares.ndim != 2:
            raise InputError(f"probabilities must be a table, a row an item. Got {shares.ndim} dimensions.")
        n, k = shares.shape
        usual: dict[str, Any] = {
            "judgements": judgements,
            "wanted": np.full(n, np.iinfo(np.int64).max),
            "lot": np.arange(n),
            "age": np.zeros(n),
            "cost": np.ones(n),
            "accuracy": np.full(k, ASSUMED),
            "crowd": np.full(k, ASSUMED),
            "collected": np.zeros(k),
            "groups": np.zeros((n, 0)),
            "predicted": shares,
        } | known
        correlation, group = usual.pop("correlation", CORRELATION), usual.pop("group", None)
        columns = {name: np.asarray(value, _type(name)) for name, value in usual.items()}
        for name, column in columns.items():
            length = k if name in ("accuracy", "crowd", "collected") else n
            if len(column) != length:
                raise InputError(f"{name} must have {length} entries, as probabilities has. Got {len(column)}.")
        if not (columns["cost"] > 0).all():
            raise InputError("the cost of a judgement must be above 0.")
        return cls(shares, correlation=correlation, group=group, **columns)

    def __len__(self) -> int:
        return len(self.probabilities)

    def take(self, rows: Any) -> Candidates:
        """These rows alone, in this order."""
        by_row = ("probabilities", "judgements", "wanted", "lot", "age", "cost", "groups", "predicted")
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in by_row})


def _type(name: str) -> Any:
    whole = {"judgements": np.int64, "wanted": np.int64, "groups": np.int64, "lot": np.uint64}
    return whole.get(name, np.float64)


Strategy = Callable[[Candidates, int], npt.ArrayLike]
"""`(candidates, seed) -> priority` [n], the smaller the sooner. A pure function of what it is given."""

strategy: Registry[Strategy] = Registry("strategy", __name__)
"""`@strategy(name, aim="accuracy" | "balance", model=False)`; `model`: it reads what a model predicts."""


def aim(name: str) -> str:
    """What the strategy called `name` is for: accuracy at a given cost, or an even collection."""
    said: str = strategy.facts(name).get("aim", "accuracy")
    return said


def needs_model(name: str) -> bool:
    """Whether the strategy called `name` reads a model's predictions."""
    return bool(strategy.facts(name).get("model", False))


def order(name: str, candidates: Candidates, seed: int) -> npt.NDArray[np.int64]:
    """The rows of `candidates` in the order in which they are to be given, by the strategy called `name`.

    Raises UnknownNameError for a strategy that is not there, InputError for priorities that are not numbers.
    """
    priority = np.asarray(strategy.get(name)(candidates, seed), np.float64)
    if priority.shape != (len(candidates),) or np.isnan(priority).any():
        raise InputError(f"strategy {name!r} must give one number for each of {len(candidates)} items.")
    return np.lexsort((by_lot(candidates, seed), priority))


def by_lot(candidates: Candidates, seed: int) -> npt.NDArray[np.uint64]:
    """A number for every item that depends on its lot and the seed alone, evenly spread over 64 bits.

    *Source:* the finaliser of SplitMix64, Steele, Lea and Flood 2014, OOPSLA, 453-472.
    """
    mixed = candidates.lot + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))

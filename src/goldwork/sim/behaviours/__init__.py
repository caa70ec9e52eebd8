"""Behaviours: the ways in which simulated annotators answer choice questions, one file each.

A behaviour makes one person's `Character`: what they answer to what they see, and how fast. Two people of the same
behaviour differ as people do; what differs is drawn, so that one seed gives one crowd.

The behaviours follow the kinds of workers that Vuurens, de Vries and Eickhoff tell apart (2011, "How much spam can
you take?", SIGIR workshop on crowdsourcing for information retrieval): diligent, sloppy, random and uniform. The
shares and paces in each file are choices made for plausibility; they are no measurements.

    >>> import random
    >>> somebody = behaviour.get("expert")(3, random.Random(1), accuracy=0.96)
    >>> somebody.confusion.round(2).tolist()
    [[0.96, 0.02, 0.02], [0.02, 0.96, 0.02], [0.02, 0.02, 0.96]]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.registry import Registry

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Glance:
    """What one person sees, one time: `seen` is the class that the item looks like to them."""

    item: str
    seen: int
    repeat: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Character:
    """How one person answers.

    - `confusion`: [K, K], the probability of each answer (last axis) to an item that looks like each class
    - `pace`: their median time on an item over that of a typical person
    - `spread`: the standard deviation of the logarithm of their times
    """

    confusion: Floats
    pace: float = 1.0
    spread: float = 0.4

    @property
    def classes(self) -> int:
        return len(self.confusion)

    def row(self, glance: Glance) -> Floats:
        """[K]: the probability of each answer."""
        return np.asarray(self.confusion[glance.seen])


Behaviour = Callable[..., Character]
"""`(classes, draw, **options) -> Character`, with `draw` a `random.Random` for what differs between people."""

behaviour: Registry[Behaviour] = Registry("behaviour", __name__)


def one_coin(classes: int, accuracy: float) -> Floats:
    """[K, K]: the right answer with probability `accuracy`, every wrong one equally often.

    The one-coin special case of Dawid and Skene (1979, Applied Statistics 28, 20-28).
    """
    check_share("accuracy", accuracy)
    confusion = np.full((classes, classes), (1 - accuracy) / (classes - 1))
    np.fill_diagonal(confusion, accuracy)
    return confusion


def check_share(name: str, value: float) -> float:
    """`value`. Raises InputError where it is no share."""
    if not 0 <= value <= 1:
        raise InputError(f"{name} must be 0 to 1. Got {value!r}.")
    return value

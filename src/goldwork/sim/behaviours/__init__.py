"""Behaviours: the ways in which simulated annotators answer choice questions, one file each.

A behaviour makes one person's `Character`: what they answer to what they see, and how fast, at any moment of their
work. Two people of the same behaviour differ as people do; what differs is drawn, so that one seed gives one crowd.

The behaviours follow the kinds of workers that Vuurens, de Vries and Eickhoff tell apart (2011, "How much spam can
you take?", SIGIR workshop on crowdsourcing for information retrieval): diligent, sloppy, random and uniform; and what
changes over time or is shared between people. The shares and paces in each file are choices made for plausibility;
they are no measurements. `honest`, with which a behaviour is registered, says whether such people look at every item
and answer what they think.

    >>> import random
    >>> somebody = behaviour.get("expert")(3, random.Random(1), accuracy=0.96)
    >>> somebody.confusion.round(2).tolist()
    [[0.96, 0.02, 0.02], [0.02, 0.96, 0.02], [0.02, 0.02, 0.96]]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.registry import Registry

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Moment:
    """Where a person stands in their work when they meet an item.

    - `number`: judgements that they made before in the project; `place`: of these, since their last break
    - `shown`: the classes in the order in which they stand on the screen; (): as the question lists them
    - `taught`: how often somebody has explained to them what they got wrong
    """

    number: int = 0
    place: int = 0
    shown: tuple[int, ...] = ()
    taught: int = 0


START = Moment()


@dataclasses.dataclass(frozen=True, eq=False)
class Manner:
    """One way of answering.

    - `confusion`: [K, K], the probability of each answer (last axis) to an item that looks like each class
    - `pace`: the median time on an item over that of a typical person
    - `spread`: the standard deviation of the logarithm of the times
    - `share`: in how many of a person's judgements it is theirs; shares sum to 1
    - `ring`: people of one ring who answer in this manner give the same answer; "": everybody their own
    """

    confusion: Floats
    pace: float = 1.0
    spread: float = 0.4
    share: float = 1.0
    ring: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Character:
    """How one person answers.

    - `manners`: what their answers are mixed from at a moment
    - `other_norm`: they read items that a guideline leaves open in the way in which most do not
    """

    manners: Callable[[Moment], Sequence[Manner]]
    other_norm: bool = False

    def confusion_at(self, moment: Moment) -> Floats:
        """[K, K]: the probability of each answer (last axis) to an item that looks like each class."""
        return np.asarray(sum(manner.share * manner.confusion for manner in self.manners(moment)))

    @property
    def confusion(self) -> Floats:
        """The same at the beginning of their work."""
        return self.confusion_at(START)

    @property
    def classes(self) -> int:
        return len(self.manners(START)[0].confusion)


def steady(confusion: Floats, *, pace: float = 1.0, spread: float = 0.4, other_norm: bool = False) -> Character:
    """Somebody who has one manner, always."""
    return mixed(Manner(confusion, pace, spread), other_norm=other_norm)


def mixed(*manners: Manner, other_norm: bool = False) -> Character:
    """Somebody who has several manners, which do not change."""
    return Character(lambda _: manners, other_norm)


Behaviour = Callable[..., Character]
"""`(classes, draw, **options) -> Character`, with `draw` a `random.Random` for what differs between people."""

behaviour: Registry[Behaviour] = Registry("behaviour", __name__)
"""`@behaviour(name, honest=True | False)`."""


def one_coin(classes: int, accuracy: float) -> Floats:
    """[K, K]: the right answer with probability `accuracy`, every wrong one equally often.

    The one-coin special case of Dawid and Skene (1979, Applied Statistics 28, 20-28).
    """
    check_share("accuracy", accuracy)
    confusion = np.full((classes, classes), (1 - accuracy) / (classes - 1))
    np.fill_diagonal(confusion, accuracy)
    return confusion


def guesses(classes: int) -> Floats:
    """[K, K]: every class equally often, whatever is seen."""
    return np.full((classes, classes), 1 / classes)


def always(classes: int, answer: int) -> Floats:
    """[K, K]: one answer, whatever is seen."""
    confusion = np.zeros((classes, classes))
    confusion[:, check_favourite(answer, classes)] = 1.0
    return confusion


def check_share(name: str, value: float) -> float:
    """`value`. Raises InputError where it is no share."""
    if not 0 <= value <= 1:
        raise InputError(f"{name} must be 0 to 1. Got {value!r}.")
    return value


def check_favourite(value: int, classes: int) -> int:
    """`value`. Raises InputError where it is no class, or place of one."""
    if not 0 <= value < classes:
        raise InputError(f"favourite must be 0 to {classes - 1}. Got {value}.")
    return value

"""One simulated annotator and what they judge.

Seeing and answering are two steps. With probability `difficulty` an item is mistaken for one of its `alternatives`,
by whoever looks; then the person answers to what they saw, in one of their manners (`goldwork.sim.behaviours`), by its
confusion matrix. So at one moment

    P(answer l | person a, item i) = sum over s of  P(i looks like s) x confusion_a[s, l]

An item of difficulty 0 gives Dawid and Skene's model (1979, Applied Statistics 28, 20-28). With a difficulty, errors
fall on the same items and in the same direction for everybody, as they do among people; annotators are then no longer
independent given the truth, which is what most consensus methods assume. That items differ in difficulty is the
point of Whitehill et al. (2009, "Whose vote should count more", NeurIPS 22); the mixture here is a simpler form than
theirs, with the look-alikes named.

Times are log-normal: an item's typical seconds x the manner's pace x exp(spread x a normal deviate) (van der Linden
2006, Journal of Educational and Behavioral Statistics 31, 181-204).

Tiredness, learning and letting go come in through the moment, which says what the person did before. What is left out:
memory of earlier items, and hard items taking longer.

    >>> from goldwork.sim.crowd import make_annotator
    >>> ann = make_annotator("average", classes=3, name="simulated 1", seed=7)
    >>> ann.answer(Stimulus("item 5", truth=2)) == ann.answer(Stimulus("item 5", truth=2))
    True
"""

from __future__ import annotations

import dataclasses
import math
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import NormalDist

import numpy as np

from goldwork.errors import InputError
from goldwork.sim.behaviours import START, Character, Floats, Manner, Moment, check_share

_NORMAL = NormalDist()
LONGEST = 600.0
"""No simulated judgement takes longer, seconds."""


@dataclasses.dataclass(frozen=True)
class Stimulus:
    """An item as simulated people meet it.

    `truth` and the keys of `alternatives` (class: weight; none: all others alike) are positions in the question's
    classes, `difficulty` the probability of mistaking the item for an alternative, `seconds` the median time that a
    typical person takes. `other`: what the item is by the other reading of a guideline that leaves it open; None: it
    leaves nothing open.
    """

    item: str
    truth: int
    difficulty: float = 0.0
    alternatives: Mapping[int, float] = dataclasses.field(default_factory=dict)
    seconds: float = 2.0
    other: int | None = None

    def looks_like(self, classes: int, *, other_norm: bool = False) -> Floats:
        """[K]: the probability of each class to be what a person sees. Raises InputError where that is undefined.

        `other_norm`: to somebody with the other reading of the guideline.
        """
        check_share("difficulty", self.difficulty)
        plain = self.other if other_norm and self.other is not None else self.truth
        weights = np.zeros(classes)
        named = self.alternatives or {code: 1.0 for code in range(classes) if code != self.truth}
        for code, weight in {plain: 0.0, **named}.items():
            if not 0 <= code < classes or weight < 0:
                raise InputError(
                    f"class {code} with weight {weight} does not fit {classes} classes.", where=f"item {self.item}"
                )
            weights[code] = weight
        if not (total := weights.sum()):
            raise InputError("the alternatives have no weight.", where=f"item {self.item}")
        looks = self.difficulty * weights / total
        looks[plain] += 1 - self.difficulty
        return np.asarray(looks)


@dataclasses.dataclass(frozen=True)
class Answer:
    """A judgement: the position of the chosen class, and the seconds it took."""

    choice: int
    seconds: float


@dataclasses.dataclass(frozen=True, eq=False)
class Annotator:
    """A simulated person. `name` is a pseudonym that says so; `behaviour` is the registered name."""

    name: str
    behaviour: str
    character: Character
    seed: int = 0

    def probabilities(self, stimulus: Stimulus, moment: Moment = START) -> Floats:
        """[K]: the probability of each answer to the item."""
        return np.asarray(self._looks(stimulus) @ self.character.confusion_at(moment))

    def answer(self, stimulus: Stimulus, repeat: int = 0, moment: Moment = START) -> Answer:
        """Judge the item. The same seed, name, item, `repeat` and moment give the same answer."""
        draw = random.Random(f"{self.seed}/{self.name}/{stimulus.item}/{repeat}")
        sight, choice, time = draw.random(), draw.random(), draw.random()
        manner = _manner(self.character.manners(moment), draw.random())
        if manner.ring:
            shared = random.Random(f"{self.seed}/{manner.ring}/{stimulus.item}")
            sight, choice = shared.random(), shared.random()
        seen = _pick(self._looks(stimulus), sight)
        return Answer(_pick(manner.confusion[seen], choice), _seconds(stimulus.seconds, manner, time))

    def _looks(self, stimulus: Stimulus) -> Floats:
        return stimulus.looks_like(self.character.classes, other_norm=self.character.other_norm)


def _manner(manners: Sequence[Manner], uniform: float) -> Manner:
    if len(manners) == 1:
        return manners[0]
    return manners[_pick(np.array([manner.share for manner in manners]), uniform)]


def _seconds(typical: float, manner: Manner, uniform: float) -> float:
    deviate = _NORMAL.inv_cdf(min(max(uniform, 1e-9), 1 - 1e-9))
    return min(LONGEST, typical * manner.pace * math.exp(manner.spread * deviate))


def _pick(probabilities: Floats, uniform: float) -> int:
    """The class in whose part of [0, 1) `uniform` lies."""
    bounds: Sequence[float] = list(accumulate(probabilities.tolist()))
    return min(bisect_right(bounds, uniform * bounds[-1]), len(bounds) - 1)

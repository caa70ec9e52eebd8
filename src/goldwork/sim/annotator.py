"""One simulated annotator and what they judge.

Seeing and answering are two steps. With probability `difficulty` an item is mistaken for one of its `alternatives`,
by whoever looks; then the person answers to what they saw, by their own confusion matrix. So

    P(answer l | person a, item i) = sum over s of  P(i looks like s) x confusion_a[s, l]

An item of difficulty 0 gives Dawid and Skene's model (1979, Applied Statistics 28, 20-28). With a difficulty, errors
fall on the same items and in the same direction for everybody, as they do among people; annotators are then no longer
independent given the truth, which is what most consensus methods assume. That items differ in difficulty is the
point of Whitehill et al. (2009, "Whose vote should count more", NeurIPS 22); the mixture here is a simpler form than
theirs, with the look-alikes named.

Times are log-normal: an item's typical seconds x the person's pace x exp(spread x a normal deviate) (van der Linden
2006, Journal of Educational and Behavioral Statistics 31, 181-204).

What is left out: learning, tiredness, memory of earlier items, and people who talk to each other.

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
from goldwork.sim.behaviours import Character, Floats, Glance, check_share

_NORMAL = NormalDist()
LONGEST = 600.0
"""No simulated judgement takes longer, seconds."""


@dataclasses.dataclass(frozen=True)
class Stimulus:
    """An item as simulated people meet it.

    `truth` and the keys of `alternatives` (class: weight; none: all others alike) are positions in the question's
    classes, `difficulty` the probability of mistaking the item for an alternative, `seconds` the median time that a
    typical person takes.
    """

    item: str
    truth: int
    difficulty: float = 0.0
    alternatives: Mapping[int, float] = dataclasses.field(default_factory=dict)
    seconds: float = 2.0

    def looks_like(self, classes: int) -> Floats:
        """[K]: the probability of each class to be what a person sees. Raises InputError where that is undefined."""
        check_share("difficulty", self.difficulty)
        weights = np.zeros(classes)
        named = self.alternatives or {code: 1.0 for code in range(classes) if code != self.truth}
        for code, weight in {self.truth: 0.0, **named}.items():
            if not 0 <= code < classes or weight < 0:
                raise InputError(
                    f"class {code} with weight {weight} does not fit {classes} classes.", where=f"item {self.item}"
                )
            weights[code] = weight
        if not (total := weights.sum()):
            raise InputError("the alternatives have no weight.", where=f"item {self.item}")
        looks = self.difficulty * weights / total
        looks[self.truth] += 1 - self.difficulty
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

    def probabilities(self, stimulus: Stimulus, repeat: int = 0) -> Floats:
        """[K]: the probability of each answer to the item."""
        character = self.character
        looks = stimulus.looks_like(character.classes)
        rows = [character.row(Glance(stimulus.item, seen, repeat)) for seen in range(character.classes)]
        return np.asarray(looks @ np.array(rows))

    def answer(self, stimulus: Stimulus, repeat: int = 0) -> Answer:
        """Judge the item. The same seed, name, item and `repeat` give the same answer, whatever was judged between."""
        draw = random.Random(f"{self.seed}/{self.name}/{stimulus.item}/{repeat}")
        seen = _pick(stimulus.looks_like(self.character.classes), draw.random())
        choice = _pick(self.character.row(Glance(stimulus.item, seen, repeat)), draw.random())
        return Answer(choice, self._seconds(stimulus.seconds, draw.random()))

    def _seconds(self, typical: float, uniform: float) -> float:
        deviate = _NORMAL.inv_cdf(min(max(uniform, 1e-9), 1 - 1e-9))
        return min(LONGEST, typical * self.character.pace * math.exp(self.character.spread * deviate))


def _pick(probabilities: Floats, uniform: float) -> int:
    """The class in whose part of [0, 1) `uniform` lies."""
    bounds: Sequence[float] = list(accumulate(probabilities.tolist()))
    return min(bisect_right(bounds, uniform * bounds[-1]), len(bounds) - 1)

"""choices: any number of classes out of several.

The answer is a list of classes' values, in the order of the settings. Two answers are as far apart as the sets are by
Jaccard, or by MASI (Passonneau 2006), which counts a subset as nearer than an overlap. Several answers become one class
by class, each with its own errors per annotator.

    >>> topics = Choices(classes=(Class("art"), Class("law"), Class("none")), alone=("none",))
    >>> topics.canonical(["law", "art"])
    ['art', 'law']
    >>> topics.validate(["none", "law"])
    Traceback (most recent call last):
    goldwork.errors.AnswerError: 'none' stands alone: choose it without others. Got ['none', 'law'].
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.classes import Class, check_classes, listed, options, says_unsure
from goldwork.tasks.edits import edited
from goldwork.tasks.form import Form, Toggles
from goldwork.tasks.traps import MIRRORED, Trap, class_opposites, names_sides, pictures


@task_type("choices")
class Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="choices"):
    """Settings: the classes; how many may be chosen, `low` to `high` (0: all); those that stand `alone`."""

    classes: tuple[Class, ...]
    low: int = 0
    high: int = 0
    alone: tuple[str, ...] = ()
    measure: Literal["jaccard", "masi"] = "jaccard"
    unsure: bool = False

    kind: ClassVar[str] = "sets"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "sets-two-coin"

    def __post_init__(self) -> None:
        check_classes(self.classes, "a choice of several")
        most = self.high or len(self.classes)
        if not 0 <= self.low <= most <= len(self.classes):
            raise InputError(
                f"low and high must be 0 <= low <= high <= {len(self.classes)}, the number of classes; high 0 is all. "
                f"Got {self.low} and {self.high}."
            )
        if unknown := [value for value in self.alone if value not in self._values()]:
            raise InputError(f"alone: there is no class {unknown[0]!r}.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if self.unsure and says_unsure(answer):
            return
        values = self._values()
        if not isinstance(answer, list):
            raise AnswerError(f"must be a list of some of {listed(values)}. Got {answer!r}.")
        for value in answer:
            if not isinstance(value, str) or value not in values:
                raise AnswerError(f"each must be one of {listed(values)}. Got {value!r}.")
        if len(set(answer)) < len(answer):
            raise AnswerError(f"a class may be chosen once. Got {answer!r}.")
        alone = [value for value in answer if value in self.alone]
        if alone and len(answer) > 1:
            raise AnswerError(f"{alone[0]!r} stands alone: choose it without others. Got {answer!r}.")
        if len(answer) < self.low and not alone:
            raise AnswerError(f"choose {self.low} or more. Got {len(answer)}.")
        if len(answer) > (self.high or len(values)):
            raise AnswerError(f"choose {self.high} at most. Got {len(answer)}.")

    def canonical(self, answer: Any) -> Any:
        return answer if isinstance(answer, dict) else [value for value in self._values() if value in answer]

    def value(self, answer: Any) -> list[str] | None:
        return answer if isinstance(answer, list) else None

    def distance(self, first: list[str], second: list[str]) -> float:
        return distance.get(self.measure)(first, second)

    def form(self) -> Form:
        toggles = Toggles(options(self.classes), self.low, self.high, self.alone, unsure=self.unsure)
        return Form(primitives=(toggles,))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """The picture in a mirror, where that makes a left one a right one; else a change to a text."""
        return edited(item, seed, self._mirrored(item, answer))

    def _mirrored(self, item: Shown, answer: Any) -> list[Trap]:
        shown, other = pictures(item), class_opposites(self.classes)
        if not shown or names_sides(item) or other is None or not isinstance(answer, list):
            return []
        new = self.canonical([other[value] for value in answer])
        return [] if new == answer else [Trap(MIRRORED, new, mirrored=shown)]

    def _values(self) -> list[str]:
        return [item.value for item in self.classes]

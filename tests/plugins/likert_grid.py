"""likert-grid: how far one agrees with each of several statements.

What somebody else's package looks like: this one file, and an entry point `likert-grid` in the group
`goldwork.task_type`. The answer is an object with a place on the scale for each statement. Two answers are as far apart
as their places are, in the mean over the statements.

    >>> grid = LikertGrid(statements=(Statement("clear"), Statement("kind")))
    >>> grid.distance({"clear": "agree", "kind": "agree"}, {"clear": "disagree", "kind": "agree"})
    0.5
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown
from goldwork.tasks.form import Form, Grid, Option


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One statement. Empty `words`: its name is read."""

    name: str
    words: str = ""


class LikertGrid(msgspec.Struct, frozen=True, tag="likert-grid"):
    """Several statements marked on one scale.

    - `statements`: what is marked, one row each
    - `scale`: the places, from one end to the other
    """

    statements: tuple[Statement, ...]
    scale: tuple[str, ...] = ("disagree", "undecided", "agree")

    kind: ClassVar[str] = "any"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "medoid"

    def __post_init__(self) -> None:
        names = [statement.name for statement in self.statements]
        if not names or len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise InputError(f"a grid needs statements with names that differ. Got {names}.")
        if len(self.scale) < 2 or len(set(self.scale)) < len(self.scale):
            raise InputError(f"a scale needs two places or more that differ. Got {list(self.scale)}.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        names = {statement.name for statement in self.statements}
        if not isinstance(answer, dict) or set(answer) != names:
            raise AnswerError(f"must be an object with {', '.join(sorted(names))}. Got {repr(answer)[:80]}.")
        for name, place in answer.items():
            if not isinstance(place, str) or place not in self.scale:
                raise AnswerError(f"{name}: must be one of {', '.join(self.scale)}. Got {repr(place)[:80]}.")

    def canonical(self, answer: Any) -> Any:
        return {name: answer[name] for name in sorted(answer)}

    def value(self, answer: Any) -> Any:
        return answer

    def distance(self, first: Any, second: Any) -> float:
        steps = [abs(self.scale.index(first[name]) - self.scale.index(second[name])) for name in first]
        return sum(steps) / (len(steps) * (len(self.scale) - 1))

    def form(self) -> Form:
        rows = tuple(Option(one.name, one.words or one.name) for one in self.statements)
        return Form((Grid(rows, tuple(Option(place, place) for place in self.scale)),))

"""choice: one class out of several, which may be nested.

The answer is the class's value. Two answers are equal or not, so agreement is nominal; where classes are nested,
answers are the nearer the more of their paths they share. Several answers become one by Dawid-Skene.

    >>> sentiment = Choice(classes=(Class("pos", "Positive"), Class("neg", "Negative")))
    >>> sentiment.distance("pos", "neg")
    1.0
    >>> [option.key for option in sentiment.form().primitives[0].options]
    ['1', '2']
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from goldwork.errors import AnswerError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.classes import Class, check_classes, listed, options, path, says_unsure
from goldwork.tasks.edits import edited
from goldwork.tasks.form import Form, Keys
from goldwork.tasks.traps import MIRRORED, Trap, class_opposites, names_sides, pictures


@task_type("choice")
class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="choice"):
    """Settings: the classes, in the order in which they are shown.

    - `unsure`: one may answer that one cannot tell, and why; that is no judgement
    - `inner`: classes that hold others may be chosen too
    """

    classes: tuple[Class, ...]
    unsure: bool = False
    inner: bool = False

    kind: ClassVar[str] = "choice"
    consensus: ClassVar[str] = "dawid-skene"

    def __post_init__(self) -> None:
        check_classes(self.classes, "a choice")

    @property
    def level(self) -> str:
        return "distance" if any(item.parent for item in self.classes) else "nominal"

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if self.unsure and says_unsure(answer):
            return
        if not isinstance(answer, str) or answer not in self._values():
            raise AnswerError(f"must be one of {listed(self._values())}. Got {answer!r}.")

    def canonical(self, answer: Any) -> Any:
        return answer

    def value(self, answer: Any) -> str | None:
        return answer if isinstance(answer, str) else None

    def distance(self, first: str, second: str) -> float:
        """The Jaccard distance of the two paths: 1 for classes that share nothing."""
        one, two = set(path(first, self.classes)), set(path(second, self.classes))
        return len(one ^ two) / len(one | two)

    def form(self) -> Form:
        return Form(primitives=(Keys(options(self.classes, headings=not self.inner), unsure=self.unsure),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """The picture in a mirror, where that makes a left one a right one; else a change to a text."""
        return edited(item, seed, self._mirrored(item, answer))

    def _mirrored(self, item: Shown, answer: Any) -> list[Trap]:
        shown, other = pictures(item), class_opposites(self.classes) or {}
        if not shown or names_sides(item) or not isinstance(answer, str) or other.get(answer, answer) == answer:
            return []
        return [Trap(MIRRORED, other[answer], mirrored=shown)]

    def _values(self) -> list[str]:
        holders = set() if self.inner else {item.parent for item in self.classes}
        return [item.value for item in self.classes if item.value not in holders]

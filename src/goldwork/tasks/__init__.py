"""Task types: the kinds of question goldwork can ask. One file each.

A task type is a frozen `msgspec.Struct` whose fields are its settings and whose methods say everything that the
rest of the house needs. Nothing else in goldwork knows what an answer looks like.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from goldwork.registry import Registry
from goldwork.tasks.form import Form

Answer = Any
"""A JSON value: what an annotator answered to one question."""


@runtime_checkable
class TaskType(Protocol):
    """What a task type offers. An instance is one configured question; the class is what is registered."""

    level: ClassVar[str]
    """`nominal`, `ordinal`, `interval` or `ratio` where answers lie on a scale; `distance` otherwise."""

    consensus: ClassVar[str]
    """The consensus method used when nobody chose one."""

    def validate(self, answer: Answer) -> None:
        """Raise AnswerError, with value and mend, unless `answer` fits these settings."""

    def canonical(self, answer: Answer) -> Answer:
        """The one JSON value that stands for every way of writing a valid `answer`."""

    def distance(self, first: Answer, second: Answer) -> float:
        """How far apart two canonical answers are: a symmetric number in [0, 1], 0 exactly when they are equal."""

    def form(self) -> Form:
        """How the question is asked: primitives that the front end draws."""

    def perturb(self, answer: Answer, seed: int) -> Answer | None:
        """A plausible wrong answer for traps and attack tests, or None where there is none."""


task_type: Registry[type[TaskType]] = Registry("task_type", __name__)

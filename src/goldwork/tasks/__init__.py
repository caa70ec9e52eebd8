"""Task types: the kinds of question goldwork can ask. One file each.

A task type is a frozen `msgspec.Struct` whose fields are its settings and whose methods say everything that the
rest of the house needs. Nothing else in goldwork knows what an answer looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from goldwork.registry import Registry
from goldwork.tasks.form import Form

Answer = Any
"""A JSON value: what an annotator answered to one question."""

Shown = Mapping[str, Any]
"""What is shown of an item, by field: its text, or for an image `{"width": 640, "height": 480}` in pixels."""

NOTHING: Shown = MappingProxyType({})
"""Nothing is known of the item: what depends on it is not checked."""


@runtime_checkable
class TaskType(Protocol):
    """What a task type offers. An instance is one configured question; the class is what is registered.

    One that makes traps of items has a `perturb` too (`goldwork.tasks.traps`).
    """

    @property
    def kind(self) -> str:
        """What values are, in the words of consensus methods: choice, numbers, sets, comparisons, rankings, spans,
        boxes, text or any."""

    @property
    def level(self) -> str:
        """`nominal`, `ordinal`, `interval` or `ratio` where values lie on a scale; `distance` otherwise."""

    @property
    def consensus(self) -> str:
        """The consensus method used when nobody chose one."""

    def validate(self, answer: Answer, item: Shown = NOTHING) -> None:
        """Raise AnswerError, with value and mend, unless `answer` fits these settings and the item."""

    def canonical(self, answer: Answer) -> Answer:
        """The one JSON value that stands for every way of writing a valid `answer`."""

    def value(self, answer: Answer) -> Any:
        """What the long table holds of a canonical answer: what is compared and merged, without what is only said
        beside it. None: it is no judgement ("cannot tell")."""

    def distance(self, first: Any, second: Any) -> float:
        """How far apart two values are: a symmetric number in [0, 1], 0 exactly when they are equal."""

    def form(self) -> Form:
        """How the question is asked: primitives that the front end draws."""


task_type: Registry[type[TaskType]] = Registry("task_type", __name__)

"""What formats share that hold nothing but boxes, or nothing but spans: the form, the task and the answers of a file.

Such formats name nothing: what they hold comes back as the question `boxes` about the field `image`, or `spans` about
`text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example
from goldwork.io.exchange.image_size import size_fields
from goldwork.tasks import NOTHING, Shown
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.classes import Class
from goldwork.tasks.form import Attribute
from goldwork.tasks.spans import Spans

Drawn = TypeVar("Drawn", Boxes, Spans)
TITLES = {"boxes": "Draw a box around every object.", "spans": "Mark the passages."}
FIELDS = {"boxes": ("image", "image"), "spans": ("text", "text")}
"""The field of what is read, and how it is shown."""
MOST_SAID = 500
"""Characters of an error."""


def form_of(
    kind: str, classes: Iterable[Class], attributes: Iterable[Attribute] = (), *, overlap: bool = False
) -> dict[str, Any]:
    """The form that asks for boxes or spans of these classes."""
    name, show = FIELDS[kind]
    task: dict[str, Any] = {"type": kind, "field": name} | ({"overlap": True} if overlap else {})
    task["classes"] = [{"value": item.value} | ({"parent": item.parent} if item.parent else {}) for item in classes]
    if said := [{"name": one.name, "options": list(one.options)} for one in attributes]:
        task["attributes"] = said
    return {
        "fields": [{"name": name, "show": show}],
        "questions": [{"name": kind, "title": TITLES[kind], "task": task}],
    }


def drawing(kind: type[Drawn], classes: Sequence[Class], where: str, **more: Any) -> Drawn:
    """The task that what is read answers. Raises InputError, with the place, where its classes cannot be."""
    try:
        return kind(FIELDS[kind.kind][0], tuple(classes), **more)
    except InputError as error:
        raise InputError(_short(error.message), where=where) from None


def fitting(task: Boxes | Spans, answer: Any, where: str, item: Shown = NOTHING) -> Any:
    """The canonical answer. Raises InputError, with the place, where it does not fit."""
    try:
        task.validate(answer, item)
    except AnswerError as error:
        raise InputError(_short(error.message), where=where) from None
    return task.canonical(answer)


def fitting_each(task: Boxes, boxes: Sequence[dict[str, Any]], place: Callable[[int], str], where: str) -> Any:
    """The canonical answer of boxes. Raises InputError, with the place of the first box that does not fit."""
    try:
        task.validate(list(boxes))
    except AnswerError:
        for number, box in enumerate(boxes):
            fitting(task, [box], place(number))
    return fitting(task, list(boxes), where)


def _short(message: str) -> str:
    """What others say, which may quote a value in full."""
    return message if len(message) <= MOST_SAID else message[:MOST_SAID] + " …"


def answered(kind: str, answer: Any) -> tuple[Answered, ...]:
    """What is read of an answer; nothing where there is none."""
    return () if answer is None else (Answered({kind: answer}),)


def image_fields(name: str, width: float | None, height: float | None) -> dict[str, Any]:
    """The fields of an item that is an image, its size among them where it is known."""
    return {"image": name} | (size_fields((width, height)) if width and height else {})


def once(examples: Iterable[Example]) -> Iterator[Example]:
    """The examples. Raises InputError where an identifier stands twice."""
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise InputError("it stands twice. Every item needs an identifier of its own.", where=f"item {example.id}")
        seen.add(example.id)
        yield example

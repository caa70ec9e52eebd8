"""What formats share that hold one question's one answer about an item: which question, which answer, what is left out.

Such formats name nothing: what they hold comes back as the question `boxes` about the field `image`, or `spans` about
`text`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example
from goldwork.tasks import NOTHING, Shown
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.classes import Class
from goldwork.tasks.form import Attribute
from goldwork.tasks.questions import ProjectForm
from goldwork.tasks.spans import Spans

Drawn = TypeVar("Drawn", Boxes, Spans)
TITLES = {"boxes": "Draw a box around every object.", "spans": "Mark the passages."}
FIELDS = {"boxes": ("image", "image"), "spans": ("text", "text")}
"""The field of what is read, and how it is shown."""
SIZE = ("image_width", "image_height")
"""Fields of an item that say how large its image is, in pixels: some formats hold it, and YOLO cannot do without."""
MOST_SAID = 500
"""Characters of an error."""
WITHOUT_ANSWER = "An item without an answer is left out: it would come back as one that has nothing to be marked."


@dataclasses.dataclass(frozen=True)
class Held(Generic[Drawn]):
    """The question of a form that a format holds."""

    question: str
    task: Drawn
    kind: str

    def answer(self, example: Example, item: Shown = NOTHING) -> Any:
        """The item's canonical answer, None where there is none. Raises InputError where it does not fit, or there are
        several."""
        answers = [
            answered.answers[self.question] for answered in example.answered if self.question in answered.answers
        ]
        where = f"item {example.id}, question {self.question}"
        if len(answers) > 1:
            raise InputError(
                f"{len(answers)} answers, and this format holds one about an item. Write the consensus.", where=where
            )
        return fitting(self.task, answers[0], where, item) if answers else None

    def field(self, example: Example) -> str:
        """The text, or the name of the image."""
        value = example.fields.get(self.task.field)
        if not isinstance(value, str):
            raise InputError(
                f"a text or a file's name is needed. Got {repr(value)[:60]}.",
                where=f"item {example.id}, field {self.task.field}",
            )
        return value


def held(form: ProjectForm, task: type[Drawn]) -> Held[Drawn]:
    """The first question of the kind. Raises InputError where there is none."""
    kind = task.kind
    for question in form.questions:
        if isinstance(question.task, task):
            return Held(question.name, question.task, kind)
    raise InputError(f"this format holds {kind} only, and no question of the project asks for them. Choose another.")


def losses(form: ProjectForm, holds: Held[Any], *, parents: bool = False, unused: bool = True) -> list[str]:
    """What every format of this kind loses. `parents`: it holds what classes stand under; `unused`: also the classes
    that no answer has."""
    task: Boxes | Spans = holds.task
    said = ["It holds one answer about an item, and not who gave it, when, and how long it took."]
    if others := [question.name for question in form.questions if question.name != holds.question]:
        said.append(f"It holds the question {holds.question!r} only, without: {', '.join(others)}.")
    kept = {task.field, *SIZE} if holds.kind == "boxes" else {task.field}
    if not form.fields or any(field.name not in kept for field in form.fields):
        said.append(f"Of an item's fields it holds {task.field!r} only.")
    if (holds.question, task.field) != (holds.kind, FIELDS[holds.kind][0]):
        said.append(f"Names are not held: the question comes back as {holds.kind!r} about {FIELDS[holds.kind][0]!r}.")
    said.append("Titles and helps of the form are not held.")
    if task.low:
        said.append(f"That at least {task.low} are needed is not held.")
    if any(item.label or item.key or item.color or item.help for item in task.classes):
        said.append("Classes are held by their values, without what is read, keys, colours and helps.")
    if not parents and any(item.parent for item in task.classes):
        said.append("What classes stand under is not held.")
    if not unused:
        said.append("Classes that no answer has are not held, nor is the classes' order.")
    return said


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


def size(example: Example) -> tuple[int, int] | None:
    """Width and height of the item's image in pixels, where its fields say them. Raises InputError for what is none."""
    said = [example.fields.get(name) for name in SIZE]
    if said == [None, None]:
        return None
    width, height = (int(one) if isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 8 else one
                     for one in said)  # fmt: skip
    for name, number in zip(SIZE, (width, height), strict=True):
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 10**7:
            raise InputError(
                f"a whole number of pixels is needed. Got {number!r}.", where=f"item {example.id}, field {name}"
            )
    return width, height  # type: ignore[return-value]


def image_fields(name: str, width: float | None, height: float | None) -> dict[str, Any]:
    """The fields of an item that is an image, its size among them where it is known."""
    fields: dict[str, Any] = {"image": name}
    if width and height and min(width, height) >= 1:
        fields |= {SIZE[0]: str(int(width)), SIZE[1]: str(int(height))}
    return fields


def once(examples: Iterable[Example]) -> Iterator[Example]:
    """The examples. Raises InputError where an identifier stands twice."""
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise InputError("it stands twice. Every item needs an identifier of its own.", where=f"item {example.id}")
        seen.add(example.id)
        yield example

"""Which of a project's questions a format can hold, and in sentences what it loses.

Formats that hold several questions, or several annotators' answers, ask `held` and `general`; those that hold one
question's one answer about an item, boxes or spans, ask `held_one` and `losses`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Generic

from goldwork.errors import InputError
from goldwork.io.exchange import Example
from goldwork.io.exchange.drawn import FIELDS, Drawn, fitting
from goldwork.io.exchange.image_size import SIZE
from goldwork.tasks import NOTHING, Shown
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.questions import ProjectForm, Question
from goldwork.tasks.spans import Spans

ALWAYS = (
    "Titles, help, keys, colours and limits, and classes that nobody chose are not in it: reading it back makes a form "
    "of the answers."
)
SINGLE = "where nobody chose several, reading it back makes a choice of one."
WITHOUT_ANSWER = "An item without an answer is left out: it would come back as one that has nothing to be marked."

Unheld = Callable[[Any], str]
"""Why a task cannot be held; empty where it can."""


def held(form: ProjectForm, unheld: Unheld, *, one_of_each: bool = False) -> list[Question]:
    """The questions that can be held, with `one_of_each` the first of each type only. Raises InputError for none."""
    kept: list[Question] = []
    for question in form.questions:
        again = one_of_each and type(question.task) in {type(other.task) for other in kept}
        if not unheld(question.task) and not again:
            kept.append(question)
    if not kept:
        why = "; ".join(f"{question.name}: {unheld(question.task)}" for question in form.questions)
        raise InputError(f"it can hold none of the questions ({why}). Choose another format.")
    return kept


def general(form: ProjectForm, kept: list[Question], unheld: Unheld) -> list[str]:
    """What every one of these formats loses."""
    lost = [ALWAYS]
    for question in form.questions:
        if question not in kept:
            why = unheld(question.task) or "it holds one question of each kind"
            lost.append(f"Question {question.name} is left out: {why}.")
        elif getattr(question.task, "unsure", False):
            lost.append(f"Question {question.name}: that one cannot tell is left out.")
    return lost


def unsure(answer: Any) -> bool:
    """Whether an answer is that one cannot tell."""
    return isinstance(answer, dict) and "cannot_tell" in answer


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


def held_one(form: ProjectForm, task: type[Drawn]) -> Held[Drawn]:
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

"""What a format can hold of a project, said in sentences: shared by those that hold answers and no questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goldwork.errors import InputError
from goldwork.io.exchange import Example
from goldwork.tasks.questions import ProjectForm, Question

ALWAYS = (
    "Titles, help, keys, colours and limits, and classes that nobody chose are not in it: reading it back makes a form "
    "of the answers."
)
SIZE = ("image_width", "image_height")
"""Fields of an item that say how large its image is, in pixels."""
SINGLE = "where nobody chose several, reading it back makes a choice of one."

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


def image_size(example: Example) -> tuple[float, float] | None:
    """Width and height of the item's image in pixels, where its fields say them. Raises InputError for what is none."""
    said = [example.fields.get(name) for name in SIZE]
    if said == [None, None]:
        return None
    numbers = [
        int(one) if isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 8 else 0 for one in said
    ]
    if not all(numbers):
        raise InputError(f"whole numbers of pixels are needed in {' and '.join(SIZE)}. Got {said}.")
    return numbers[0], numbers[1]


def size_fields(sizes: dict[str, tuple[float, float]]) -> dict[str, str]:
    """The fields that say how large an item's image is, by the sizes of its image fields; none for several images."""
    return (
        dict(zip(SIZE, (str(round(side)) for size in sizes.values() for side in size), strict=True))
        if len(sizes) == 1
        else {}
    )

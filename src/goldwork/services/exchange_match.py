"""How a file of another tool fits a project: which of its questions and fields are which of the project's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange
from goldwork.io.exchange.image_size import SIZE
from goldwork.tasks.questions import ProjectForm, read_form

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
PSEUDONYM = "annotator"
GOLD = "answers marked as known beforehand are left out"


class Match(msgspec.Struct, frozen=True):
    """`fields`: the file's by the project's; `questions`: the project's by the file's. `left`: what is in neither."""

    fields: dict[str, str]
    questions: dict[str, str]
    left: tuple[str, ...] = ()

    def item(self, example: Example) -> dict[str, Any]:
        """The item's fields, called as the project calls them."""
        return {ours: example.fields.get(theirs, "") for ours, theirs in self.fields.items()}

    def answers(self, answered: Answered) -> dict[str, Any]:
        """The answers by the project's questions. An empty text is none."""
        renamed = ((self.questions.get(name), answer) for name, answer in answered.answers.items())
        return {name: answer for name, answer in renamed if name is not None and answer != ""}


def match(ours: ProjectForm, theirs: ProjectForm) -> Match:
    """Which is which: by names, and where one is left on either side, that. Raises InputError for what is missing."""
    named = {question.name: question for question in theirs.questions}
    questions = {question.name: question.name for question in ours.questions if question.name in named}
    missing = [question for question in ours.questions if question.name not in named]
    free = [name for name in named if name not in questions]
    if len(missing) == len(free) == 1:
        questions[free.pop()] = missing.pop().name
    if needed := [question.name for question in missing if not question.optional]:
        listed = ", ".join(named)
        raise InputError(f"question {needed[0]!r} of the project is not in the file, which answers: {listed}.")
    shown = [field.name for field in theirs.fields]
    wanted = [field.name for field in ours.fields] or shown
    fields = {name: name for name in wanted if name in shown or name in SIZE}
    absent = [name for name in wanted if name not in fields]
    spare = [name for name in shown if name not in fields.values()]
    if len(absent) == len(spare) == 1:
        fields[absent.pop()] = spare.pop()
    if absent:
        raise InputError(f"field {absent[0]!r} of the project is not in the file, which has: {', '.join(shown)}.")
    left = [f"Question {name} of the file is not in the project, and is left out." for name in free]
    left += [f"Field {name} of the file is not in the project, and is left out." for name in spare]
    return Match(fields, questions, tuple(left))


class Names:
    """What annotators are called: `annotator 1` and so on in the order they come, or as the file has them.

    What looks like an e-mail address is never kept.
    """

    def __init__(self, *, keep: bool, first: int = 1) -> None:
        self._keep, self._next = keep, first
        self._made: dict[str, str] = {}

    def of(self, name: str) -> str:
        """What the annotator is called."""
        if name not in self._made:
            kept = self._keep and name.strip() and not ADDRESS.search(name)
            self._made[name] = name.strip() if kept else self._invent()
        return self._made[name]

    def of_model(self, name: str) -> str:
        """What a model is called: as the file has it, and never as a person."""
        return f"model {'' if ADDRESS.search(name) else name.strip()}".strip()

    def _invent(self) -> str:
        self._next += 1
        return f"{PSEUDONYM} {self._next - 1}"

    def __len__(self) -> int:
        return len(self._made)


class Found(msgspec.Struct, frozen=True):
    """What a file of another tool holds: people's answers and models' predictions. `form`: the questions that it
    answers, as `read_form` takes them.

    `fits`: why it cannot come into the project as that is; empty where it can. `left`: what would be left out.
    """

    format: str
    items: int
    answers: int
    annotators: int
    predictions: int
    form: dict[str, Any]
    fits: str
    left: list[str]


def inspect(path: Path, name: str, ours: ProjectForm | None = None) -> Found:
    """Read all of it. Raises InputError where it cannot be read."""
    format_ = exchange.get(name)
    form = format_.form(path)
    items = answers = predictions = 0
    people: set[str] = set()
    other: Counter[str] = Counter()
    for example in format_.read(path):
        items += 1
        for answered in example.answered:
            if answered.kind == "human":
                answers += 1
                people.add(answered.annotator)
            elif answered.kind == "model":
                predictions += 1
            else:
                other[GOLD] += 1
    fits, left = "", counted(other)
    if ours is not None:
        try:
            left += match(ours, read_form(form)).left
        except InputError as error:
            fits = error.message
    return Found(name, items, answers, len(people), predictions, form, fits, left)


def counted(left: Mapping[str, int]) -> list[str]:
    """Sentences with how often each is so."""
    return [f"{count:,} {sentence}." for sentence, count in left.items()]
